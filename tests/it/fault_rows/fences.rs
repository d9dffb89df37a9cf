//! F15: several servers on one PostgreSQL, and the same rows come due for all of them at once. Each claim has one holder
//! and a fence of its own, no lease is taken before its end, and what is sent is sent once under its fence.
//!
//! A trigger in the database writes down who claims what. BILLPAY_TEST_CLAIMS (120) is how many payments there are,
//! BILLPAY_TEST_SERVERS (3) how many servers.

use futures_util::future::join_all;
use serde_json::json;

use super::{BUSY, IDLE, NO_CREATE_RATE, NO_RATE, assert_log_is_whole, record, setting, wait_until_ended};
use crate::support::app::OPERATORS;
use crate::support::client::KPLC;
use crate::support::program::Program;
use crate::support::{Db, TestApp, run, until_none};

const USUAL: usize = 120;
const LONG: usize = 20_000;
const SERVERS: usize = 3;
const MANY_SERVERS: usize = 8;
const AT_ONCE: usize = 20;
/// Few at once, so that none takes everything.
const FEW: (&str, &str) = ("BILLPAY_WORKER__CONCURRENCY", "4");
/// Many servers share the connections of one PostgreSQL.
const CONNECTIONS: (&str, &str) = ("BILLPAY_DATABASE__MAX_CONNECTIONS", "5");
const SYNC: &str = "mutation { syncBillers(input: {}) { errors { code } } }";
/// Leases are told by the database's clock, in microseconds.
const WRITE_DOWN: &str = "CREATE TABLE claims (submission_id uuid, fence bigint, holder text, robbed boolean);
    CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO claims VALUES (NEW.id, NEW.fence, NEW.lease_owner,
            coalesce(OLD.lease_until > (extract(epoch from clock_timestamp()) * 1000000)::bigint, false));
        RETURN NULL;
    END $$;
    CREATE TRIGGER write_down AFTER UPDATE ON submissions FOR EACH ROW
        WHEN (NEW.lease_owner IS NOT NULL AND (NEW.fence, NEW.lease_owner) IS DISTINCT FROM (OLD.fence, OLD.lease_owner))
        EXECUTE FUNCTION write_down();";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_each_fence_has_one_holder() {
    run(Db::Postgres, &[IDLE, NO_RATE, NO_CREATE_RATE], |app| async move {
        compete(&app, setting("BILLPAY_TEST_CLAIMS", USUAL), setting("BILLPAY_TEST_SERVERS", SERVERS)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes: make rows"]
async fn f15_long() {
    let app = TestApp::start(Db::Postgres, &[IDLE, NO_RATE, NO_CREATE_RATE]).await;
    compete(&app, setting("BILLPAY_TEST_CLAIMS", LONG), setting("BILLPAY_TEST_SERVERS", MANY_SERVERS)).await;
    app.stop().await;
}

async fn compete(app: &TestApp, count: usize, servers: usize) {
    app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
    let biller = app.admin().biller(KPLC).await;
    for first in (0..count).step_by(AT_ONCE) {
        // A token may end in a long run.
        let client = app.admin();
        let numbers = first..count.min(first + AT_ONCE);
        join_all(numbers.map(|number| record(&client, &biller, format!("74{number:05}")))).await;
    }
    // Nobody is to see them before all servers are there.
    app.execute("UPDATE submissions SET next_action_at = NULL").await;
    app.execute(WRITE_DOWN).await;
    let programs = join_all((0..servers).map(|_| Program::serve(app, &[BUSY, FEW, CONNECTIONS]))).await;
    app.execute("UPDATE submissions SET next_action_at = 1").await;
    // None ends before all are sent: what was due longer is looked at first, and these are due since ever.
    until_none(app, "a payment to be sent", "SELECT count(*) FROM payments WHERE status = 'READY'").await;
    wait_until_ended(app).await;
    drop(programs);
    assert_claims_are_whole(app, count).await;
    assert_eq!(app.scalar("SELECT count(*) FROM payments WHERE status <> 'SUCCEEDED'").await, 0);
    assert_eq!(app.effects().await.len(), count);
    assert_log_is_whole(app).await;
}

async fn assert_claims_are_whole(app: &TestApp, count: usize) {
    let (claims, holders) = (
        app.scalar("SELECT count(*) FROM claims").await,
        app.scalar("SELECT count(DISTINCT holder) FROM claims").await,
    );
    println!("{count} payments, {claims} claims by {holders} servers");
    assert!(claims >= i64::try_from(count).expect("few"), "only {claims} claims");
    assert!(holders > 1, "one server did everything: nobody competed");
    let of_one_fence = "SELECT count(*) - count(DISTINCT (submission_id, fence)) FROM claims";
    assert_eq!(app.scalar(of_one_fence).await, 0, "two claims with one fence");
    assert_eq!(app.scalar("SELECT count(*) FROM claims WHERE robbed").await, 0, "a lease was taken before its end");
    let unclaimed = "SELECT count(*) FROM attempts LEFT JOIN claims USING (submission_id, fence) \
        WHERE claims.holder IS NULL";
    assert_eq!(app.scalar(unclaimed).await, 0, "a call under a fence that nobody was given");
    let sent = "SELECT count(*) - count(DISTINCT (submission_id, fence)) FROM attempts WHERE kind = 'SUBMIT'";
    assert_eq!(app.scalar(sent).await, 0, "sent twice under one fence");
}
