//! F30: the database fails, and what takes its place lags behind: a replica that was cut off, or an older backup. Under
//! a server that runs on, nothing is paid twice.
//!
//! Payments are made while nobody works, and the copy has them as READY. Then all of them are sent, which the copy does
//! not know. When the copy takes the database's place, the server notices the other timeline, and looks up what it can
//! (Almara, BILL) and leaves the rest to a person (Click). A server that believed the copy would pay Click twice.
//!
//! PROMOTIONS (20) is how many there are in the long run, replicas and backups by turns.

use serde_json::{Value, json};

use super::cluster::{Cluster, Kind};
use super::setting;
use super::world::free_address;
use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::program::Program;
use crate::support::vendors::{HARBOR, bank, bill_input, bills};
use crate::support::{Db, TestApp, eventually, run, text};

const PROMOTIONS: u32 = 20;
/// Payments by way of each provider; so many bills the vendor has.
const OF_EACH: usize = 3;
const PROVIDERS: [&str; 3] = ["almara", "click", "bill"];
const ELECTRICITY: &str = "Saudi Electricity Company";
/// The tests' own server only lends its sandbox and its tokens.
const SURROUNDINGS: [(&str, &str); 3] =
    [("BILLPAY_TEST_CLICK", "on"), ("BILLPAY_TEST_BILL", "on"), ("BILLPAY_WORKER__ENABLED", "false")];
const NOTICED: &str = "the database began another life";
const REVIEW: &str = "query ($id: ID!) { payment(by: { id: $id }) { status review { reason } } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_a_replica_that_lagged_is_promoted_and_nothing_is_paid_twice() {
    run(Db::Sqlite, &SURROUNDINGS, |app| fail_over(app, Kind::Replica)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_an_older_backup_is_restored_and_nothing_is_paid_twice() {
    run(Db::Sqlite, &SURROUNDINGS, |app| fail_over(app, Kind::Backup)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make rows"]
async fn f30_long() {
    let promotions: u32 = setting("PROMOTIONS").unwrap_or(PROMOTIONS);
    for number in 0..promotions {
        let kind = if number.is_multiple_of(2) { Kind::Replica } else { Kind::Backup };
        run(Db::Sqlite, &SURROUNDINGS, |app| fail_over(app, kind)).await;
        println!("{} of {promotions}, {kind:?}: suspect mode entered, nothing paid twice", number + 1);
    }
}

async fn fail_over(app: TestApp, kind: Kind) {
    let primary = Cluster::create(free_address()).await;
    let url = primary.url();
    let inputs = shop(&app, &serve(&app, &url, true).await).await;
    let payments = record(&app, &serve(&app, &url, false).await, inputs).await;
    let copy = primary.copy(kind, free_address()).await;

    // The life that will be forgotten.
    let server = serve(&app, &url, true).await;
    for provider in PROVIDERS {
        eventually("all to be sent", || async { (moved(&app, provider).await == OF_EACH).then_some(()) }).await;
    }
    let database = copy.take_the_place_of(primary, kind).await;

    for (provider, id) in &payments {
        let end = settled(&app, &server, id).await;
        match *provider {
            "click" => assert_eq!(text(&end, "/review/reason"), "RESTORED", "{end}\n{}", server.log()),
            _ => assert_ne!(end["status"], "NEEDS_REVIEW", "{provider}: {end}\n{}", server.log()),
        }
    }
    for provider in PROVIDERS {
        assert_eq!(moved(&app, provider).await, OF_EACH, "{provider} was paid again\n{}", server.log());
    }
    assert!(server.log().contains(NOTICED), "{}", server.log());
    drop(server);
    drop(database);
}

async fn serve(app: &TestApp, database: &str, works: bool) -> Program {
    let works = if works { "true" } else { "false" };
    Program::serve(app, &[("BILLPAY_DATABASE__URL", database), ("BILLPAY_WORKER__ENABLED", works)]).await
}

/// What is to be paid, each with its provider: found by a server that fetches the catalogues.
async fn shop(app: &TestApp, server: &Program) -> Vec<(&'static str, Value)> {
    let client = client_of(app, server);
    let (almara, click) = (client.biller(KPLC).await, client.biller(ELECTRICITY).await);
    let (bank, bills) = (bank(&client).await, bills(&client, HARBOR).await);
    let mut inputs = Vec::new();
    for (number, bill) in bills.iter().take(OF_EACH).enumerate() {
        inputs.push(("almara", payment_input(&almara, &format!("73{number:05}"), "15")));
        let account = json!({ "billerId": click, "accountReference": format!("40000{number:02}") });
        let amount = json!({ "amount": "100.50", "currency": "SAR" });
        let input = json!({ "idempotencyKey": new_key(), "target": { "account": account }, "amount": amount });
        inputs.push(("click", input));
        inputs.push(("bill", bill_input(bill, "40", &bank)));
    }
    inputs
}

/// Stores them all at a server that sends nothing; answers their ids.
async fn record(app: &TestApp, server: &Program, inputs: Vec<(&'static str, Value)>) -> Vec<(&'static str, String)> {
    let client = client_of(app, server);
    let mut payments = Vec::new();
    for (provider, mut input) in inputs {
        input["wait"] = json!("RECORDED");
        let payload = client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{provider}: {payload}");
        assert_eq!(text(&payload, "/payment/status"), "READY", "{payload}");
        payments.push((provider, text(&payload, "/payment/id").to_owned()));
    }
    payments
}

/// A payment in the life that follows, once it is known how it stands. The server's connections broke, so that it may
/// answer with an error at first.
async fn settled(app: &TestApp, server: &Program, id: &str) -> Value {
    let client = client_of(app, server);
    eventually("a payment to be settled", || async {
        let mut answer = client.query(REVIEW, json!({ "id": id })).await;
        let payment = answer.pointer_mut("/data/payment")?.take();
        let status = payment.get("status").and_then(Value::as_str)?;
        ["SUCCEEDED", "PENDING", "NEEDS_REVIEW"].contains(&status).then_some(payment)
    })
    .await
}

/// How often money has moved at a provider.
async fn moved(app: &TestApp, provider: &str) -> usize {
    app.effects_with(provider).await.len()
}

fn client_of(app: &TestApp, server: &Program) -> Client {
    app.client_at(server.address, &app.token(TENANT, ALL))
}
