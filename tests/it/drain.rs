//! Planned stops: SIGTERM with calls in the air leaves nothing unknown.
//!
//! The server is a real process. BILLPAY_TEST_STOPS (20) is how often it is stopped, over the two databases and several
//! runs at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::{Db, TestApp, eventually, text};

/// How many servers are stopped at once, each on a database of its own.
const RUNS: usize = 5;
const USUAL_STOPS: usize = 20;
/// Paid, and answered after four seconds.
const SLOW: &str = "8888888";
/// What is new before each stop: more than are sent at once, so that some are not.
const PAYMENTS: usize = 6;
/// The stops come at all moments of a call.
const LONGEST_WAIT_MS: u64 = 3_500;
/// A call takes four seconds; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How a test's server leaves the work to the program.
const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const BUSY: [(&str, &str); 4] = [
    ("BILLPAY_WORKER__ENABLED", "true"),
    ("BILLPAY_WORKER__CONCURRENCY", "4"),
    ("BILLPAY_WORKER__CALL_TIMEOUT", "9s"),
    ("BILLPAY_WORKER__LEASE", "20s"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f35_a_planned_stop_makes_nothing_unknown_sqlite() {
    stop_again_and_again(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f35_a_planned_stop_makes_nothing_unknown_postgres() {
    stop_again_and_again(Db::Postgres).await;
}

async fn stop_again_and_again(db: Db) {
    let stops = std::env::var("BILLPAY_TEST_STOPS").ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_STOPS);
    let of_each = stops.div_ceil(2 * RUNS);
    let left_ready: i64 = join_all((0..RUNS).map(|_| run(db, of_each))).await.into_iter().sum();
    assert!(left_ready > 0, "no stop came before everything was sent");
}

/// Stops servers on one database; tells how much they left unsent.
async fn run(db: Db, stops: usize) -> i64 {
    let app = TestApp::start(db, &[IDLE]).await;
    let mut left_ready = 0;
    for _ in 0..stops {
        left_ready += stop_with_calls_in_the_air(&app).await;
    }
    assert_all_is_paid_once(&app).await;
    app.stop().await;
    left_ready
}

async fn stop_with_calls_in_the_air(app: &TestApp) -> i64 {
    let mut program = Program::serve(app, &BUSY).await;
    let client = app.client_at(program.address, &app.token(TENANT, ALL));
    let biller = client.biller(KPLC).await;
    for _ in 0..PAYMENTS {
        pay_slowly(&client, &biller).await;
    }
    eventually("a call in the air", || async { (count(app, "SUBMITTING").await > 0).then_some(()) }).await;
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..LONGEST_WAIT_MS))).await;
    let began = Instant::now();
    program.terminate();
    let ended = program.ended(PATIENCE).await;
    let status = ended.unwrap_or_else(|| panic!("it did not end in {PATIENCE:?}\n{}", program.log()));
    assert!(status.success(), "{status} after {:?}\n{}", began.elapsed(), program.log());
    assert_eq!(count(app, "SUBMITTING").await, 0, "a call was left in the air\n{}", program.log());
    let unknown = app.scalar("SELECT count(*) FROM events WHERE status = 'UNKNOWN'").await;
    assert_eq!(unknown, 0, "a stop made something unknown\n{}", program.log());
    count(app, "READY").await
}

async fn pay_slowly(client: &Client, biller: &str) {
    let mut input = payment_input(biller, SLOW, "15");
    input["evenIfBeingPaid"] = json!(true);
    input["wait"] = json!("RECORDED");
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
}

async fn assert_all_is_paid_once(app: &TestApp) {
    let program = Program::serve(app, &BUSY).await;
    while open(app).await > 0 {
        wait_until_fewer_are_open(app).await;
    }
    assert_eq!(app.scalar("SELECT count(*) FROM events WHERE status = 'UNKNOWN'").await, 0, "{}", program.log());
    let paid = count(app, "SUCCEEDED").await;
    assert_eq!(paid, app.scalar("SELECT count(*) FROM payments").await);
    let effects: Vec<Value> = app.effects().await;
    let mut keys: Vec<&str> = effects.iter().map(|effect| text(effect, "/key")).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(effects.len(), keys.len(), "something was paid twice");
    assert_eq!(i64::try_from(effects.len()).expect("a small number"), paid);
}

async fn wait_until_fewer_are_open(app: &TestApp) {
    let before = open(app).await;
    eventually("something to be paid", || async {
        let now = open(app).await;
        (now == 0 || now + 4 <= before).then_some(())
    })
    .await;
}

async fn open(app: &TestApp) -> i64 {
    app.scalar("SELECT count(*) FROM payments WHERE status NOT IN ('SUCCEEDED', 'FAILED')").await
}

async fn count(app: &TestApp, status: &str) -> i64 {
    app.scalar(&format!("SELECT count(*) FROM payments WHERE status = '{status}'")).await
}
