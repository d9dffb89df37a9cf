//! Statements: a page costs the same number of them, however many rows it has.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::ALL;
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::meter::Meter;
use crate::support::numbers::{made, order, pay as pay_number, wait_for_collections};
use crate::support::vendors::{MERIDIAN, bank, bills};
use crate::support::{list, on_both_databases, text};

/// How often a creation is made at most. Other work of the process can only add to the figure.
const MOST_READINGS: usize = 40;
/// The process takes long pages.
const SETTINGS: [(&str, &str); 1] = [("BILLPAY_GRAPHQL__MAX_COMPLEXITY", "1000000")];

/// The statements that a page of `first` nodes costs, and how many nodes it has.
async fn cost(meter: &Meter, document: &str, first: u32) -> (i64, usize) {
    let (statements, data) = meter.cost(document, &json!({ "first": first })).await;
    (statements, list(&data, "/page/nodes").len())
}

async fn pay(client: &Client, biller: &str, account: String) -> Value {
    let variables = json!({ "biller": biller, "account": account });
    let document = "query ($biller: ID!, $account: String!) {
        billLookup(billerId: $biller, accountReference: $account) { bills { id } } }";
    client.data(document, variables).await;
    let mut input = payment_input(biller, &account, "15");
    input["saveBillNumber"] = json!(true);
    client.create(input).await
}

on_both_databases! {
    async fn a_page_of_fifty_costs_as_many_statements_as_one_of_five(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        // Alone, so that its events are of both kinds: those of creations that are stored together stand kind by kind.
        let first = pay(&client, &biller, "9000100".to_owned()).await;
        client.wait_for_status(text(&first, "/payment/id"), &["SUCCEEDED"]).await;
        for tens in 0..5 {
            let paid = join_all((0..10).map(|ones| pay(&client, &biller, format!("90000{tens}{ones}")))).await;
            for payload in paid {
                client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
            }
        }
        let meter = Meter::start(&app, ALL, &SETTINGS).await;
        for document in [
            "query ($first: Int) { page: payments(first: $first) { nodes { id status biller { name provider { code } }
               provider { code health { state } } billNumber { id customerName biller { name } } failure { code }
               review { reason } receipt { number token fields { name value } } attempts { number kind state }
               allocations { amount { amount } bill { id amountDue { amount } amountScheduled { amount }
                 biller { name } openPayment { id } } } } } }",
            "query ($first: Int) { page: payments(first: $first) { nodes { id events { sequence subject { id }
               payment { id } } } } }",
            "query ($first: Int) { page: events(first: $first) { nodes { sequence subject { id }
               ... on PaymentEvent { payment { id biller { name } receipt { number } } }
               ... on BillNumberEvent { billNumber { id biller { name } } } } } }",
            "query ($first: Int) { page: billNumbers(first: $first) { nodes { id biller { name }
               payments(first: 2) { nodes { id receipt { number } } } } } }",
            "query ($first: Int) { page: bills(first: $first) { nodes { id biller { name } amountScheduled { amount }
               openPayment { id } } } }",
        ] {
            let (few, five) = cost(&meter, document, 5).await;
            let (many, fifty) = cost(&meter, document, 50).await;
            assert_eq!((five, fifty), (5, 50), "{document}");
            assert_eq!(few, many, "{document}");
        }
    }
}

/// A plain page, which is answered without the library's execution.
const BRIEF: &str = "query ($first: Int) { payments(first: $first) { pageInfo { endCursor } nodes {
    id status amount { amount currency } biller { name } billNumber { accountReference dueDate } } } }";

on_both_databases! {
    async fn a_plain_page_costs_one_statement(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let paid = join_all((0..50).map(|place| pay(&client, &biller, format!("90001{place:02}")))).await;
        assert_eq!(paid.len(), 50);
        let meter = Meter::start(&app, ALL, &SETTINGS).await;
        for first in [5, 50] {
            let (statements, data) = meter.cost(BRIEF, &json!({ "first": first })).await;
            assert_eq!((statements, list(&data, "/payments/nodes").len()), (1, first));
            assert_eq!(text(&data, "/payments/nodes/0/billNumber/accountReference").len(), 7, "{data}");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_TEST_CLICKPESA", "on")]
    async fn bulks_numbers_and_collections_cost_no_statement_per_row(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, MERIDIAN).await;
        let account = bank(&client).await;
        for bill in &found[..12] {
            let item = json!({ "billId": bill["id"], "amount": { "amount": "20", "currency": "USD" } });
            let input = json!({ "idempotencyKey": new_key(), "fundingAccountId": account, "items": [item] });
            let document = "mutation ($input: CreateBulkPaymentInput!) { createBulkPayment(input: $input) {
                bulkPayment { id } errors { code } } }";
            let made = client.data(document, json!({ "input": input })).await;
            assert!(made.pointer("/createBulkPayment/bulkPayment/id").is_some_and(Value::is_string), "{made}");
        }
        for amount in 0..12 {
            let made = made(&client, &order(&format!("{}", 2_000 + amount))).await;
            assert_eq!(pay_number(&app, text(&made, "/number"), &format!("{}", 2_000 + amount)).await, 200);
            wait_for_collections(&client, text(&made, "/id"), 1).await;
        }
        let meter = Meter::start(&app, ALL, &SETTINGS).await;
        for document in [
            "query ($first: Int) { page: bulkPayments(first: $first) { nodes { id total { amount } payments { id
               biller { name disbursementMethod deliverySpeeds } fundingAccount { label } cancellation { reason }
               voids { kind } bulkPayment { id } disbursement { method } allocations { bill { id } } } } } }",
            "query ($first: Int) { page: controlNumbers(first: $first) { nodes { id provider { code health { state } }
               collections(first: 2) { nodes { id controlNumber { id } } } events { sequence subject { id } } } } }",
            "query ($first: Int) { page: collections(first: $first) { nodes { id flags controlNumber { id number } } } }",
            "query ($first: Int) { page: events(first: $first) { nodes { sequence subject { id }
               ... on ControlNumberEvent { controlNumber { id } } ... on CollectionEvent { collection { id } }
               ... on BulkPaymentEvent { bulkPayment { id payments { id } } } } } }",
        ] {
            let (few, three) = cost(&meter, document, 3).await;
            let (many, twelve) = cost(&meter, document, 12).await;
            assert_eq!((three, twelve), (3, 12), "{document}");
            assert_eq!(few, many, "{document}");
        }
    }
}

/// What one payment costs that arrives alone. On PostgreSQL one statement finds the bill of its account and stores it; on
/// SQLite the bill, claims and keys are read, and six tables written. Beginning and committing count nothing.
const LONE_CREATION_POSTGRES: i64 = 1;
const LONE_CREATION_SQLITE: i64 = 9;

async fn record(client: &Client, biller: &str, account: String) {
    let document = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
        replayed payment { id status amount { amount } } errors { code } } }";
    let mut input = payment_input(biller, &account, "15");
    input["wait"] = json!("RECORDED");
    let payload = client.data(document, json!({ "input": input })).await;
    assert_eq!(payload["createPayment"]["errors"], json!([]), "{payload}");
}

on_both_databases! {
    async fn a_payment_that_is_alone_costs_as_few_statements_as_can_be(app: TestApp) {
        let biller = app.admin().biller(KPLC).await;
        let meter = Meter::start(&app, ALL, &SETTINGS).await;
        let is_postgres = app.variables()["BILLPAY_DATABASE__URL"].starts_with("postgres");
        let expected = if is_postgres { LONE_CREATION_POSTGRES } else { LONE_CREATION_SQLITE };
        let (mut idle, mut least) = (i64::MAX, i64::MAX);
        for reading in 0..MOST_READINGS {
            let begun = meter.statements().await;
            idle = idle.min(meter.statements().await - begun);
            // Other processes are told of this one at once, and of what follows on its heels some time later.
            record(&meter.client, &biller, format!("91000{reading:02}")).await;
            let before = meter.statements().await;
            record(&meter.client, &biller, format!("92000{reading:02}")).await;
            least = least.min(meter.statements().await - before);
            if least - idle <= expected {
                break;
            }
        }
        assert_eq!(least - idle, expected);
    }
}
