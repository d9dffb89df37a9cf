//! Rates: a tenant that asks for too much is told when to come back, on every transport, and nobody else notices.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, new_key, payment_input};
use crate::support::{Db, TestApp, number, run, text};

/// 41 points: a page of twenty objects with a field each, and the page.
const PAGE: &str = "{ payments(first: 20) { nodes { id } } }";
const CREATE: &str =
    "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } errors { code } } }";

/// What a request of the usual tenant is answered: status, the header Retry-After, and the body.
async fn post(app: &TestApp, accept: &str, body: &Value) -> (u16, Option<u64>, String) {
    let request = app.http().post(app.url("/graphql")).bearer_auth(app.token(TENANT, ALL));
    let answer = request.header("accept", accept).json(body).send().await.expect("an answer");
    let retry_after = answer.headers().get("retry-after").map(|value| {
        let seconds = value.to_str().expect("a text");
        seconds.parse().expect("seconds")
    });
    (answer.status().as_u16(), retry_after, answer.text().await.expect("a body"))
}

/// Asserts that an answer says that the rate is passed; answers after how many seconds to come back.
fn assert_limited((status, retry_after, body): (u16, Option<u64>, String)) -> u64 {
    assert_eq!(status, 429, "{body}");
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(text(&answer, "/errors/0/extensions/code"), "RATE_LIMITED");
    assert!(answer.get("data").is_none(), "{answer}");
    let told = u64::try_from(number(&answer, "/errors/0/extensions/retryAfter")).expect("seconds");
    assert_eq!(retry_after, Some(told), "{answer}");
    assert!((1..=60).contains(&told), "{told}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m10_a_tenant_that_makes_too_much_is_told_when_to_try_again() {
    run(Db::Sqlite, &[("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "3")], make_too_much).await;
}

async fn make_too_much(app: TestApp) {
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    let create = |number: u32| {
        let mut input = payment_input(&biller, &format!("90000{number}"), "15");
        input["wait"] = json!("RECORDED");
        json!({ "query": CREATE, "variables": { "input": input } })
    };
    for number in 1..=3 {
        let (status, _, body) = post(&app, "application/json", &create(number)).await;
        assert!(status == 200 && !body.contains("RATE_LIMITED"), "{body}");
    }
    let wait = assert_limited(post(&app, "application/json", &create(4)).await);
    assert_eq!(client.count_payments().await, 3, "reading goes on, and nothing was made");
    let other = app.client("umbrella", ALL).pay("1111111", "15", &new_key()).await;
    assert_eq!(other["errors"], json!([]), "another tenant: {other}");
    app.clock().advance(Duration::from_secs(wait));
    let (status, _, body) = post(&app, "application/json", &create(5)).await;
    assert!(status == 200 && !body.contains("RATE_LIMITED"), "{body}");
    assert_limited(post(&app, "application/json", &create(6)).await);
    assert_eq!(client.count_payments().await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g5_the_fields_of_one_request_are_counted_each() {
    run(Db::Sqlite, &[("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "4")], save_too_many).await;
}

async fn save_too_many(app: TestApp) {
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    let document = "mutation ($a: SaveBillNumberInput!, $b: SaveBillNumberInput!, $c: SaveBillNumberInput!) {
        a: saveBillNumber(input: $a) { errors { code } } b: saveBillNumber(input: $b) { errors { code } }
        c: saveBillNumber(input: $c) { errors { code } } }";
    let input = |account: &str| json!({ "billerId": biller, "accountReference": account });
    let variables = json!({ "a": input("1111111"), "b": input("2222222"), "c": input("3333333") });
    client.data(document, variables.clone()).await;
    assert_limited(post(&app, "application/json", &json!({ "query": document, "variables": variables })).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_reads_too_much_is_told_so_on_every_transport() {
    run(Db::Sqlite, &[("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "60")], read_too_much).await;
}

async fn read_too_much(app: TestApp) {
    let body = json!({ "query": PAGE });
    let (status, _, answer) = post(&app, "application/json", &body).await;
    assert_eq!(status, 200, "{answer}");
    let cost: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(number(&cost, "/extensions/cost/complexity"), 41);
    for accept in [
        "application/json",
        "application/graphql-response+json",
        "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0,application/json",
    ] {
        assert_limited(post(&app, accept, &body).await);
    }
    let (status, _, events) = post(&app, "text/event-stream", &body).await;
    assert_eq!(status, 200, "{events}");
    assert!(events.starts_with("event: next\ndata: {\"errors\":["), "{events}");
    assert!(events.contains("\"RATE_LIMITED\"") && events.contains("\"retryAfter\":"), "{events}");
    assert!(events.ends_with("event: complete\ndata:\n\n"), "{events}");
    let errors = app.admin().subscribe(PAGE, json!({})).await.refusal().await;
    assert_eq!(text(&errors, "/0/extensions/code"), "RATE_LIMITED");
    assert!(number(&errors, "/0/extensions/retryAfter") > 0, "{errors}");
    assert!(app.metrics().await.contains("outcome=\"rate_limited\""));
    app.client("umbrella", ALL).data(PAGE, json!({})).await;
    app.clock().advance(Duration::from_secs(60));
    app.admin().data(PAGE, json!({})).await;
}
