//! The soak: a server is kept busy for a long time, and its memory must stay flat.
//!
//! `make soak` runs it for MINUTES (30), on each database one after the other, or on the one that ON names. The server is
//! a process of its own, so that nothing of the test or the sandbox is counted in. The first quarter is the warm-up; over
//! the rest a line is laid through the resident memory by least squares, in whole numbers. An endpoint of webhooks and
//! two subscribers hear of everything meanwhile, and must have heard of all of it in the end.

mod audience;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::audience::Audience;
use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::{Db, TestApp, until_none};
use crate::webhooks::{KEY, TRIAL};

const CALLERS: u64 = 6;
/// What each caller rests between two payments: a steady load, not the most that can be done.
const REST: Duration = Duration::from_millis(120);
/// What a server may grow by; caches fill for a while after the warm-up.
const MOST_GROWTH_KIB_PER_MINUTE: i128 = 128;
/// In less time the line says nothing.
const SHORTEST_JUDGED: u64 = 8;
/// What would be much for so few callers.
const MOST_FILES: usize = 200;
const MOST_WAITING: i64 = 500;
const SAMPLE: Duration = Duration::from_secs(1);
const PAGE: &str = "{ payments(first: 20) { nodes { id status amount { amount } biller { name } } } }";

struct Sample {
    second: i128,
    rss_kib: i128,
    files: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half an hour a database: make soak"]
async fn soak() {
    let minutes: u64 = std::env::var("MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let wanted = std::env::var("ON").unwrap_or_default();
    for (name, db) in [("sqlite", Db::Sqlite), ("postgres", Db::Postgres)] {
        if wanted.is_empty() || wanted == name {
            soak_one(db, minutes).await;
        }
    }
}

async fn soak_one(db: Db, minutes: u64) {
    let unlimited = ("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "0");
    let app = TestApp::start(db, &[("BILLPAY_WORKER__ENABLED", "false"), unlimited, KEY, TRIAL]).await;
    let program = Program::serve(&app, &[("BILLPAY_WORKER__ENABLED", "true")]).await;
    let client = app.client_at(program.address, &app.token(TENANT, ALL));
    let biller: Arc<str> = client.biller(KPLC).await.into();
    let audience = Audience::seat(&app, &program).await;
    let (is_over, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        callers.spawn(call(client.clone(), biller.clone(), number, is_over.clone(), made.clone()));
    }
    let samples = watch(&program, Duration::from_secs(60 * minutes)).await;
    is_over.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller.expect("a caller does not panic");
    }
    let waiting = app.scalar("SELECT count(*) FROM payments WHERE status = 'READY'").await;
    let settled = &samples[samples.len() / 4..];
    let growth = kib_per_minute(settled);
    let files = settled.iter().map(|sample| sample.files).max().unwrap_or_default();
    let (first, last) = (settled.first().map(|one| one.rss_kib), settled.last().map(|one| one.rss_kib));
    println!(
        "soak, {db:?}: {minutes} min, {} payments, memory {first:?} to {last:?} KiB after the warm-up, \
         {growth} KiB/min, at most {files} files, {waiting} waiting",
        made.load(Ordering::Relaxed)
    );
    assert!(files < MOST_FILES && waiting < MOST_WAITING, "{files} files, {waiting} waiting");
    assert!(minutes < SHORTEST_JUDGED || growth <= MOST_GROWTH_KIB_PER_MINUTE, "memory grows: {growth} KiB/min");
    settle(&app).await;
    audience.is_told_all(&app).await;
    // Before the server goes, whose end would be news to it.
    drop(audience);
    drop(program);
    app.stop().await;
}

/// Waits until nothing is open any more, so that no event is still to come.
async fn settle(app: &TestApp) {
    let open = "SELECT count(*) FROM payments WHERE status NOT IN ('SUCCEEDED', 'FAILED', 'NEEDS_REVIEW')";
    until_none(app, "something to be settled", open).await;
}

/// Pays and reads, over and over.
async fn call(client: Client, biller: Arc<str>, number: u64, is_over: Arc<AtomicBool>, made: Arc<AtomicU64>) {
    let mut count = 0_u64;
    while !is_over.load(Ordering::Relaxed) {
        let mut input = payment_input(&biller, &format!("2{number:02}{count:07}"), "15");
        input["wait"] = json!(if count.is_multiple_of(2) { "RECORDED" } else { "SUBMITTED" });
        let payload: Value = client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        client.data(PAGE, json!({})).await;
        made.fetch_add(1, Ordering::Relaxed);
        count += 1;
        tokio::time::sleep(REST).await;
    }
}

/// Looks at the process once a second.
async fn watch(program: &Program, length: Duration) -> Vec<Sample> {
    let (began, mut samples) = (Instant::now(), Vec::new());
    let mut ticks = tokio::time::interval(SAMPLE);
    while began.elapsed() < length {
        ticks.tick().await;
        let files = fs::read_dir(program.proc_file("fd")).expect("a process that runs").count();
        samples.push(Sample { second: i128::from(began.elapsed().as_secs()), rss_kib: program.rss_kib(), files });
    }
    samples
}

/// The slope of the line through the samples that is nearest to all of them.
fn kib_per_minute(samples: &[Sample]) -> i128 {
    let count = i128::try_from(samples.len()).expect("few samples");
    let sum = |of: fn(&Sample) -> i128| samples.iter().map(of).sum::<i128>();
    let (x, y) = (sum(|one| one.second), sum(|one| one.rss_kib));
    let spread = count * sum(|one| one.second * one.second) - x * x;
    if spread == 0 { 0 } else { 60 * (count * sum(|one| one.second * one.rss_kib) - x * y) / spread }
}

#[test]
fn the_slope_is_that_of_the_line() {
    let line = |by: i128| {
        let samples = (0..100).map(|second| Sample { second, rss_kib: 5_000 + by * second, files: 0 });
        kib_per_minute(&samples.collect::<Vec<_>>())
    };
    assert_eq!((line(0), line(3), line(-1)), (0, 180, -60));
}
