//! A disk that is nearly full, and one that takes no more: new things are refused, what is known is kept, and no half
//! state is left.
//!
//! A file that may not grow stands for a full disk: SQLite is told so at the same place, in the write of a commit.

use serde_json::{Value, json};

use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::program::Program;
use crate::support::{Db, TestApp, eventually, on_both_databases, run, text};

/// More than any disk has.
const EVERYTHING: &str = "9000000000000000000";
/// Paid, and answered after four seconds.
const SLOW: &str = "8888888";
const PENDING_FOR_EVER: &str = "1515151";
/// Not even one page fits into the write-ahead log.
const SO_LITTLE: u64 = 4 * 1024;
/// Few lines, since the log may not grow either.
const ANSWERS_ONLY: (&str, &str) = ("BILLPAY_LOG__FILTER", "billpay::app::engine::settle=warn");
const LOST: usize = 5;
const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const BUSY: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "true");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_nearly_full_takes_nothing_new() {
    run(Db::Sqlite, &[("BILLPAY_DATABASE__MIN_FREE_BYTES", EVERYTHING)], refuse).await;
}

async fn refuse(app: TestApp) {
    let client = app.admin();
    let payload = client.pay("1111111", "15", &new_key()).await;
    assert_eq!(text(&payload, "/errors/0/code"), "OVERLOADED", "{payload}");
    assert_eq!(payload["payment"], Value::Null);
    assert!(text(&payload, "/errors/0/message").contains("disk"), "{payload}");
    assert_eq!(client.count_payments().await, 0);
    let answer = app.http().get(app.url("/readyz")).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(answer.text().await.expect("a text"), "the disk is nearly full\n");
}

on_both_databases! {
    with [("BILLPAY_DATABASE__MIN_FREE_BYTES", "0")]
    async fn who_asks_for_no_room_is_not_refused(app: TestApp) {
        let paid = app.admin().pay_until("1111111", &["SUCCEEDED"]).await;
        assert_eq!(text(&paid, "/status"), "SUCCEEDED");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_nothing_is_sent_and_what_was_sent_is_looked_up() {
    run(Db::Sqlite, &[IDLE], look_up_only).await;
}

async fn look_up_only(app: TestApp) {
    let with_room = Program::serve(&app, &[BUSY]).await;
    let client = client_of(&app, &with_room);
    let pending = client.pay_until(PENDING_FOR_EVER, &["PENDING"]).await;
    drop(with_room);
    // Recorded by the one who has room and does no work.
    let unsent = app.admin().paid("1111111").await;
    assert_eq!(text(&unsent, "/status"), "READY", "{unsent}");
    let without = Program::serve(&app, &[BUSY, ("BILLPAY_DATABASE__MIN_FREE_BYTES", EVERYTHING)]).await;
    let client = client_of(&app, &without);
    let id = text(&pending, "/id");
    let looked = attempts(&client.payment(id).await);
    client.act("refreshPayment", id).await;
    eventually("another look-up", || async { (attempts(&client.payment(id).await) > looked).then_some(()) }).await;
    assert_eq!(client.payment(text(&unsent, "/id")).await["status"], "READY");
    drop(without);
    let with_room = Program::serve(&app, &[BUSY]).await;
    client_of(&app, &with_room).wait_for_status(text(&unsent, "/id"), &["SUCCEEDED"]).await;
    assert_eq!(app.effects_of(&unsent).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_a_disk_that_takes_no_more_leaves_no_half_state() {
    run(Db::Sqlite, &[IDLE], fill_up).await;
}

async fn fill_up(app: TestApp) {
    let patient = [BUSY, ANSWERS_ONLY, ("BILLPAY_WORKER__CALL_TIMEOUT", "6s"), ("BILLPAY_WORKER__LEASE", "12s")];
    let program = Program::serve(&app, &patient).await;
    let client = client_of(&app, &program);
    let mut paid = vec![client.pay_until("1111111", &["SUCCEEDED"]).await];
    let biller = client.biller(KPLC).await;
    let mut input = payment_input(&biller, SLOW, "15");
    input["wait"] = json!("RECORDED");
    let slow = client.create(input).await["payment"].take();
    client.wait_for_status(text(&slow, "/id"), &["SUBMITTING"]).await;

    program.limit_files(Some(SO_LITTLE));
    let lost: Vec<Value> = (0..LOST).map(|number| payment_input(&biller, &format!("7000{number}"), "15")).collect();
    for input in &lost {
        assert_not_made(&client, input).await;
    }
    assert_eq!(client.payment(text(&paid[0], "/id")).await["status"], "SUCCEEDED", "what is known can be read");
    let in_vain = "an answer could not be stored yet";
    eventually(in_vain, || async { program.log().contains(in_vain).then_some(()) }).await;
    program.limit_files(None);

    // The very keys again: nothing of them stands in the way, and the server writes again without a restart.
    for input in lost {
        let mut payload = client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{payload}\n{}", program.log());
        paid.push(payload["payment"].take());
    }
    paid.push(slow);
    for payment in &paid {
        client.wait_for_status(text(payment, "/id"), &["SUCCEEDED"]).await;
        assert_eq!(app.effects_of(payment).await.len(), 1, "{payment}");
    }
    assert_eq!(client.count_payments().await, paid.len());
    assert_sound(&app).await;
}

/// Says that it is not made, or that nobody knows; never that it is made.
async fn assert_not_made(client: &Client, input: &Value) {
    const CREATE: &str = "mutation ($input: CreatePaymentInput!) {
        createPayment(input: $input) { payment { id } errors { code } } }";
    let answer = client.query(CREATE, json!({ "input": input })).await;
    let refused = answer.pointer("/data/createPayment/errors/0/code").and_then(Value::as_str);
    let in_doubt = answer.pointer("/errors/0/extensions/code").and_then(Value::as_str);
    let is_honest = refused == Some("OVERLOADED") || in_doubt == Some("OUTCOME_UNKNOWN_RETRY_SAME_KEY");
    assert!(is_honest, "{answer}");
    assert!(answer.pointer("/data/createPayment/payment/id").is_none(), "{answer}");
}

/// The file is whole, and the log has no gap.
async fn assert_sound(app: &TestApp) {
    let broken = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
    assert_eq!(app.scalar(broken).await, 0);
    assert_eq!(app.scalar("SELECT count(*) - max(sequence) FROM events").await, 0);
    assert_eq!(app.scalar("SELECT max(sequence) - (SELECT sequence FROM event_heads) FROM events").await, 0);
}

fn attempts(payment: &Value) -> usize {
    payment["attempts"].as_array().map_or(0, Vec::len)
}

fn client_of(app: &TestApp, program: &Program) -> Client {
    app.client_at(program.address, &app.token(TENANT, ALL))
}
