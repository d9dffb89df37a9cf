//! Plans: on a PostgreSQL with a million payments, no statement that is asked often reads a large table from end to end,
//! sorts on disk, or walks an index for what it then throws away.
//!
//! The plans are those of the product's own statements, as they were executed: the database explains to each session of
//! a server in a process of its own whatever it executes (`auto_explain`), the server's log keeps that, and the test
//! reads it. None is excused but what counts all that is open, or final, for the metrics, which may look at as many rows.
//! A statement that is asked often and did not run fails the test as well; so does a test database whose role may not load
//! `auto_explain`.

mod operations;
mod plan;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Value, json};

use self::plan::Plan;
use crate::support::app::{ALL, TENANT};
use crate::support::client::KPLC;
use crate::support::program::Program;
use crate::support::{Db, TestApp, eventually};

const SEED: &str = include_str!("plans/seed.sql");
/// Filling the database takes most of it.
const LONGEST: Duration = Duration::from_secs(300);
/// A table with more rows than this is large.
const LARGE: i64 = 10_000;

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
/// Few connections, so that each repeats its statements until the database plans them once and for all.
const BUSY: [(&str, &str); 7] = [
    ("BILLPAY_WORKER__ENABLED", "true"),
    ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0"),
    ("BILLPAY_DATABASE__MAX_CONNECTIONS", "3"),
    ("BILLPAY_SECRETS_KEY", "the test of plans keeps its secrets so"),
    ("BILLPAY_EGRESS__ALLOW_PRIVATE_WEBHOOKS", "true"),
    ("BILLPAY_LOG__FORMAT", "json"),
    ("BILLPAY_LOG__FILTER", "warn,sqlx::postgres::notice=info"),
];
/// What the database tells a session of the statements that it executes.
const EXPLAINED: [(&str, &str); 7] = [
    ("session_preload_libraries", "auto_explain"),
    ("auto_explain.log_min_duration", "0"),
    ("auto_explain.log_level", "notice"),
    ("auto_explain.log_format", "json"),
    ("auto_explain.log_analyze", "on"),
    ("auto_explain.log_timing", "off"),
    ("auto_explain.log_triggers", "off"),
];

const BRIEF: &str = "query ($after: String) { payments(first: 20, after: $after) { pageInfo { endCursor } nodes {
    id status amount { amount currency } biller { name } billNumber { accountReference dueDate } } } }";
/// A connection plans a statement once and for all after its fifth execution; there are three.
const BRIEF_REPEATS: u32 = 18;

/// The statements that are asked often, each with words that only it has.
const OFTEN: [(&str, &str); 50] = [
    ("create: the bill of an account", r#"SELECT "id", "due_date" FROM "bills" WHERE"#),
    ("create: the bills of accounts", "FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[])"),
    ("create: at once", "INSERT INTO submissions (id, tenant_id"),
    ("create: keys", r#""payments"."idempotency_key" = $2"#),
    ("create: claims held", r#""bill_claims"."payment_id" FROM "bill_claims" WHERE"#),
    ("create: payments", r#"INSERT INTO "payments""#),
    ("create: claims", r#"INSERT INTO "bill_claims""#),
    ("create: the log's head", "INSERT INTO event_heads"),
    ("due: claim", "AND TRUE AND next_action_at IS NOT NULL"),
    ("due: claim of what was never sent", "AND submits = 0 AND attempt_count = 0 AND next_action_at IS NOT NULL"),
    ("due: next", "AS BIGINT) FROM submissions"),
    ("claimed: payments", r#"FROM "payments" WHERE "payments"."submission_id" IN ("#),
    ("claimed: parts", r#"FROM "allocations" WHERE "allocations"."payment_id" IN ("#),
    ("mark", "INSERT INTO attempts (submission_id, no, fence"),
    ("settle: at once", "INSERT INTO receipts (payment_id, tenant_id"),
    ("settle: payment", r#"UPDATE "payments" SET "status""#),
    ("settle: lease", r#"UPDATE "submissions" SET "lease_owner""#),
    ("settle: claim", r#"DELETE FROM "bill_claims""#),
    ("payments: page 1", r#"WHERE "payments"."tenant_id" = (SELECT $2) ORDER BY "payments"."id" DESC LIMIT 21"#),
    ("payments: page 1,000", r#""payments"."tenant_id" = (SELECT $2) AND "payments"."id" < (SELECT $3) ORDER BY"#),
    ("payments: brief", r#"SELECT "payments"."id", "payments"."provider", "payments"."biller_id""#),
    ("payments: by status", r#""payments"."tenant_id" = $2 AND "payments"."status" IN ("#),
    ("payments: by biller", r#""payments"."tenant_id" = $2 AND "payments"."biller_id" = $3"#),
    ("payments: open ones of bills", r#"FROM "allocations" WHERE "allocations"."bill_id" IN ("#),
    ("look-up: asked for", r#"UPDATE "submissions" SET "look_up_requests""#),
    ("look-up: what was in the air", r#"UPDATE "attempts" SET "state" = $1 WHERE "attempts"."submission_id" IN ("#),
    ("look-up: submission", r#"FROM "submissions" WHERE "submissions"."id" = $1 LIMIT $2 FOR UPDATE"#),
    ("look-up: payments", r#"FROM "payments" WHERE "payments"."submission_id" = $1"#),
    ("look-up: counted", r#"UPDATE "submissions" SET "attempt_count" = $1 WHERE"#),
    ("look-up: begun", r#"INSERT INTO "attempts""#),
    ("look-up: ended", r#"UPDATE "attempts" SET "state" = $1, "ended_at""#),
    ("events: page", r#"ORDER BY "events"."sequence" ASC LIMIT"#),
    ("events: of objects", r#""events"."subject_id" IN ("#),
    ("events: with these sequences", r#""events"."sequence" IN ("#),
    ("events: the log goes on", "SELECT 1 WHERE EXISTS (SELECT 1 FROM events WHERE tenant_id = $1"),
    ("heads: one", r#"FROM "event_heads" WHERE "event_heads"."tenant_id" = $1"#),
    ("heads: those waited for", r#"FROM "event_heads" WHERE "event_heads"."tenant_id" IN ("#),
    ("callbacks: whose", r#""submissions"."provider" = $1 AND "submissions"."provider_key" = $2"#),
    ("callbacks: those that wait", "WITH page AS MATERIALIZED (SELECT id, our_reference"),
    ("callbacks: old hints", "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox"),
    ("webhooks: due", "SELECT e.fence FROM webhook_endpoints e JOIN event_heads h"),
    ("webhooks: claim", "WITH ranked AS (SELECT e.id, e.served_at"),
    ("webhooks: tried before", r#""webhook_deliveries"."endpoint_id" = $1 AND "webhook_deliveries"."sequence" IN ("#),
    ("webhooks: payments", r#""payments"."tenant_id" = $1 AND "payments"."id" IN ("#),
    ("webhooks: step", r#"UPDATE "webhook_endpoints" SET "handled_through""#),
    ("callback URLs: events", "FROM events e JOIN payments p ON p.id = e.subject_id"),
    ("callback URLs: who is gone", r#"SELECT DISTINCT "webhook_deliveries"."payment_id""#),
    ("callback URLs: kept", r#"INSERT INTO "webhook_deliveries""#),
    ("callback URLs: due", "SELECT d.* FROM webhook_deliveries d WHERE d.endpoint_id = $1"),
    ("callback URLs: rest", "UPDATE webhook_endpoints SET lease_owner = NULL"),
];

/// What is asked for the metrics, each with words that only it has.
const COUNTED: [(&str, &str); 3] = [
    ("metrics: what is open", "min(s.review_at), min(p.review_since)"),
    ("metrics: what is final, once a minute", "'REVERSED') GROUP BY status"),
    ("metrics: what nobody works on", "p.status <> 'NEEDS_REVIEW' AND s.id IS NULL"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_asked_often_go_by_indexes_among_a_million_payments() {
    let app = TestApp::start(Db::Postgres, &[IDLE]).await;
    let outcome = tokio::time::timeout(LONGEST, AssertUnwindSafe(examine(&app)).catch_unwind()).await;
    app.stop().await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_elapsed) => panic!("the test took longer than {LONGEST:?}"),
    }
}

async fn examine(app: &TestApp) {
    fetch_billers(app).await;
    app.execute(SEED).await;
    // As autovacuum leaves tables that have stood for a while.
    app.execute("VACUUM (ANALYZE)").await;
    explain_new_sessions(app).await;
    let program = Program::serve(app, &BUSY).await;
    ask_briefly(app, &program).await;
    let waiting = operations::run(app, &program).await;
    told::run(app, &program).await;
    scrape(app, &program).await;
    let mut log = program.log();
    for (what, words) in OFTEN.into_iter().chain(COUNTED) {
        let logged = as_logged(words);
        if !log.contains(&logged) {
            log = eventually(what, || async { Some(program.log()).filter(|log| log.contains(&logged)) }).await;
        }
    }
    drop(waiting);
    let plans: Vec<Plan> = program.log().lines().filter_map(Plan::read).collect();
    let large = large_tables(app, &plans).await;
    // A statement is repeated; each of its faults is told once, with the first plan that has it.
    let mut faults = BTreeMap::new();
    for plan in &plans {
        let counts = COUNTED.iter().any(|(_, words)| plan.statement.contains(words));
        for fault in plan.faults(&large).into_iter().filter(|fault| !counts || fault.kind != "rows") {
            faults.entry((fault.kind, plan.statement.as_str())).or_insert_with(|| format!("{}\n{plan}", fault.words));
        }
    }
    let told: Vec<_> = faults.into_values().collect();
    assert!(told.is_empty(), "{} faults among {} plans:\n\n{}", told.len(), plans.len(), told.join("\n"));
}

/// The catalogue comes with the first worker.
async fn fetch_billers(app: &TestApp) {
    let program = Program::serve(app, &BUSY).await;
    app.client_at(program.address, &app.token(TENANT, ALL)).biller(KPLC).await;
}

/// Asks for pages of what lists usually ask for, until each connection has planned them once and for all.
async fn ask_briefly(app: &TestApp, program: &Program) {
    let client = app.client_at(program.address, &app.token(TENANT, ALL));
    client.biller(KPLC).await;
    let mut after = Value::Null;
    for _ in 0..2 * BRIEF_REPEATS {
        let data = client.data(BRIEF, json!({ "after": after })).await;
        after = if after.is_null() { data["payments"]["pageInfo"]["endCursor"].clone() } else { Value::Null };
    }
}

/// Asks for the metrics, as often as a connection needs to plan their statements once and for all.
async fn scrape(app: &TestApp, program: &Program) {
    for _ in 0..operations::REPEATS {
        let answer = app.http().get(program.url("/metrics")).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

async fn explain_new_sessions(app: &TestApp) {
    app.execute("LOAD 'auto_explain'").await;
    for (name, value) in EXPLAINED {
        let change = format!("ALTER DATABASE %I SET {name} = {value}");
        app.execute(&format!("DO $$ BEGIN EXECUTE format('{change}', current_database()); END $$")).await;
    }
}

/// Words of a statement as a line of the log has them: JSON within JSON.
fn as_logged(words: &str) -> String {
    let mut logged = words.to_owned();
    for _ in 0..2 {
        let quoted = Value::from(logged).to_string();
        logged = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    }
    logged
}

/// Those of the tables in these plans that are large.
async fn large_tables(app: &TestApp, plans: &[Plan]) -> BTreeSet<String> {
    let named: BTreeSet<&str> = plans.iter().flat_map(Plan::tables).collect();
    let mut large = BTreeSet::new();
    for table in named {
        let sql = format!(
            "SELECT coalesce(max(reltuples), 0)::bigint FROM pg_class WHERE oid = to_regclass('public.{table}')"
        );
        if app.scalar(&sql).await > LARGE {
            large.insert(table.to_owned());
        }
    }
    assert!(large.contains("payments") && large.contains("submissions"), "the database was not filled: {large:?}");
    large
}
