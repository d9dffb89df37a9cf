//! Planned stops: SIGTERM with calls in the air leaves nothing unknown, and turns nobody away before the server has left.
//!
//! The server is a real process. BILLPAY_TEST_STOPS (10) is how often it is stopped on each of the two databases, in
//! several runs at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kill_harness::seed;
use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::{Db, TestApp, eventually, text};

/// How many servers are stopped at once, each on a database of its own.
const RUNS: usize = 5;
const USUAL_STOPS: usize = 10;
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
/// Longer than any test goes on.
const LONG_DRAIN: (&str, &str) = ("BILLPAY_HTTP__DRAIN", "10m");
const SHORT_DRAIN: (&str, &str) = ("BILLPAY_HTTP__DRAIN", "1s");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_to_stop_answers_until_everybody_may_know_and_a_second_signal_ends_that() {
    let app = TestApp::start(Db::Sqlite, &[IDLE]).await;
    let mut program = Program::serve(&app, &[LONG_DRAIN]).await;
    let mut kept = TcpStream::connect(program.address).await.expect("connected");
    assert!(!asked(&mut kept).await.contains("connection: close"));
    program.terminate();
    eventually("the server to call itself not ready", || async {
        let answer = app.http().get(program.url("/readyz")).send().await.expect("an answer");
        (answer.status() == 503).then_some(())
    })
    .await;
    let mut other = TcpStream::connect(program.address).await.expect("new connections are taken");
    for stream in [&mut kept, &mut other] {
        assert!(asked(stream).await.contains("connection: close"));
        assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0, "it was the last answer");
    }
    let client = app.client_at(program.address, &app.token(TENANT, ALL));
    client.data("{ payments(first: 1) { nodes { id } } }", json!({})).await;
    program.terminate();
    let ended = program.ended(PATIENCE).await.unwrap_or_else(|| panic!("it goes on\n{}", program.log()));
    assert!(ended.success(), "{ended}\n{}", program.log());
    assert!(TcpStream::connect(program.address).await.is_err(), "nobody listens any more");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_to_stop_once_stops_when_the_time_to_leave_is_over() {
    let app = TestApp::start(Db::Sqlite, &[IDLE]).await;
    let mut program = Program::serve(&app, &[SHORT_DRAIN]).await;
    let began = Instant::now();
    program.terminate();
    let ended = program.ended(PATIENCE).await.unwrap_or_else(|| panic!("it goes on\n{}", program.log()));
    assert!(ended.success(), "{ended}\n{}", program.log());
    assert!(began.elapsed() >= Duration::from_secs(1), "it left at once");
    app.stop().await;
}

/// Asks whether the server lives, and tells the whole answer.
async fn asked(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let mut said = Vec::new();
    while !said.ends_with(b"ok\n") {
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut said)).await.expect("an answer in time");
        assert_ne!(read.expect("read"), 0, "closed after {}", String::from_utf8_lossy(&said));
    }
    String::from_utf8(said).expect("a text")
}

async fn stop_again_and_again(db: Db) {
    let stops = std::env::var("BILLPAY_TEST_STOPS").ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_STOPS);
    let of_each = stops.div_ceil(RUNS);
    let left_ready: i64 = join_all((0..RUNS).map(|number| run(db, of_each, number as u64))).await.into_iter().sum();
    assert!(left_ready > 0, "no stop came before everything was sent");
}

/// Stops servers on one database; tells how much they left unsent.
async fn run(db: Db, stops: usize, number: u64) -> i64 {
    let mut rng = StdRng::seed_from_u64(seed().wrapping_add(number));
    let app = TestApp::start(db, &[IDLE]).await;
    let mut left_ready = 0;
    for _ in 0..stops {
        left_ready += stop_with_calls_in_the_air(&app, &mut rng).await;
    }
    assert_all_is_paid_once(&app).await;
    app.stop().await;
    left_ready
}

async fn stop_with_calls_in_the_air(app: &TestApp, rng: &mut StdRng) -> i64 {
    let mut program = Program::serve(app, &BUSY).await;
    let client = app.client_at(program.address, &app.token(TENANT, ALL));
    let biller = client.biller(KPLC).await;
    for _ in 0..PAYMENTS {
        pay_slowly(&client, &biller).await;
    }
    eventually("a call in the air", || async { (count(app, "SUBMITTING").await > 0).then_some(()) }).await;
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..LONGEST_WAIT_MS))).await;
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
