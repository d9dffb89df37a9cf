//! What the bill of an account decides of a payment: for which bill it is stored, and until when it is due. It is the same
//! whether the statement that stores the payment finds the bill, or it was looked up before.

use billpay::domain::ids::{BillId, BillerId};
use billpay::domain::payment::Payment;
use billpay::ports::ids::Ids;
use billpay::store::{Connect, Created, NewSubmission, Owner, Store, StoreError, ToldBill, WhichBill};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::account_bills::{owner, told};
use crate::coalescer::new_payment;
use crate::support::app::OPERATORS;
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::{TestApp, list, on_both_databases, text};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const SYNC: &str = "mutation { syncBillers(input: {}) { added errors { code } } }";
const LOOK_UP: &str = "query ($biller: ID!, $account: String!) {
    billLookup(billerId: $biller, accountReference: $account) { bills { id } } }";
const SAVE: &str = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) {
    billNumber { id } errors { code } } }";
const CREATE: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
    replayed payment { id dueDate } errors { code } } }";
const READ: &str = "query ($id: ID!) { payment(by: { id: $id }) { dueDate allocations { bill { id } } } }";

const ACCOUNT: &str = "9000000";
/// When the bill is due, when the bill number says so, and when the payer does.
const BILLS_DAY: &str = "2027-03-01";
const KEPT_DAY: &str = "2027-03-02";
const PAYERS_DAY: &str = "2027-03-03";

/// A payment of a target: when it is said to be due, after it was found that the same is stored, and for which bill.
async fn pay(client: &Client, target: &Value, due: Option<&str>, keeps: bool) -> (Value, Value) {
    let mut input = payment_input("", "", "15");
    input["target"] = target.clone();
    input["wait"] = json!("RECORDED");
    input["evenIfBeingPaid"] = json!(true);
    input["saveBillNumber"] = json!(keeps);
    input["dueDate"] = json!(due);
    let made = client.data(CREATE, json!({ "input": input })).await["createPayment"].take();
    assert_eq!((&made["errors"], &made["replayed"]), (&json!([]), &json!(false)), "{made}");
    let again = client.data(CREATE, json!({ "input": input })).await["createPayment"].take();
    assert_eq!((&again["payment"], &again["replayed"]), (&made["payment"], &json!(true)), "{again}");
    let stored = client.data(READ, json!({ "id": made["payment"]["id"] })).await["payment"].take();
    assert_eq!(stored["dueDate"], made["payment"]["dueDate"], "what is told is what is stored");
    (made["payment"]["dueDate"].clone(), stored["allocations"][0]["bill"]["id"].clone())
}

on_both_databases! {
    with [IDLE]
    async fn a_payment_is_due_when_its_bill_is_unless_its_payer_says_when(app: TestApp) {
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let found = client.data(LOOK_UP, json!({ "biller": biller, "account": ACCOUNT })).await;
        let bill = json!(text(&list(&found, "/billLookup/bills")[0], "/id"));
        let input = json!({ "billerId": biller, "accountReference": ACCOUNT });
        let saved = client.data(SAVE, json!({ "input": input })).await;
        let number = json!({ "billNumberId": text(&saved, "/saveBillNumber/billNumber/id") });
        let account = json!({ "account": input });
        app.execute(&format!("UPDATE bill_numbers SET due_date = '{KEPT_DAY}'")).await;
        for (sql, bills_day, bill) in [
            (format!("due_date = '{BILLS_DAY}'"), Some(BILLS_DAY), &bill),
            ("due_date = NULL".to_owned(), None, &bill),
            (format!("due_date = '{BILLS_DAY}', amount_due_minor = 0"), None, &Value::Null),
        ] {
            app.execute(&format!("UPDATE bills SET {sql}")).await;
            for keeps in [false, true] {
                let case = format!("{sql}, {keeps}");
                let told = pay(&client, &account, None, keeps).await;
                assert_eq!(told, (json!(bills_day), bill.clone()), "account, {case}");
                let told = pay(&client, &number, None, keeps).await;
                assert_eq!(told, (json!(bills_day.unwrap_or(KEPT_DAY)), bill.clone()), "number, {case}");
                for target in [&account, &number] {
                    let told = pay(&client, target, Some(PAYERS_DAY), keeps).await;
                    assert_eq!(told, (json!(PAYERS_DAY), bill.clone()), "{target}, {case}");
                }
            }
        }
    }
}

/// What was said of a payment before its bill was looked for.
const SAID: Date = date(2027, 4, 1);

/// A payment of an account for its owner, and what is to become of it.
struct Case {
    new: NewSubmission,
    owner: Owner,
    expected: (Option<BillId>, Option<Date>),
}

/// Which accounts have which bills: one that is owed, one that is paid, one that has another name, and none.
const ACCOUNTS: [(&str, Option<(&str, i64)>); 4] = [
    ("7000001", Some(("", 1_500))),
    ("7000002", Some(("", 0))),
    ("7000003", Some(("a listed bill", 1_500))),
    ("7000004", None),
];

/// All that a batch may hold: payments of each owner's accounts, by whichever bill, plain and not.
async fn all_cases(app: &TestApp, store: &Store) -> Vec<Case> {
    let ids = Ids::from_system(app.clock().clone());
    let biller: BillerId = new_payment(app.clock(), "", "", 1).payments[0].payment.biller_id;
    let owners = [owner("acme", None), owner("acme", Some("c")), owner("acme", Some("C")), owner("umbrella", None)];
    let mut cases = Vec::new();
    for (place, owner) in (1..).zip(&owners) {
        for (account, has) in ACCOUNTS {
            let due = date(2027, 5, place);
            let mut bill = None;
            if let Some((reference, amount)) = has {
                let told = ToldBill { due_date: Some(due), ..told(&ids, biller, account, reference, amount) };
                let id = store.tell_bill(owner, &told).await.expect("told").id;
                bill = Some(id).filter(|_| reference.is_empty() && amount > 0);
            }
            for (which, expected) in [
                (WhichBill::OfAccount { gives_due_date: true }, (bill, bill.map(|_| due).or(Some(SAID)))),
                (WhichBill::OfAccount { gives_due_date: false }, (bill, Some(SAID))),
                (WhichBill::Allocated, (None, Some(SAID))),
            ] {
                for is_plain in [true, false] {
                    cases.push(Case {
                        new: case(app, owner, account, which, is_plain),
                        owner: owner.clone(),
                        expected,
                    });
                }
            }
        }
    }
    cases
}

/// What is not plain no database stores at once.
fn case(app: &TestApp, owner: &Owner, account: &str, which: WhichBill, is_plain: bool) -> NewSubmission {
    let mut new = new_payment(app.clock(), &new_key(), account, 1_500);
    new.submission.tenant = owner.tenant.clone();
    let payment = &mut new.payments[0];
    payment.bill = which;
    payment.takes_claim = false;
    payment.payment = Payment {
        tenant: owner.tenant.clone(),
        customer: owner.customer.clone(),
        due_date: Some(SAID),
        account_holder_name: Some("Irina Muthoni".to_owned()).filter(|_| !is_plain),
        ..payment.payment.clone()
    };
    new
}

/// Each was stored for the bill of its own owner's account, and told as it was stored.
async fn assert_stored(store: &Store, cases: &[Case], outcomes: &[Result<Created, StoreError>]) {
    let ids: Vec<_> = cases.iter().map(|case| case.new.payments[0].payment.id).collect();
    let uuids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let parts = store.allocations(&uuids).await.expect("the parts");
    assert_eq!(outcomes.len(), cases.len());
    for ((case, outcome), id) in cases.iter().zip(outcomes).zip(ids) {
        let said = format!("{:?} of {:?}", case.new.payments[0].payment.account_reference, case.owner);
        let stored = store.payment(&case.owner, id).await.expect("read").expect("a payment");
        assert_eq!((parts[&id.uuid()][0].bill_id, stored.due_date), case.expected, "{said}");
        assert!(
            matches!(outcome, Ok(Created::Stored(told)) if told.due_date == stored.due_date),
            "{said}: {outcome:?}"
        );
    }
}

on_both_databases! {
    with [IDLE]
    async fn each_of_a_batch_is_stored_for_its_own_bill_in_whichever_way(app: TestApp) {
        let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
        let connect = Connect { url, max_connections: 4, clock: app.clock().clone() };
        let store = Store::open(&connect).await.expect("the database of the server");
        let cases = all_cases(&app, &store).await;
        let batch: Vec<_> = cases.iter().map(|case| case.new.clone()).collect();
        let outcomes = store.create(&batch).await;
        assert_stored(&store, &cases, &outcomes).await;
        // By itself.
        let alone = all_cases(&app, &store).await;
        let mut outcomes = Vec::new();
        for case in &alone {
            outcomes.extend(store.create(std::slice::from_ref(&case.new)).await);
        }
        assert_stored(&store, &alone, &outcomes).await;
    }
}

on_both_databases! {
    with [IDLE]
    async fn what_the_database_refuses_of_one_leaves_its_neighbours_their_bills(app: TestApp) {
        let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
        let connect = Connect { url, max_connections: 2, clock: app.clock().clone() };
        let store = Store::open(&connect).await.expect("the database of the server");
        let cases = all_cases(&app, &store).await;
        // No amount is nothing, the table says.
        let worthless = new_payment(app.clock(), &new_key(), "7000001", 0);
        let mut batch: Vec<_> = cases.iter().map(|case| case.new.clone()).collect();
        batch.insert(1, worthless);
        let mut outcomes = store.create(&batch).await;
        assert!(outcomes.remove(1).is_err());
        assert_stored(&store, &cases, &outcomes).await;
        // Who has the key finds the payment as it was stored, whatever has become of the bill.
        app.execute("UPDATE bills SET amount_due_minor = 0, due_date = '2030-01-01'").await;
        let mut again = store.create(&batch).await;
        assert!(again.remove(1).is_err());
        for (case, outcome) in cases.iter().zip(again) {
            let Ok(Created::KeyUsed { payment, .. }) = &outcome else { panic!("{outcome:?}") };
            assert_eq!((payment.id, payment.due_date), (case.new.payments[0].payment.id, case.expected.1));
        }
    }
}
