//! F23: payments are called off while the worker reaches for them. Either it is called off and never sent, or it is paid
//! once and the caller is told that it was too late.
//!
//! BILLPAY_TEST_RACES (60) is how many are called off.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::{NO_CREATE_RATE, NO_RATE, assert_log_is_whole, setting};
use crate::kill_harness::seed;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{Db, TestApp, assert_whole_life, on_both_databases, text};

const USUAL: usize = 60;
const LONG: usize = 10_000;
const AT_ONCE: usize = 30;
/// Few are sent at once, so that some still wait when they are called off.
const FEW: (&str, &str) = ("BILLPAY_WORKER__CONCURRENCY", "2");
const LONGEST_MS: u64 = 120;
const LATEST_MS: u64 = 4_000;
const MOST_ASKED: usize = 5;

on_both_databases! {
    with [FEW, NO_RATE, NO_CREATE_RATE]
    async fn f23_what_was_called_off_is_never_paid(app: TestApp) {
        race(&app, setting("BILLPAY_TEST_RACES", USUAL)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make rows"]
async fn f23_long() {
    for db in [Db::Sqlite, Db::Postgres] {
        let app = TestApp::start(db, &[FEW, NO_RATE, NO_CREATE_RATE]).await;
        race(&app, setting("BILLPAY_TEST_RACES", LONG)).await;
        app.stop().await;
    }
}

async fn race(app: &TestApp, count: usize) {
    let biller = app.admin().biller(KPLC).await;
    let mut payments = Vec::new();
    for first in (0..count).step_by(AT_ONCE) {
        // A token may end in a long run.
        let client = app.admin();
        let numbers = first..count.min(first + AT_ONCE);
        payments.extend(join_all(numbers.map(|number| try_it(&client, &biller, number))).await);
    }
    let effects = app.effects().await;
    let sent: BTreeSet<_> = effects.iter().map(|effect| text(effect, "/key")).collect();
    assert_eq!(sent.len(), effects.len(), "something was paid twice");
    for payment in &payments {
        let is_sent = sent.contains(text(payment, "/ourReference"));
        assert_eq!(is_sent, payment["status"] == "SUCCEEDED", "{payment}");
        assert_whole_life(payment);
    }
    let paid = sent.len();
    let called_off = payments.iter().filter(|payment| payment["status"] == "CANCELLED").count();
    assert_eq!(called_off + paid, count);
    println!("{count} were raced for: {called_off} were called off, {paid} were paid");
    assert!(called_off > 0 && paid > 0, "{called_off} were called off and {paid} paid: that was no race");
    assert_log_is_whole(app).await;
}

/// Makes a payment and calls it off a moment later; what it is in the end is what the caller was told.
async fn try_it(client: &Client, biller: &str, number: usize) -> Value {
    let mut input = payment_input(biller, &format!("67{number:05}"), "15");
    input["wait"] = json!("RECORDED");
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let id = text(&payload, "/payment/id").to_owned();
    let mut rng = StdRng::seed_from_u64(seed().wrapping_add(number as u64));
    // Some come late, so that also on a slow machine some are paid.
    let longest = if number.is_multiple_of(4) { LATEST_MS } else { LONGEST_MS };
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..longest))).await;
    let told = call_off(client, &id).await;
    let was_called_off = told["errors"] == json!([]);
    if !was_called_off {
        assert_eq!(text(&told, "/errors/0/code"), "PAYMENT_NOT_CANCELLABLE", "{told}");
    }
    let end = client.wait_for_status(&id, &["CANCELLED", "SUCCEEDED", "FAILED", "NEEDS_REVIEW"]).await;
    assert_eq!(text(&end, "/status") == "CANCELLED", was_called_off, "{told} but {end}");
    end
}

/// What is told of the call-off. A database that is too busy to tell (ten thousand races share a disk) is asked again, as
/// callers are told to.
async fn call_off(client: &Client, id: &str) -> Value {
    let document = "mutation ($id: ID!) { cancelPayment(input: { paymentId: $id }) { errors { code } } }";
    for _ in 0..MOST_ASKED {
        let mut answer = client.query(document, json!({ "id": id })).await;
        if answer.pointer("/errors/0/extensions/code") != Some(&json!("OUTCOME_UNKNOWN_RETRY_SAME_KEY")) {
            assert!(answer.get("errors").is_none(), "{answer}");
            return answer["data"]["cancelPayment"].take();
        }
    }
    panic!("nobody tells whether {id} is called off");
}
