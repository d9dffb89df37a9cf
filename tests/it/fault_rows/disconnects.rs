//! F36: clients that hang up while they create a payment, after some of the request or after all of it, leave no half
//! state: the same key makes the payment, or finds it, and it is paid once.
//!
//! BILLPAY_TEST_DISCONNECTS (40) is how many hang up.

use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{NO_CREATE_RATE, NO_RATE, assert_log_is_whole, setting};
use crate::graphql_attacks::socket::address;
use crate::kill_harness::seed;
use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, payment_input};
use crate::support::{Db, TestApp, assert_whole_life, on_both_databases, text};

const USUAL: usize = 40;
const LONG: usize = 5_000;
/// How many are on the line at once.
const AT_ONCE: usize = 20;
/// By then a payment is stored on most machines, and before it on all of them.
const LONGEST_MS: u64 = 60;
const CREATE: &str =
    "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } errors { code } } }";

on_both_databases! {
    with [NO_RATE, NO_CREATE_RATE]
    async fn f36_who_hangs_up_leaves_no_half_state(app: TestApp) {
        hang_up_again_and_again(&app, setting("BILLPAY_TEST_DISCONNECTS", USUAL)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make rows"]
async fn f36_long() {
    for db in [Db::Sqlite, Db::Postgres] {
        let app = TestApp::start(db, &[NO_RATE, NO_CREATE_RATE]).await;
        hang_up_again_and_again(&app, setting("BILLPAY_TEST_DISCONNECTS", LONG)).await;
        app.stop().await;
    }
}

async fn hang_up_again_and_again(app: &TestApp, count: usize) {
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    let inputs: Vec<_> = (0..count).map(|number| payment_input(&biller, &format!("61{number:05}"), "15")).collect();
    let numbered: Vec<_> = inputs.iter().enumerate().collect();
    for some in numbered.chunks(AT_ONCE) {
        join_all(some.iter().map(|(number, input)| hang_up(app, input, *number))).await;
    }
    let stored = app.scalar("SELECT count(*) FROM payments").await;
    // A token may have ended meanwhile.
    let client = app.admin();
    let (mut found, mut ids) = (0, Vec::new());
    for input in &inputs {
        let payload = client.create(input.clone()).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        found += i64::from(payload["replayed"] == json!(true));
        ids.push(text(&payload, "/payment/id").to_owned());
    }
    println!("{count} hung up: {found} were found, {} made anew", ids.len());
    assert!(found >= stored, "{stored} were stored, and {found} found");
    assert!(found > 0, "nobody's request was done after it had gone: nothing was tried");
    for id in &ids {
        let payment = client.wait_for_status(id, &["SUCCEEDED"]).await;
        assert_whole_life(&payment);
    }
    assert_eq!(app.scalar("SELECT count(*) FROM payments").await, i64::try_from(count).expect("few"));
    assert_eq!(app.effects().await.len(), count);
    let without = "SELECT count(*) FROM payments WHERE submission_id NOT IN (SELECT id FROM submissions)";
    assert_eq!(app.scalar(without).await, 0);
    assert_log_is_whole(app).await;
}

/// Sends a part of the request, or all of it, waits a little and is gone: by turns with a farewell and with a reset.
async fn hang_up(app: &TestApp, input: &Value, number: usize) {
    let body = json!({ "query": CREATE, "variables": { "input": input } }).to_string();
    let token = app.token(TENANT, ALL);
    let length = body.len();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: billpay\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut rng = StdRng::seed_from_u64(seed().wrapping_add(number as u64));
    let all = number.is_multiple_of(4) || rng.random_ratio(1, 2);
    let sent = if all { request.len() } else { rng.random_range(1..request.len()) };
    let mut stream = TcpStream::connect(address(app)).await.expect("connected");
    stream.write_all(&request.as_bytes()[..sent]).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..LONGEST_MS))).await;
    if number.is_multiple_of(2) {
        stream.set_zero_linger().expect("a socket");
    }
}
