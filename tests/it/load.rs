//! Too much to do: refused before anything is written, with a code and a sentence; and a provider that is not flooded.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use sea_orm::Database;
use serde_json::{Value, json};

use crate::support::app::{OPERATORS, USER};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::database::scalar;
use crate::support::proxy::Act;
use crate::support::vendors::{self, FREIGHT, bank, bill_input, bills, calls};
use crate::support::{Db, TestApp, eventually, list, on_both_databases, run, text};

const ELECTRICITY: &str = "Saudi Electricity Company";
const CLICK_PAYS: &str = "bill_payments.json";
const BILL_PAYS: &str = "/v3/payments";
/// For longer than any test.
const PAUSE: &str = "UPDATE providers SET state = 'DEGRADED', submits_paused_until = 4000000000000000 WHERE code = ";
const FIRST_ACCOUNT: i64 = 7_000_000;
const SYNC: &str = "mutation { syncBillers(input: {}) { added errors { code } } }";

on_both_databases! {
    with [("BILLPAY_WORKER__ENABLED", "false"), ("BILLPAY_WORKER__MAX_BACKLOG", "3"), ("BILLPAY_TEST_CLICK", "on")]
    async fn a_backlog_is_refused_and_its_keys_and_other_providers_are_not(app: TestApp) {
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        let client = app.admin();
        let first = recorded(&client, &FIRST_ACCOUNT.to_string()).await;
        assert_eq!(first["errors"], json!([]), "{first}");
        // What waits is counted once a second, so that some more are taken.
        let mut number = FIRST_ACCOUNT;
        let refused = loop {
            number += 1;
            let payload = recorded(&client, &number.to_string()).await;
            if payload["errors"] != json!([]) {
                break payload;
            }
            assert!(number < FIRST_ACCOUNT + 1_000, "a backlog of a thousand is refused nowhere");
        };
        assert_eq!(text(&refused, "/errors/0/code"), "OVERLOADED", "{refused}");
        assert_eq!(text(&refused, "/errors/0/__typename"), "OperationError");
        assert!(text(&refused, "/errors/0/message").contains("try again in a minute"), "{refused}");
        assert_eq!(refused["payment"], Value::Null);
        assert_eq!(app.scalar("SELECT count(*) FROM payments").await, number - FIRST_ACCOUNT, "nothing was written");

        let key = text(&first, "/payment/idempotencyKey");
        let again = client.create(input_of(&client, &FIRST_ACCOUNT.to_string(), key).await).await;
        assert_eq!((&again["replayed"], &again["payment"]["id"]), (&json!(true), &first["payment"]["id"]), "{again}");
        let click = client.create(click_input(&client, "4000001").await).await;
        assert_eq!(click["errors"], json!([]), "{click}");
    }
}

async fn input_of(client: &Client, account: &str, key: &str) -> Value {
    let mut input = payment_input(&client.biller(KPLC).await, account, "15");
    input["idempotencyKey"] = json!(key);
    input["wait"] = json!("RECORDED");
    input
}

async fn recorded(client: &Client, account: &str) -> Value {
    client.create(input_of(client, account, &new_key()).await).await
}

async fn click_input(client: &Client, account: &str) -> Value {
    json!({
        "idempotencyKey": new_key(),
        "target": { "account": { "billerId": client.biller(ELECTRICITY).await, "accountReference": account } },
        "amount": { "amount": "100.50", "currency": "SAR" },
        "wait": "RECORDED",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_held_up_is_an_answer_and_not_a_wait_for_ever() {
    run(Db::Sqlite, &[], hold_the_writer).await;
}

async fn hold_the_writer(app: TestApp) {
    let client = app.admin();
    let input = input_of(&client, "1111111", &new_key()).await;
    app.execute("BEGIN IMMEDIATE").await;
    let payload = client.create(input.clone()).await;
    app.execute("ROLLBACK").await;
    assert_eq!(text(&payload, "/errors/0/code"), "OVERLOADED", "{payload}");
    assert!(text(&payload, "/errors/0/message").contains("try again in a few seconds"), "{payload}");
    let payload = client.create(input).await;
    assert_eq!((&payload["errors"], &payload["replayed"]), (&json!([]), &json!(false)), "{payload}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_without_a_connection_is_told_when_to_come_again() {
    run(Db::Postgres, &[("BILLPAY_DATABASE__MAX_CONNECTIONS", "3")], use_up_connections).await;
}

async fn use_up_connections(app: TestApp) {
    let client = app.admin();
    client.biller(KPLC).await;
    app.execute("BEGIN; LOCK TABLE payments IN ACCESS EXCLUSIVE MODE").await;
    let asked = "{ payments(first: 1) { nodes { id } } }";
    let answers = join_all((0..8).map(|_| client.query(asked, json!({})))).await;
    app.execute("ROLLBACK").await;
    let busy = |answer: &&Value| answer.pointer("/errors/0/extensions/code") == Some(&json!("RATE_LIMITED"));
    let told: Vec<&Value> = answers.iter().filter(busy).collect();
    assert!(told.len() >= 4, "{answers:?}");
    for answer in told {
        assert!(answer["errors"][0]["extensions"]["retryAfter"].as_u64().is_some_and(|wait| wait > 0), "{answer}");
    }
    let after = eventually("an answer again", || async {
        let answer = client.query(asked, json!({})).await;
        answer.get("errors").is_none().then_some(answer)
    })
    .await;
    assert_eq!(list(&after, "/data/payments/nodes").len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_the_end_of_one_tenants_log_holds_up_that_tenant_only() {
    run(Db::Postgres, &[("BILLPAY_WORKER__ENABLED", "false")], hold_a_log).await;
}

/// A batch waits for a lock for two seconds, and the next that holds a payment of the same tenant as long again; the rest
/// is for a busy machine. A lock is held for as long as its holder likes.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

async fn hold_a_log(app: TestApp) {
    app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
    let (held, free) = (app.admin(), app.client("umbrella", USER));
    let first = recorded(&held, &FIRST_ACCOUNT.to_string()).await;
    assert_eq!(first["errors"], json!([]), "{first}");
    let beside = Database::connect(&app.variables()["BILLPAY_DATABASE__URL"]).await.expect("the test's database");
    app.execute("BEGIN; SELECT sequence FROM event_heads WHERE tenant_id = 'acme' FOR UPDATE").await;
    let held_up = join_all((1..5).map(|number| {
        let held = &held;
        async move { recorded(held, &(FIRST_ACCOUNT + number).to_string()).await }
    }));
    let others = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually("a batch to wait", || async { (scalar(&beside, waiting).await >= 1).then_some(()) }).await;
        let account = FIRST_ACCOUNT.to_string();
        let payload = recorded(&free, &account);
        tokio::time::timeout(LONGEST_WAIT, payload).await.expect("another tenant is served in time")
    };
    let (held_up, through) = tokio::join!(held_up, others);
    assert_eq!(through["errors"], json!([]), "{through}");
    for payload in &held_up {
        assert_eq!(text(payload, "/errors/0/code"), "OVERLOADED", "{payload}");
    }
    let key = text(&first, "/payment/idempotencyKey");
    let again = held.create(input_of(&held, &FIRST_ACCOUNT.to_string(), key).await).await;
    assert_eq!((&again["replayed"], &again["payment"]["id"]), (&json!(true), &first["payment"]["id"]), "{again}");
    app.execute("ROLLBACK").await;
    assert_eq!(recorded(&held, &(FIRST_ACCOUNT + 1).to_string()).await["errors"], json!([]));
    beside.close().await.expect("closed");
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "proxied")]
    async fn after_a_pause_one_submission_tries_and_the_others_wait_for_what_comes_of_it(app: TestApp) {
        let client = app.admin();
        client.biller(ELECTRICITY).await;
        app.proxy().always(CLICK_PAYS, Act::Instead(500, json!({})));
        for account in 0..5 {
            let payload = client.create(click_input(&client, &format!("400000{account}")).await).await;
            client.wait_for_status(text(&payload, "/payment/id"), &["NEEDS_REVIEW"]).await;
        }
        let stopped = "SELECT count(*) FROM providers WHERE code = 'click' AND submits_paused_until IS NOT NULL";
        eventually("the pause", || async { (app.scalar(stopped).await == 1).then_some(()) }).await;
        for account in 0..8 {
            let payload = client.create(click_input(&client, &format!("500010{account}")).await).await;
            assert_eq!(payload["errors"], json!([]), "payments are taken meanwhile: {payload}");
        }
        let in_review = "SELECT count(*) FROM payments WHERE status = 'NEEDS_REVIEW'";
        assert_eq!(app.scalar(in_review).await, 5);

        app.clock().advance(Duration::from_secs(6));
        eventually("the probe", || async { (app.scalar(in_review).await == 6).then_some(()) }).await;
        assert_eq!(app.scalar("SELECT count(*) FROM payments WHERE status = 'READY'").await, 7, "one and no more");

        app.proxy().heal();
        app.clock().advance(Duration::from_secs(61));
        let paid = "SELECT count(*) FROM payments WHERE status = 'SUCCEEDED'";
        eventually("the others", || async { (app.scalar(paid).await == 7).then_some(()) }).await;
        assert_eq!(app.scalar(stopped).await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn a_provider_to_which_submissions_pause_is_asked_all_the_same(app: TestApp) {
        let client = app.admin();
        let (found, bank) = (bills(&client, FREIGHT).await, bank(&client).await);
        app.proxy().always(BILL_PAYS, Act::Instead(500, json!({})));
        let mut unknown = Vec::new();
        for bill in &found[..5] {
            let payment = vendors::pay(&client, &bill_input(bill, "20", &bank)).await;
            unknown.push(client.wait_for_status(text(&payment, "/id"), &["UNKNOWN"]).await);
        }
        let stopped = "SELECT count(*) FROM providers WHERE code = 'bill' AND submits_paused_until IS NOT NULL";
        eventually("the pause", || async { (app.scalar(stopped).await == 1).then_some(()) }).await;
        app.execute(&format!("{PAUSE}'bill'")).await;
        let held = vendors::pay(&client, &bill_input(&found[5], "20", &bank)).await;
        let looked = looked_up(&client, &unknown).await;
        app.clock().advance(Duration::from_secs(60));
        eventually("a look-up", || async { (looked_up(&client, &unknown).await > looked).then_some(()) }).await;
        let held = vendors::payment(&client, text(&held, "/id")).await;
        assert_eq!((text(&held, "/status"), calls(&held, "SUBMIT")), ("READY", 0), "{held}");
    }
}

/// How many look-ups were made for payments.
async fn looked_up(client: &Client, payments: &[Value]) -> usize {
    let now = join_all(payments.iter().map(|payment| vendors::payment(client, text(payment, "/id")))).await;
    now.iter().map(|payment| calls(payment, "LOOKUP")).sum()
}

on_both_databases! {
    async fn a_catalogue_says_nothing_of_a_provider_to_which_submissions_pause(app: TestApp) {
        let operator = app.client(OPERATORS, "operator");
        app.admin().biller(KPLC).await;
        app.execute(&format!("{PAUSE}'almara'")).await;
        assert_eq!(operator.data(SYNC, json!({})).await["syncBillers"]["errors"], json!([]));
        let pauses = "SELECT count(*) FROM providers WHERE state = 'DEGRADED' AND submits_paused_until = 4000000000000000";
        assert_eq!(app.scalar(pauses).await, 1, "only an answered submission ends it");
        // That is over, and nobody waits for it.
        app.execute("UPDATE providers SET submits_paused_until = 1 WHERE code = 'almara'").await;
        assert_eq!(operator.data(SYNC, json!({})).await["syncBillers"]["errors"], json!([]));
        let healthy = "SELECT count(*) FROM providers WHERE state = 'HEALTHY' AND submits_paused_until IS NULL";
        assert_eq!(app.scalar(healthy).await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn who_answers_no_question_is_still_sent_payments(app: TestApp) {
        let client = app.admin();
        let (found, bank) = (bills(&client, FREIGHT).await, bank(&client).await);
        app.proxy().next(BILL_PAYS, Act::Instead(500, json!({})));
        let unknown = vendors::pay(&client, &bill_input(&found[0], "20", &bank)).await;
        app.proxy().always_of(Method::GET, BILL_PAYS, Act::Instead(403, json!({})));
        client.wait_for_status(text(&unknown, "/id"), &["UNKNOWN"]).await;
        let refused = "SELECT count(*) FROM providers WHERE state = 'MISCONFIGURED' AND submits_paused_until IS NULL";
        eventually("a refused look-up", || async { (app.scalar(refused).await == 1).then_some(()) }).await;
        let sent = vendors::pay(&client, &bill_input(&found[1], "20", &bank)).await;
        client.wait_for_status(text(&sent, "/id"), &["PENDING", "SUCCEEDED"]).await;
        assert_eq!(app.proxy().posts(BILL_PAYS), 2);
    }
}

/// How long a slow provider takes for its answer; less than a call may take.
const SLOWLY: Duration = Duration::from_millis(900);
const WAITING: usize = 40;

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "proxied"), ("BILLPAY_DATABASE__MAX_CONNECTIONS", "3"),
        ("BILLPAY_WORKER__CONCURRENCY", "64")]
    async fn payments_that_wait_for_a_slow_provider_hold_no_connection(app: TestApp) {
        let client = app.admin();
        client.biller(ELECTRICITY).await;
        app.proxy().always(CLICK_PAYS, Act::Late(SLOWLY));
        let creating = (0..WAITING).map(async |account| {
            client.create(click_input(&client, &format!("51{account:05}")).await).await
        });
        join_all(creating).await;
        let sent = || app.proxy().posts(CLICK_PAYS) == WAITING;
        eventually("all of them to be on their way", || async { sent().then_some(()) }).await;
        if app.variables()["BILLPAY_DATABASE__URL"].starts_with("postgres") {
            let held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()";
            eventually("no connection to be held", || async { (app.scalar(held).await == 0).then_some(()) }).await;
        }
        let waiting = app.scalar("SELECT count(*) FROM payments WHERE status = 'SUBMITTING'").await;
        assert!(waiting > 0, "they still wait");
        let paid = "SELECT count(*) FROM payments WHERE status = 'SUCCEEDED'";
        let all = i64::try_from(WAITING).expect("few");
        eventually("all to be paid", || async { (app.scalar(paid).await == all).then_some(()) }).await;
    }
}
