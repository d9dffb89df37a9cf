//! A restored database: what was READY may have been sent in the life that was forgotten.

use std::time::Duration;

use jiff::ToSpan;
use serde_json::{Value, json};

use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::{Db, TestApp, list, number, run, text};

const SETTINGS: [(&str, &str); 2] = [("BILLPAY_TEST_CLICK", "on"), ("BILLPAY_WORKER__ENABLED", "false")];

const FOLLOWED: &str = "subscription ($after: Sequence) { paymentsUpdated(after: $after) { sequence } }";
/// A microsecond of this century; no log has so many events.
const A_MOMENT: i64 = 1_000_000_000_000_000;

const CLICK_BILLER: &str = "Saudi Electricity Company";

/// A payment that is stored and not sent, since nobody works.
async fn recorded(client: &Client, biller: &str, currency: &str) -> String {
    recorded_for(client, biller, currency, ("900001", Value::Null)).await
}

/// A payment of an account on a day.
async fn recorded_for(client: &Client, biller: &str, currency: &str, (account, day): (&str, Value)) -> String {
    let mut input = payment_input(&client.biller(biller).await, account, "15");
    input["idempotencyKey"] = json!(new_key());
    input["processDate"] = day;
    input["wait"] = json!("RECORDED");
    input["amount"]["currency"] = json!(currency);
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    text(&payload, "/payment/id").to_owned()
}

async fn fetch_catalogues(app: &TestApp) {
    let operator = app.client("ops", "operator");
    let answer = operator.data("mutation { syncBillers(input: {}) { errors { code } } }", json!({})).await;
    assert_eq!(answer["syncBillers"]["errors"], json!([]));
}

async fn confirm(app: &TestApp) -> String {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_billpay"))
        .args(["confirm-restore", "--evidence", "the provider's statement of the day lacks them"])
        .envs(app.variables().iter().filter(|(name, _)| !name.starts_with("BILLPAY_TEST_")))
        .env("BILLPAY_PUBLIC_URL", "http://127.0.0.1:1")
        .output()
        .await
        .expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_after_a_restore_nothing_is_sent_before_it_was_looked_up_or_confirmed() {
    run(Db::Postgres, &SETTINGS, restored).await;
}

async fn restored(app: TestApp) {
    fetch_catalogues(&app).await;
    let client = app.admin();
    let findable = recorded(&client, KPLC, "KES").await;
    let not_findable = recorded(&client, CLICK_BILLER, "SAR").await;
    // What a restored backup looks like: the timeline on record is not that of the cluster.
    app.execute("UPDATE db_epoch SET timeline = timeline + 7").await;
    app.start_peer().await;
    assert_eq!(text(&client.payment(&findable).await, "/status"), "UNKNOWN");
    let held = client.payment(&not_findable).await;
    assert_eq!(text(&held, "/review/reason"), "RESTORED", "{held}");
    assert_eq!(confirm(&app).await, "1 payments may be sent again\n");
    let released = client.payment(&not_findable).await;
    assert_eq!((text(&released, "/status"), &released["review"]), ("READY", &Value::Null));
    assert_eq!(text(list(&released, "/events").last().expect("an event"), "/actor"), "operator");
    assert_eq!(confirm(&app).await, "0 payments may be sent again\n", "it may be repeated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_what_was_scheduled_for_a_day_that_has_come_is_suspect_too() {
    run(Db::Postgres, &SETTINGS, restored_after_the_day).await;
}

async fn restored_after_the_day(app: TestApp) {
    fetch_catalogues(&app).await;
    let client = app.admin();
    let today = app.clock().now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |ahead: i64| json!(today.saturating_add(ahead.days()).to_string());
    let findable = recorded_for(&client, KPLC, "KES", ("900002", day(2))).await;
    let not_findable = recorded_for(&client, CLICK_BILLER, "SAR", ("900002", day(2))).await;
    let later = recorded_for(&client, CLICK_BILLER, "SAR", ("900003", day(20))).await;
    assert_eq!(text(&client.payment(&findable).await, "/status"), "SCHEDULED");
    app.clock().advance(Duration::from_secs(3 * 24 * 60 * 60));
    app.execute("UPDATE db_epoch SET timeline = timeline + 7").await;
    app.start_peer().await;
    let client = app.admin();
    assert_eq!(text(&client.payment(&findable).await, "/status"), "UNKNOWN");
    assert_eq!(text(&client.payment(&not_findable).await, "/review/reason"), "RESTORED");
    assert_eq!(text(&client.payment(&later).await, "/status"), "SCHEDULED", "nobody can have sent it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_a_failover_under_a_running_server_sends_nothing_before_it_was_looked_up() {
    run(Db::Postgres, &[("BILLPAY_TEST_CLICK", "on")], failed_over).await;
}

async fn failed_over(app: TestApp) {
    fetch_catalogues(&app).await;
    let client = app.admin();
    app.execute("UPDATE db_epoch SET timeline = timeline + 7").await;
    let findable = recorded(&client, KPLC, "KES").await;
    let not_findable = recorded(&client, CLICK_BILLER, "SAR").await;
    assert_eq!(text(&client.wait_for_status(&not_findable, &["NEEDS_REVIEW"]).await, "/review/reason"), "RESTORED");
    // Not known to the provider, which would recognise a repetition: so it is sent, once.
    let paid = client.wait_for_status(&findable, &["SUCCEEDED"]).await;
    let kinds = list(&paid, "/events").iter().map(|event| text(event, "/status")).collect::<Vec<_>>();
    assert_eq!(kinds[..2], ["READY", "UNKNOWN"], "{paid}");
    assert_eq!(app.effects().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_who_heard_what_a_restored_database_has_forgotten_is_told_to_begin_anew() {
    run(Db::Postgres, &SETTINGS, followed_into_another_life).await;
}

async fn followed_into_another_life(app: TestApp) {
    fetch_catalogues(&app).await;
    let client = app.admin();
    let mut ends = client.subscribe(FOLLOWED, json!({ "after": "0" })).await;
    for (sequence, account) in (1..).zip(["900004", "900005", "900006"]) {
        recorded_for(&client, KPLC, "KES", (account, Value::Null)).await;
        assert_eq!(number(&ends.next().await, "/paymentsUpdated/sequence"), sequence);
    }
    // A backup that knows the first event; nobody has noticed yet that it was restored.
    app.execute("DELETE FROM events WHERE sequence > 1").await;
    app.execute("UPDATE event_heads SET sequence = 1").await;
    app.execute("UPDATE db_epoch SET timeline = timeline + 7").await;
    let mut goes_on = client.subscribe(FOLLOWED, json!({ "after": "1" })).await;
    recorded_for(&client, KPLC, "KES", ("900007", Value::Null)).await;
    let first = number(&goes_on.next().await, "/paymentsUpdated/sequence");
    assert!(first > A_MOMENT, "{first} may have been given before");
    let errors = ends.refusal().await;
    let told = (text(&errors, "/0/extensions/code"), text(&errors, "/0/extensions/oldest"));
    assert_eq!(told, ("RESYNC_REQUIRED", "1"), "{errors}");
    let page = "query ($after: Sequence) { events(after: $after) { head } }";
    for (after, is_good) in [(1, true), (2, false), (3, false), (first - 1, true), (first, true), (first + 1, false)] {
        let answer = client.query(page, json!({ "after": after.to_string() })).await;
        assert_eq!(answer.get("errors").is_none(), is_good, "{after}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_logs_that_nobody_writes_to_go_on_behind_the_life_that_was_forgotten() {
    run(Db::Postgres, &SETTINGS, quiet_logs).await;
}

async fn quiet_logs(app: TestApp) {
    app.execute("INSERT INTO event_heads (tenant_id, sequence) VALUES ('quiet', 8)").await;
    app.start_peer().await;
    let quiet = "SELECT sequence FROM event_heads WHERE tenant_id = 'quiet'";
    assert_eq!(app.scalar(quiet).await, 8, "it is the life on record");
    app.execute("UPDATE db_epoch SET timeline = timeline + 7").await;
    app.start_peer().await;
    let head = app.scalar(quiet).await;
    assert!(head > A_MOMENT, "{head} may have been given before");
    app.start_peer().await;
    assert_eq!(app.scalar(quiet).await, head, "it is on record");
}
