//! Webhooks after a restore or a failover: another event has another id, and no endpoint waits for what is forgotten.

use std::time::Duration;

use serde_json::json;

use super::endpoint::{create, keeper, schedule, sequences, wait_until_told};
use super::{KEY, TRIAL};
use crate::support::client::Client;
use crate::support::receiver::{Receiver, Reply};
use crate::support::{Db, TestApp, eventually, on_both_databases, run};

/// What a restored backup looks like: the timeline on record is not that of the cluster.
const ANOTHER_LIFE: &str = "UPDATE db_epoch SET timeline = timeline + 7";
/// An answer that comes when the database lives another life already.
const LATE: Duration = Duration::from_secs(4);
/// It is then waited for as long as ever.
const LEASE: (&str, &str) = ("BILLPAY_WORKER__LEASE", "30s");
/// Endpoints that stand behind the end of their tenant's log.
const BEHIND: &str = "SELECT count(*) FROM webhook_endpoints e, event_heads h \
    WHERE h.tenant_id = e.tenant_id AND e.handled_through > h.sequence";

/// Waits until nobody holds an endpoint, so that nobody writes where it stands.
async fn wait_until_let_go(app: &TestApp) {
    let held = "SELECT count(*) FROM webhook_endpoints WHERE lease_owner IS NOT NULL";
    eventually("nobody to hold an endpoint", || async { (app.scalar(held).await == 0).then_some(()) }).await;
}

/// The keeper of an endpoint at a receiver that was told of one payment, and that nobody holds.
async fn told_once(app: &TestApp, receiver: &Receiver) -> Client {
    let client = keeper(app);
    let made = create(&client, json!({ "url": receiver.url("/") })).await;
    schedule(app, &client, &[]).await;
    wait_until_told(app, &made.id).await;
    wait_until_let_go(app).await;
    client
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn f30_another_event_at_the_same_sequence_has_another_id(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = told_once(&app, &receiver).await;
        // As a backup of the moment before has it.
        app.execute("DELETE FROM events WHERE sequence = (SELECT max(sequence) FROM events)").await;
        app.execute("UPDATE event_heads SET sequence = sequence - 1").await;
        app.execute("UPDATE webhook_endpoints SET handled_through = handled_through - 1").await;
        schedule(&app, &client, &[]).await;
        let told = receiver.wait_for(2).await;
        assert_eq!(told[0].sequence(), told[1].sequence());
        assert_ne!(told[0].id(), told[1].id(), "a receiver that keeps the ids would do nothing for the second");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_an_endpoint_behind_the_end_of_a_restored_log_is_told_of_what_happens() {
    run(Db::Postgres, &[KEY, TRIAL], behind_the_end).await;
}

async fn behind_the_end(app: TestApp) {
    let receiver = Receiver::start().await;
    let client = told_once(&app, &receiver).await;
    app.execute("UPDATE webhook_endpoints SET handled_through = handled_through + 50").await;
    app.execute(ANOTHER_LIFE).await;
    eventually("the new life to be on record", || async { (app.scalar(BEHIND).await == 0).then_some(()) }).await;
    schedule(&app, &client, &[]).await;
    let told = sequences(&receiver.wait_for(2).await);
    // A log goes on behind all that another life may have given.
    assert!(told[0] < told[1], "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_what_was_answered_in_another_life_than_it_was_sent_in_is_not_recorded() {
    run(Db::Postgres, &[KEY, TRIAL, LEASE], answered_in_another_life).await;
}

async fn answered_in_another_life(app: TestApp) {
    let receiver = Receiver::start().await;
    let client = keeper(&app);
    let made = create(&client, json!({ "url": receiver.url("/") })).await;
    receiver.next(Reply::Slow(LATE));
    schedule(&app, &client, &[]).await;
    receiver.wait_for(1).await;
    app.execute(ANOTHER_LIFE).await;
    // Who holds the endpoint knows the log of the life before, and its place there: it is told again, in this one.
    let told = receiver.wait_for(2).await;
    assert_eq!((told[0].id(), &told[0].body), (told[1].id(), &told[1].body));
    wait_until_told(&app, &made.id).await;
    assert_eq!(receiver.received().len(), 2);
}
