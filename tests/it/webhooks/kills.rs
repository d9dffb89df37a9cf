//! F28: whoever delivers is killed, again and again, and nothing stays undelivered.
//!
//! A process of the program delivers; the server of this process has no key, so it only records what happens. Each
//! deliverer is killed by SIGKILL as soon as a receiver has heard a few events from it, most often between a webhook
//! and its record. Then what came is held against the log.
//!
//! KILLS (100) is how often the long run kills.

use std::collections::BTreeMap;

use serde_json::json;

use super::endpoint::{create, log_behind, schedule, scopes, sequences};
use super::{KEY, TRIAL};
use crate::support::app::TENANT;
use crate::support::program::Program;
use crate::support::receiver::{Received, Receiver};
use crate::support::{Db, TestApp, on_both_databases};

/// How often the short run kills.
const KILLS_SHORT: usize = 5;
/// Events between two kills.
const EVENTS: usize = 6;
/// After how many of them the deliverer dies.
const HEARD: usize = 3;
/// A dead deliverer's lane comes due when its lease ends, so that is short; a call must fit into it.
const DELIVERER: [(&str, &str); 4] =
    [KEY, TRIAL, ("BILLPAY_WORKER__LEASE", "6500ms"), ("BILLPAY_WORKER__CALL_TIMEOUT", "1s")];

on_both_databases! {
    async fn f28_a_deliverer_that_is_killed_leaves_nothing_undelivered(app: TestApp) {
        kill_again_and_again(&app, KILLS_SHORT).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make kills"]
async fn f28_long() {
    let kills = std::env::var("KILLS").ok().filter(|text| !text.is_empty());
    let kills = kills.map_or(100, |text| text.parse().unwrap_or_else(|error| panic!("KILLS={text}: {error}")));
    for db in [Db::Sqlite, Db::Postgres] {
        let app = TestApp::start(db, &[]).await;
        kill_again_and_again(&app, kills).await;
        app.stop().await;
    }
}

async fn kill_again_and_again(app: &TestApp, kills: usize) {
    let receiver = Receiver::start().await;
    let client = app.client(TENANT, &scopes());
    let mut deliverer = Program::serve(app, &DELIVERER).await;
    let keeper = app.client_at(deliverer.address, &app.token(TENANT, &scopes()));
    let made = create(&keeper, json!({ "url": receiver.url("/") })).await;
    let mut log = Vec::new();
    for _ in 0..kills {
        let known = distinct(&receiver.received()).len();
        for _ in 0..EVENTS {
            schedule(app, &client, &[]).await;
        }
        let heard = |received: &[Received]| distinct(received).len() >= known + HEARD;
        receiver.wait_until("some webhooks before the kill", heard).await;
        // By SIGKILL; the next takes its place.
        drop(deliverer);
        let after = log.last().copied().unwrap_or(0);
        log.extend(log_behind(app, after).await);
        deliverer = Program::serve(app, &DELIVERER).await;
    }
    let count = log.len();
    let received = receiver.wait_until("all webhooks", |received| distinct(received).len() >= count).await;
    println!("{kills} kills: {count} events, {} of them told twice", received.len() - count);
    check(&received, &log, &made.secret);
    drop(deliverer);
}

/// What came, by its id.
fn distinct(received: &[Received]) -> BTreeMap<&str, &Received> {
    received.iter().map(|one| (one.id(), one)).collect()
}

/// All of the log, in its order; what came again, under its own id, as it was, and before anything newer.
fn check(received: &[Received], log: &[i64], secret: &str) {
    let mut told = sequences(received);
    assert!(told.is_sorted(), "out of order: {told:?}");
    told.dedup();
    assert_eq!(told, log, "each event is told");
    let by_id = distinct(received);
    assert_eq!(by_id.len(), log.len(), "an event has one id");
    for one in received {
        assert_eq!(one.body, by_id[one.id()].body, "{}", one.id());
        assert!(one.is_signed_by(secret), "{}", one.id());
    }
    assert!(received.len() <= log.len() * 2, "one event may come twice for a kill");
}
