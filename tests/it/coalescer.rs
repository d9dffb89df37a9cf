//! Creations that arrive together: stored together, and each answered as if it had been alone.

use std::collections::BTreeMap;

use billpay::domain::ids::{BillerId, PaymentId};
use billpay::domain::money::Money;
use billpay::domain::payment::status::PaymentStatus;
use billpay::domain::payment::submission::{Subject, Submission, Times};
use billpay::domain::payment::{Allocation, DeliverySpeed, Payer, Payment};
use billpay::domain::provider::ProviderCode;
use billpay::domain::requester::TenantId;
use billpay::ports::clock::Clock;
use billpay::ports::ids::Ids;
use billpay::store::{Connect, Created, Lack, NewPayment, NewSubmission, Store, StoreError, WhichBill};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{OPERATORS, TENANT};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::{Db, TestApp, on_both_databases, run, text};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const SYNC: &str = "mutation { syncBillers(input: {}) { added errors { code } } }";
const CREATE: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
    replayed payment { id } errors { code ... on BeingPaidError { payment { id } } } } }";

/// How many creations there are of each kind: two hundred together.
const GOOD: u32 = 80;
const TRIPLETS: u32 = 20;
const RIVALS: u32 = 15;
const WORTHLESS: u32 = 30;
/// How many of them are to be stored.
const STORED: u32 = GOOD + TRIPLETS + RIVALS;

/// What a creation is an example of, and which it is: those that get in each other's way share a number.
type Case = (&'static str, u32);

/// Two hundred creations for accounts from `first` on, those that get in each other's way far apart.
fn creations(biller: &str, first: u32) -> Vec<(Case, Value)> {
    let of_account = |case: Case, number: u32, amount: &str| {
        let mut input = payment_input(biller, &(first + number).to_string(), amount);
        input["wait"] = json!("RECORDED");
        (case, input)
    };
    let mut all: Vec<_> = (0..GOOD).map(|number| of_account(("good", number), number, "15")).collect();
    let triplets = (0..TRIPLETS).map(|number| of_account(("triplet", number), 1_000 + number, "15"));
    let triplets: Vec<_> = triplets.collect();
    for _ in 0..3 {
        all.extend(triplets.iter().cloned());
    }
    for _ in 0..2 {
        all.extend((0..RIVALS).map(|number| of_account(("rival", number), 2_000 + number, "15")));
    }
    all.extend((0..WORTHLESS).map(|number| of_account(("worthless", number), 3_000 + number, "0")));
    all
}

async fn create(client: &Client, input: &Value) -> Value {
    client.data(CREATE, json!({ "input": input })).await["createPayment"].take()
}

/// What a payload says, in a word.
fn word(payload: &Value) -> String {
    match payload.pointer("/errors/0/code").and_then(Value::as_str) {
        Some(code) => code.to_owned(),
        None if payload["replayed"] == json!(true) => "REPLAYED".to_owned(),
        None => "STORED".to_owned(),
    }
}

/// How often each kind was told what.
fn tally(answers: &[(Case, Value)]) -> BTreeMap<(&'static str, String), u32> {
    let mut tally = BTreeMap::new();
    for ((kind, _), payload) in answers {
        *tally.entry((*kind, word(payload))).or_default() += 1;
    }
    tally
}

/// Whoever shares a number was told of the same payment.
#[track_caller]
fn assert_of_one_payment(answers: &[(Case, Value)], kind: &str) {
    let mut ids: BTreeMap<u32, &str> = BTreeMap::new();
    for ((_, number), payload) in answers.iter().filter(|((of, _), _)| *of == kind) {
        let pointer = if payload["payment"].is_null() { "/errors/0/payment/id" } else { "/payment/id" };
        let id = text(payload, pointer);
        assert_eq!(*ids.entry(*number).or_insert(id), id, "{payload}");
    }
}

on_both_databases! {
    with [IDLE]
    async fn two_hundred_at_once_are_answered_as_one_by_one(app: TestApp) {
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let mut in_turn = Vec::new();
        for (case, input) in creations(&biller, 7_000_000) {
            let payload = create(&client, &input).await;
            in_turn.push((case, payload));
        }
        let inputs = creations(&biller, 7_100_000);
        let payloads = join_all(inputs.iter().map(|(_, input)| create(&client, input))).await;
        let together: Vec<_> = inputs.iter().map(|(case, _)| *case).zip(payloads).collect();

        assert_eq!(tally(&together), tally(&in_turn));
        assert_eq!(tally(&together)[&("good", "STORED".to_owned())], GOOD);
        assert_eq!(tally(&together)[&("triplet", "REPLAYED".to_owned())], 2 * TRIPLETS);
        assert_eq!(tally(&together)[&("rival", "BILL_ALREADY_BEING_PAID".to_owned())], RIVALS);
        for kind in ["triplet", "rival"] {
            assert_of_one_payment(&together, kind);
        }
        assert_books(&app, 2 * i64::from(STORED)).await;
    }
}

/// There are so many payments, each with all its rows, and the log has no gap.
async fn assert_books(app: &TestApp, payments: i64) {
    for table in ["payments", "submissions", "allocations", "bill_claims", "events"] {
        assert_eq!(app.scalar(&format!("SELECT count(*) FROM {table}")).await, payments, "{table}");
    }
    let last = "SELECT sequence FROM event_heads WHERE tenant_id = 'acme'";
    assert_eq!(app.scalar(last).await, payments);
    assert_eq!(app.scalar("SELECT max(sequence) FROM events").await, payments);
    let strays = "SELECT count(*) FROM payments p WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.subject_id = p.id)";
    assert_eq!(app.scalar(strays).await, 0);
}

/// A new payment of an account, as the application hands it to the store.
pub(crate) fn new_payment(clock: &Clock, key: &str, account: &str, minor: i64) -> NewSubmission {
    let (ids, now) = (Ids::from_system(clock.clone()), clock.now());
    let amount = Money::from_minor(minor, "KES".parse().expect("a currency"));
    let id: PaymentId = ids.next();
    let payment = Payment {
        id,
        tenant: TenantId::try_new(TENANT).expect("a tenant"),
        customer: None,
        idempotency_key: Some(key.to_owned()),
        submission_id: ids.next(),
        provider: ProviderCode::Almara,
        biller_id: BillerId::from_uuid(uuid::Uuid::nil()),
        account_reference: Some(account.to_owned()),
        second_reference: None,
        account_holder_name: None,
        bill_number_id: None,
        bulk_payment_id: None,
        amount,
        status: PaymentStatus::Ready,
        version: 1,
        review: None,
        payer: Payer::default(),
        description: None,
        funding_account_id: None,
        delivery_speed: DeliverySpeed::Standard,
        process_date: jiff::civil::date(2026, 11, 23),
        due_date: None,
        callback_url: None,
        save_bill_number: false,
        our_reference: None,
        provider_reference: None,
        biller_reference: None,
        provider_status: None,
        confirmation_number: None,
        funding_amount: None,
        exchange_rate: None,
        disbursement: None,
        new_bill: false,
        failure: None,
        created_by: "tester".to_owned(),
        created_at: now,
        updated_at: now,
    };
    let times = Times { run_at: now, not_after: now, review_at: now };
    let (tenant, reference) = (payment.tenant.clone(), ids.reference().to_string());
    let part = Allocation { payment_id: id, bill_id: None, bill_reference: None, amount, provider_reference: None };
    NewSubmission {
        submission: Submission::new(
            payment.submission_id,
            tenant,
            payment.provider,
            Subject::Payments,
            reference,
            times,
        ),
        next_action_at: now,
        bulk: None,
        payments: vec![NewPayment {
            payment,
            bill: WhichBill::OfAccount { gives_due_date: true },
            request_hash: "the hash".to_owned(),
            bill_ref: String::new(),
            takes_claim: true,
            keeps: None,
            allocations: vec![part],
            callbacks: None,
        }],
        claim: None,
    }
}

/// What became of a creation, with the payment that it is about.
fn told(outcome: &Result<Created, StoreError>) -> (&'static str, Option<PaymentId>) {
    match outcome {
        Ok(Created::Stored(_)) => ("stored", None),
        Ok(Created::KeyUsed { payment, .. }) => ("key used", Some(payment.id)),
        Ok(Created::BeingPaid(holder)) => ("being paid", Some(*holder)),
        Err(_) => ("failed", None),
    }
}

on_both_databases! {
    with [IDLE]
    async fn what_the_database_refuses_of_one_fails_no_neighbour(app: TestApp) {
        let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
        let connect = Connect { url, max_connections: 2, clock: app.clock().clone() };
        let store = Store::open(&connect).await.expect("the database of the server");
        let new = |key: &str, account: &str, minor| new_payment(app.clock(), key, account, minor);
        let (key, other_key) = (new_key(), new_key());
        let batch = [
            new(&key, "7000001", 1_500),
            // No amount is nothing, the table says.
            new(&new_key(), "7000002", 0),
            new(&key, "7000003", 1_500),
            new(&new_key(), "7000001", 1_500),
            new(&other_key, "7000004", 1_500),
        ];
        let first = Some(batch[0].payments[0].payment.id);
        let outcomes = store.create(&batch).await;
        let expected =
            [("stored", None), ("failed", None), ("key used", first), ("being paid", first), ("stored", None)];
        assert_eq!(outcomes.iter().map(told).collect::<Vec<_>>(), expected, "{outcomes:?}");
        assert_books(&app, 2).await;

        let batch = [new(&other_key, "7000005", 1_500), new(&new_key(), "7000006", 1_500), new(&key, "7000007", 1_500)];
        let outcomes = store.create(&batch).await;
        let told: Vec<_> = outcomes.iter().map(told).collect();
        assert_eq!([told[0].0, told[1].0, told[2].0], ["key used", "stored", "key used"], "{outcomes:?}");
        assert_eq!(told[2].1, first);
        assert_books(&app, 3).await;
        if app.variables()["BILLPAY_DATABASE__URL"].starts_with("postgres") {
            assert_rows_alike(&app).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_the_end_of_one_tenants_log_fails_that_tenant_and_no_neighbour() {
    run(Db::Postgres, &[IDLE], hold_a_log).await;
}

async fn hold_a_log(app: TestApp) {
    let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
    let connect = Connect { url, max_connections: 3, clock: app.clock().clone() };
    let store = Store::open(&connect).await.expect("the database of the server");
    let ours = new_payment(app.clock(), &new_key(), "7000001", 1_500);
    let mut theirs = new_payment(app.clock(), &new_key(), "7000002", 1_500);
    let umbrella = TenantId::try_new("umbrella").expect("a tenant");
    theirs.submission.tenant = umbrella.clone();
    theirs.payments[0].payment.tenant = umbrella;
    app.execute("INSERT INTO event_heads (tenant_id, sequence) VALUES ('acme', 0)").await;
    app.execute("BEGIN; UPDATE event_heads SET sequence = sequence WHERE tenant_id = 'acme'").await;
    let outcomes = store.create(&[ours, theirs]).await;
    app.execute("ROLLBACK").await;
    assert!(matches!(&outcomes[0], Err(error) if error.lack() == Some(Lack::Time)), "{outcomes:?}");
    assert_eq!(told(&outcomes[1]).0, "stored", "{outcomes:?}");
    assert_eq!(app.scalar("SELECT count(*) FROM payments").await, 1);
}

/// One of the three payments was stored at once and two by themselves: of that nothing is to be seen in their rows.
async fn assert_rows_alike(app: &TestApp) {
    for (table, its_own) in [
        ("payments", "id,submission_id,idempotency_key,account_reference,created_at,updated_at"),
        ("submissions", "id,provider_key,next_action_at,run_at,not_after,review_at"),
        ("allocations", "payment_id"),
        ("bill_claims", "account_reference,payment_id"),
        ("events", "sequence,subject_id,at"),
    ] {
        let kinds = format!("SELECT count(DISTINCT to_jsonb(t) - string_to_array('{its_own}', ',')) FROM {table} t");
        assert_eq!(app.scalar(&kinds).await, 1, "{table}");
    }
}
