//! The bills of accounts that are to be paid: found for many together, each as if it had been alone.

use billpay::domain::ids::{BillerId, Id};
use billpay::domain::money::Money;
use billpay::domain::requester::{CustomerId, TenantId};
use billpay::ports::ids::Ids;
use billpay::store::{Account, Connect, Owner, Store, ToldBill};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{ALL, OPERATORS, TENANT, USER};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::meter::Meter;
use crate::support::{Db, TestApp, list, on_both_databases, run, text};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const SYNC: &str = "mutation { syncBillers(input: {}) { added errors { code } } }";
const LOOK_UP: &str = "query ($biller: ID!, $account: String!) {
    billLookup(billerId: $biller, accountReference: $account) { bills { id dueDate } } }";
/// Tells for which bill a payment is, by statements of its own.
const CREATE: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
    payment { id dueDate allocations { bill { id } } } errors { code } } }";

/// Tells nothing that is not at hand.
const RECORD: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
    payment { id } errors { code } } }";
/// The process takes as many as come.
const UNLIMITED: [(&str, &str); 2] =
    [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0"), ("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "0")];

/// How many accounts each owner pays. It has looked up every second one.
const ACCOUNTS: usize = 16;
/// How many pay at once where statements are counted.
const AT_ONCE: usize = 64;
/// How many statements that may cost: each payment by itself would be more, and so would each look-up. SQLite writes a
/// batch in portions, table by table.
const FEW_POSTGRES: i64 = 40;
const FEW_SQLITE: i64 = 60;
/// How often they are counted at most. Other work of the process can only add to the figure.
const MOST_READINGS: usize = 20;

/// A payment that is recorded beside whatever else is open for its account. Where its account is kept as well, the bill
/// is looked up before.
async fn create(client: &Client, document: &str, biller: &str, account: &str, keeps: bool) -> Value {
    let mut input = payment_input(biller, account, "15");
    input["wait"] = json!("RECORDED");
    input["saveBillNumber"] = json!(keeps);
    input["evenIfBeingPaid"] = json!(true);
    client.data(document, json!({ "input": input })).await["createPayment"].take()
}

/// The bill that a payment is for, if any, and when it is due.
fn bill_of(payload: &Value) -> (Option<String>, Value) {
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let bill = payload.pointer("/payment/allocations/0/bill/id").and_then(Value::as_str);
    (bill.map(str::to_owned), payload["payment"]["dueDate"].clone())
}

fn account(number: usize) -> String {
    format!("90000{number:02}")
}

/// Two tenants, and customers of theirs.
fn owners(app: &TestApp) -> [Client; 5] {
    let of_customer = |tenant, customer| app.client_with(&app.token_for_customer(tenant, customer, USER));
    [
        app.admin(),
        of_customer(TENANT, "c-1"),
        of_customer(TENANT, "c-2"),
        app.client("umbrella", ALL),
        of_customer("umbrella", "c-1"),
    ]
}

async fn known_bill(client: &Client, biller: &str, number: usize) -> (Option<String>, Value) {
    let data = client.data(LOOK_UP, json!({ "biller": biller, "account": account(number) })).await;
    let bill = &list(&data, "/billLookup/bills")[0];
    (Some(text(bill, "/id").to_owned()), bill["dueDate"].clone())
}

on_both_databases! {
    with [IDLE]
    async fn each_pays_its_own_bill_however_many_pay_at_once(app: TestApp) {
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        let biller = app.admin().biller(KPLC).await;
        let owners = owners(&app);
        let mut expected = Vec::new();
        for (place, owner) in owners.iter().enumerate() {
            for number in 0..ACCOUNTS {
                let is_known = (place + number) % 2 == 0;
                expected.push(if is_known { known_bill(owner, &biller, number).await } else { (None, Value::Null) });
            }
        }
        let (biller, all) = (&biller, (0..ACCOUNTS).flat_map(|number| owners.iter().map(move |owner| (owner, number))));
        let all: Vec<_> = all.collect();
        let together = join_all(all.iter().map(|(owner, number)| async move {
            create(owner, CREATE, biller, &account(*number), number % 4 == 3).await
        }));
        let paid: Vec<_> = together.await.iter().map(bill_of).collect();
        for (turn, bill) in paid.iter().enumerate() {
            let (number, owner) = (turn / owners.len(), turn % owners.len());
            assert_eq!(*bill, expected[owner * ACCOUNTS + number], "owner {owner}, account {number}");
            // Alone it is the same, whether its account is kept or not.
            for keeps in [false, true] {
                if number < 2 {
                    let alone = create(&owners[owner], CREATE, biller, &account(number), keeps).await;
                    assert_eq!(bill_of(&alone), *bill, "owner {owner}, account {number}, keeps {keeps}");
                }
            }
        }
    }
}

pub(crate) fn owner(tenant: &str, customer: Option<&str>) -> Owner {
    Owner {
        tenant: TenantId::try_new(tenant).expect("a tenant"),
        customer: customer.map(|customer| CustomerId::try_new(customer).expect("a customer")),
    }
}

/// What a look-up told of a bill.
pub(crate) fn told(ids: &Ids, biller: BillerId, account: &str, provider_reference: &str, due: i64) -> ToldBill {
    let amount = Money::from_minor(due, "KES".parse().expect("a currency"));
    ToldBill {
        id: ids.next(),
        biller_id: biller,
        account_reference: account.to_owned(),
        provider_reference: provider_reference.to_owned(),
        invoice_number: None,
        description: None,
        amount,
        amount_due: amount,
        amount_paid: amount,
        amount_scheduled: amount,
        due_date: Some(jiff::civil::date(2026, 12, 1)),
    }
}

on_both_databases! {
    with [IDLE]
    async fn what_is_told_together_is_what_is_told_alone(app: TestApp) {
        let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
        let connect = Connect { url, max_connections: 4, clock: app.clock().clone() };
        let store = Store::open(&connect).await.expect("the database of the server");
        let ids = Ids::from_system(app.clock().clone());
        let billers: [BillerId; 2] = [Id::from_uuid(uuid::Uuid::from_u128(1)), Id::from_uuid(uuid::Uuid::from_u128(2))];
        let owners =
            [owner("acme", None), owner("acme", Some("c")), owner("acme", Some("C")), owner("umbrella", None)];
        let references = ["7000001", "7000002", "70000", "", "7000001 ", "'; --", "ünï"];
        // Of every owner some accounts have a bill, some one that is paid, and some none at all; those that lists name
        // are never the account's.
        for (place, owner) in owners.iter().enumerate() {
            for (number, reference) in references.iter().enumerate() {
                let due = [Some(1_500), Some(0), None][(place + number) % 3];
                if let Some(due) = due {
                    store.tell_bill(owner, &told(&ids, billers[place % 2], reference, "", due)).await.expect("told");
                }
                let listed = told(&ids, billers[place % 2], reference, "a listed bill", 1_500);
                store.tell_bill(owner, &listed).await.expect("told");
            }
        }
        let mut asked = Vec::new();
        for reference in references {
            for biller in billers {
                asked.extend(owners.iter().map(|owner| Account {
                    owner: owner.clone(),
                    biller,
                    reference: reference.to_owned(),
                }));
            }
        }
        let mut alone = Vec::new();
        for one in &asked {
            alone.push(store.bill_of_account(one).await.expect("an answer"));
        }
        let together = store.bills_of_accounts(&asked).await;
        let together: Vec<_> = together.into_iter().map(|found| found.expect("an answer")).collect();
        assert_eq!(together, alone);
        // 28 accounts, of which every third has no bill, and every third one on which nothing is owed.
        assert_eq!((asked.len(), alone.iter().flatten().count()), (56, 10));
        assert!(store.bills_of_accounts(&[]).await.is_empty());
    }
}

on_both_databases! {
    with [IDLE]
    async fn many_at_once_cost_few_statements(app: TestApp) {
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        let biller = app.admin().biller(KPLC).await;
        let meter = Meter::start(&app, ALL, &UNLIMITED).await;
        let is_postgres = app.variables()["BILLPAY_DATABASE__URL"].starts_with("postgres");
        let few = if is_postgres { FEW_POSTGRES } else { FEW_SQLITE };
        let mut least = i64::MAX;
        for _ in 0..MOST_READINGS {
            let before = meter.statements().await;
            let payloads = join_all((0..AT_ONCE).map(|number| {
                let (client, biller) = (&meter.client, &biller);
                async move { create(client, RECORD, biller, &format!("95000{number:02}"), false).await }
            }));
            for payload in payloads.await {
                assert_eq!(payload["errors"], json!([]), "{payload}");
            }
            least = least.min(meter.statements().await - before);
            if least <= few {
                break;
            }
        }
        assert!(least <= few, "{AT_ONCE} payments cost {least} statements");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_that_the_database_cannot_tell_leaves_nothing_in_doubt() {
    run(Db::Postgres, &[IDLE], hold_bills).await;
}

async fn hold_bills(app: TestApp) {
    app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    app.execute("BEGIN; LOCK TABLE bills IN ACCESS EXCLUSIVE MODE").await;
    let payloads = join_all((0..8).map(|number| {
        let (client, biller) = (&client, &biller);
        async move { create(client, RECORD, biller, &account(number), number % 2 == 0).await }
    }));
    let payloads = payloads.await;
    app.execute("ROLLBACK").await;
    for payload in payloads {
        assert_eq!(text(&payload, "/errors/0/code"), "OVERLOADED", "{payload}");
        assert!(payload["payment"].is_null(), "{payload}");
    }
    assert_eq!(app.scalar("SELECT count(*) FROM payments").await, 0);
    let bill = bill_of(&create(&client, CREATE, &biller, &account(0), false).await);
    assert_eq!(bill, (None, Value::Null), "it goes on");
}
