//! Statements: a page costs the same number of them, however many rows it has.
//!
//! The figure is one of the whole process, so a process of its own is asked: the real binary, on the database that was
//! filled before, with nothing else to do.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::support::app::{ALL, TENANT, free_address};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::numbers::{made, order, pay as pay_number, wait_for_collections};
use crate::support::vendors::{MERIDIAN, bank, bills};
use crate::support::{TestApp, eventually, list, on_both_databases, text};

const FIGURE: &str = "billpay_database_statements_total ";
/// How often a page is read at least: other work of the process can only add to the figure.
const READINGS: u32 = 8;
/// How often a page is read at most that costs more than is wanted: where the machine is busy a batch may be sent before
/// all that belongs to it was asked for, which adds to the figure as well. A statement a row would add to each reading.
const MOST_READINGS: u32 = 40;

/// A server in a process of its own. It ends with the value.
struct Process {
    _child: Child,
    address: SocketAddr,
}

impl Process {
    async fn start(app: &TestApp) -> Self {
        let address = free_address();
        let child = Command::new(env!("CARGO_BIN_EXE_billpay"))
            .arg("serve")
            .envs(app.variables())
            .env("BILLPAY_LISTEN", address.to_string())
            .env("BILLPAY_PUBLIC_URL", format!("http://{address}"))
            .env("BILLPAY_WORKER__ENABLED", "false")
            .env("BILLPAY_GRAPHQL__MAX_COMPLEXITY", "1000000")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        eventually("the server's process", || async {
            let ready = app.http().get(format!("http://{address}/readyz")).send().await;
            ready.ok().filter(|answer| answer.status().is_success()).map(drop)
        })
        .await;
        Self { _child: child, address }
    }

    /// The statements that the process has sent so far.
    async fn statements(&self, app: &TestApp) -> i64 {
        let answer = app.http().get(format!("http://{}/metrics", self.address)).send().await.expect("an answer");
        let metrics = answer.text().await.expect("a text");
        let figure = metrics.lines().find_map(|line| line.strip_prefix(FIGURE)).expect("the figure");
        figure.parse().expect("a number")
    }
}

/// The statements that a page costs, with what reading the figure costs; and how many nodes the page has. It is read
/// again where it costs more than `wanted`.
async fn cost(app: &TestApp, process: &Process, document: &str, (first, wanted): (u32, i64)) -> (i64, usize) {
    let client = app.client_at(process.address, &app.token(TENANT, ALL));
    let (mut least, mut nodes) = (i64::MAX, 0);
    for reading in 0..MOST_READINGS {
        if reading >= READINGS && least <= wanted {
            break;
        }
        let before = process.statements(app).await;
        let data = client.data(document, json!({ "first": first })).await;
        least = least.min(process.statements(app).await - before);
        nodes = list(&data, "/page/nodes").len();
    }
    (least, nodes)
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
        for tens in 0..5 {
            let paid = join_all((0..10).map(|ones| pay(&client, &biller, format!("90000{tens}{ones}")))).await;
            for payload in paid {
                client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
            }
        }
        let process = Process::start(&app).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
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
            let (few, five) = cost(&app, &process, document, (5, i64::MAX)).await;
            let (many, fifty) = cost(&app, &process, document, (50, few)).await;
            assert_eq!((five, fifty), (5, 50), "{document}");
            assert_eq!(few, many, "{document}");
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
        let process = Process::start(&app).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
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
            let (few, three) = cost(&app, &process, document, (3, i64::MAX)).await;
            let (many, twelve) = cost(&app, &process, document, (12, few)).await;
            assert_eq!((three, twelve), (3, 12), "{document}");
            assert_eq!(few, many, "{document}");
        }
    }
}
