//! F5 and F6: for more than an hour nobody listens where the provider was. Of what is refused a connection nothing was
//! sent: it waits, one submission at a time tries, nothing goes to a person, and all is paid once when the provider is
//! back.
//!
//! The hour is that of the server's clock, which the test moves from try to try. BILLPAY_TEST_BACKLOG (20) is how many
//! payments wait; each of them is looked at once a pause.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use url::Url;

use super::gate::Gate;
use super::{NO_CREATE_RATE, NO_RATE, assert_log_is_whole, record, setting};
use crate::support::client::KPLC;
use crate::support::{Db, TestApp, eventually, run};

const USUAL: usize = 20;
const LONG: usize = 1_000;
const AT_ONCE: usize = 20;
/// No pause is longer.
const PAUSE: Duration = Duration::from_secs(61);
/// No single submission waits longer for its next try.
const LONGEST_RETRY: Duration = Duration::from_secs(301);
/// So many of the pauses are more than an hour.
const PAUSES: u32 = 60;
/// Submissions pause when so many calls in a row have failed.
const UNTIL_PAUSE: i64 = 5;
const BASE_URL: &str = "BILLPAY_PROVIDERS__ALMARA__BASE_URL";
/// Where the sandbox is said to be, past the gate.
const TOKEN_URL: &str = "BILLPAY_PROVIDERS__ALMARA__TOKEN_URL";
/// How often it was tried to send something.
const TRIES: &str = "SELECT coalesce(sum(submits), 0) FROM submissions";
const PAID: &str = "SELECT count(*) FROM payments WHERE status = 'SUCCEEDED'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f5_f6_an_hour_without_a_connection_loses_nothing_and_asks_nobody_sqlite() {
    short(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f5_f6_an_hour_without_a_connection_loses_nothing_and_asks_nobody_postgres() {
    short(Db::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes: make rows"]
async fn f6_long() {
    for db in [Db::Sqlite, Db::Postgres] {
        let mut gate = Gate::raise().await;
        let app = TestApp::start(db, &[(BASE_URL, &by_gate(&gate)), NO_RATE, NO_CREATE_RATE]).await;
        miss_an_hour(&app, &mut gate, setting("BILLPAY_TEST_BACKLOG", LONG)).await;
        app.stop().await;
    }
}

async fn short(db: Db) {
    let mut gate = Gate::raise().await;
    let base_url = by_gate(&gate);
    run(db, &[(BASE_URL, &base_url), NO_RATE, NO_CREATE_RATE], |app| async move {
        miss_an_hour(&app, &mut gate, setting("BILLPAY_TEST_BACKLOG", USUAL)).await;
    })
    .await;
}

fn by_gate(gate: &Gate) -> String {
    format!("http://{}/almara", gate.address())
}

async fn miss_an_hour(app: &TestApp, gate: &mut Gate, count: usize) {
    let sandbox = Url::parse(&app.variables()[TOKEN_URL]).expect("a URL").socket_addrs(|| None).expect("an address");
    gate.lead_to(*sandbox.first().expect("an address"));
    let biller = app.admin().biller(KPLC).await;
    gate.shut().await;
    for first in (0..count).step_by(AT_ONCE) {
        let client = app.admin();
        let numbers = first..count.min(first + AT_ONCE);
        join_all(numbers.map(|number| record(&client, &biller, format!("75{number:05}")))).await;
    }
    let mut tried = tries_beyond(app, UNTIL_PAUSE - 1).await;
    let paused = "SELECT count(*) FROM providers WHERE code = 'almara' AND submits_paused_until IS NOT NULL";
    eventually("the pause", || async { (app.scalar(paused).await == 1).then_some(()) }).await;
    for _ in 0..PAUSES {
        app.clock().advance(PAUSE);
        tried = tries_beyond(app, tried).await;
    }
    println!("{count} waited for an hour, {tried} tries");
    assert_all_wait(app, count_of(count)).await;

    gate.open();
    let began = Instant::now();
    app.clock().advance(LONGEST_RETRY);
    let mut paid = 0;
    while paid < count_of(count) {
        paid = more_are_paid(app, paid).await;
    }
    println!("{count} were paid in {:?} after the outage", began.elapsed());
    assert_eq!(app.effects().await.len(), count, "each is paid once");
    assert_eq!(app.scalar("SELECT count(*) FROM events WHERE status IN ('NEEDS_REVIEW', 'FAILED')").await, 0);
    assert_log_is_whole(app).await;
}

/// Waits until more tries than these were made and have ended; tells how many.
async fn tries_beyond(app: &TestApp, before: i64) -> i64 {
    let under_way = "SELECT count(*) FROM payments WHERE status = 'SUBMITTING'";
    eventually("a try", || async {
        let now = app.scalar(TRIES).await;
        (now > before && app.scalar(under_way).await == 0).then_some(now)
    })
    .await
}

/// Nothing was given up, and nothing is believed to have been sent; but for one that may have gone on a connection that
/// was kept from before.
async fn assert_all_wait(app: &TestApp, all: i64) {
    let waits = "SELECT count(*) FROM payments WHERE status IN ('READY', 'SUBMITTING', 'UNKNOWN')";
    assert_eq!(app.scalar(waits).await, all, "something was given up over an outage");
    let in_doubt = "SELECT count(*) FROM attempts WHERE kind = 'SUBMIT' AND state = 'UNKNOWN'";
    assert!(app.scalar(in_doubt).await <= 1, "what was refused a connection is taken for sent");
    assert_eq!(app.effects().await.len(), 0);
}

/// Waits until more than these are paid; tells how many.
async fn more_are_paid(app: &TestApp, before: i64) -> i64 {
    eventually("something to be paid", || async {
        let now = app.scalar(PAID).await;
        (now > before).then_some(now)
    })
    .await
}

fn count_of(count: usize) -> i64 {
    i64::try_from(count).expect("few")
}
