//! Whoever is slow is answered 408, and holds nobody up; whoever says nothing more is answered all the same.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::graphql_attacks::socket::address;
use crate::graphql_attacks::{Answer, request};
use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, payment_input};
use crate::support::{Db, TestApp, run, text};

/// Longer than a head or a body may take, with something for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often one more byte is sent.
const DRIP: Duration = Duration::from_millis(200);
const PAY: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } } }";
/// Holds the table back from every reader.
const LOCK: &str = "BEGIN; LOCK TABLE payments IN ACCESS EXCLUSIVE MODE";

/// The status that a request is answered which never comes to its end, although something of it always comes.
async fn drip(app: &TestApp, beginning: String) -> String {
    let (mut reading, mut writing) = TcpStream::connect(address(app)).await.expect("connected").into_split();
    writing.write_all(beginning.as_bytes()).await.expect("sent");
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(DRIP).await;
        }
    });
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n") {
        let read = timeout(PATIENCE, reading.read_u8()).await.expect("an answer in time");
        answer.push(read.unwrap_or_else(|error| panic!("closed without an answer: {error}")));
    }
    dripping.abort();
    String::from_utf8_lossy(&answer).trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g17_heads_and_bodies_that_drip_are_answered_408() {
    run(Db::Sqlite, &[], drip_everywhere).await;
}

async fn drip_everywhere(app: TestApp) {
    let token = app.token(TENANT, ALL);
    let body = |path: &str, media: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: billpay\r\nauthorization: Bearer {token}\r\ncontent-type: {media}\r\n\
             content-length: 5000\r\n\r\n"
        )
    };
    let slow = [
        ("the head", "POST /graphql HTTP/1.1\r\nhost: billpay\r\nx-slow: ".to_owned()),
        ("a query", body("/graphql", "application/json")),
        ("a request for a token", body("/oauth/token", "application/x-www-form-urlencoded")),
        ("a callback", body("/callbacks/almara", "application/json")),
    ];
    let answered = futures_util::future::join_all(slow.iter().map(|(_, beginning)| drip(&app, beginning.clone())));
    let client = app.admin();
    let (answered, meanwhile) = tokio::join!(answered, client.query("{ __typename }", json!({})));
    for ((what, _), status) in slow.iter().zip(answered) {
        assert_eq!(status, "HTTP/1.1 408 Request Timeout", "{what}");
    }
    assert_eq!(text(&meanwhile, "/data/__typename"), "Query", "others are served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g17_a_query_that_takes_too_long_is_answered_408() {
    // Shorter than a lock is waited for.
    run(Db::Postgres, &[("BILLPAY_GRAPHQL__TIMEOUT", "1s")], wait_for_a_lock).await;
}

async fn wait_for_a_lock(app: TestApp) {
    let query = json!({ "query": "{ payments { nodes { id } } }" });
    app.execute(LOCK).await;
    let slow = Answer::to(request(&app).json(&query)).await;
    app.execute("ROLLBACK").await;
    slow.assert_refused(408, "QUERY_TOO_COMPLEX", "a query that waits");
    assert_eq!(text(&slow.json(), "/errors/0/message"), "the operation was not finished in time");
    let again = Answer::to(request(&app).json(&query)).await;
    assert_eq!(again.json()["data"], json!({ "payments": { "nodes": [] } }), "{}", again.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_answered_to_who_has_closed_its_half() {
    run(Db::Sqlite, &[], pay_and_fall_silent).await;
}

async fn pay_and_fall_silent(app: TestApp) {
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    // With the one event stream, which ends by itself, as with the plain answer.
    for (account, accept) in [("1111111", "application/json"), ("3333333", "text/event-stream")] {
        let body = json!({ "query": PAY, "variables": { "input": payment_input(&biller, account, "15") } }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: billpay\r\nauthorization: Bearer {}\r\naccept: {accept}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            app.token(TENANT, ALL),
            body.len()
        );
        let mut stream = TcpStream::connect(address(&app)).await.expect("connected");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream.shutdown().await.expect("said that nothing follows");
        let mut said = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut said)).await.expect("closed in time").expect("read");
        assert!(
            said.starts_with("HTTP/1.1 200 ") && said.contains("{\"createPayment\":{\"payment\":{\"id\":"),
            "{said}"
        );
    }
    assert_eq!(client.count_payments().await, 2);
}
