//! What the tests stand on: a server of their own with a sandbox and a database of its own, and clients for it.

pub mod app;
pub mod client;
pub mod database;
pub mod meter;
pub mod numbers;
pub mod program;
pub mod proxy;
pub mod receiver;
pub mod subscription;
pub mod vendors;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;

pub use self::app::TestApp;
pub use self::database::Db;

/// No test may take longer, whatever it waits for. The longest takes a quarter of it on a machine that does nothing else.
const LONGEST_TEST: Duration = Duration::from_secs(240);

/// Runs a test on a server of its own, and cleans up behind it even where it fails.
pub async fn run<F: Future<Output = ()>>(db: Db, settings: &[(&str, &str)], test: impl FnOnce(TestApp) -> F) {
    let app = TestApp::start(db, settings).await;
    let outcome = tokio::time::timeout(LONGEST_TEST, AssertUnwindSafe(test(app.clone())).catch_unwind()).await;
    app.stop().await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_elapsed) => panic!("the test took longer than {LONGEST_TEST:?}"),
    }
}

/// Makes of one test two: on SQLite and on PostgreSQL. `with [("BILLPAY_…", "…")]` adds settings.
macro_rules! on_both_databases {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block) => {
        on_both_databases! { with [] $(#[$meta])* async fn $name($app: TestApp) $body }
    };
    (with [$($setting:expr),*] $(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block) => {
        mod $name {
            use super::*;

            async fn test($app: $crate::support::TestApp) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::support::run($crate::support::Db::Sqlite, &[$($setting),*], test).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::support::run($crate::support::Db::Postgres, &[$($setting),*], test).await;
            }
        }
    };
}
pub(crate) use on_both_databases;

/// Asks again and again until `found` has an answer; fails after twenty seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut found: impl FnMut() -> F) -> T {
    let give_up = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = found().await {
            return answer;
        }
        assert!(tokio::time::Instant::now() < give_up, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Waits until a statement counts none any more, as long as it counts fewer in time.
pub async fn until_none(app: &TestApp, what: &str, count: &str) {
    let mut left = i64::MAX;
    while left > 0 {
        let before = left;
        left = eventually(what, || async {
            let now = app.scalar(count).await;
            (now < before).then_some(now)
        })
        .await;
    }
}

/// The text at a place of an answer.
#[track_caller]
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

/// The list at a place of an answer.
#[track_caller]
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list at {pointer} of {value}"))
}

/// The whole number at a place of an answer, written as a number or as a text.
#[track_caller]
pub fn number(value: &Value, pointer: &str) -> i64 {
    let found = value.pointer(pointer);
    let number = found.and_then(|found| found.as_i64().or_else(|| found.as_str()?.parse().ok()));
    number.unwrap_or_else(|| panic!("no number at {pointer} of {value}"))
}

/// An amount with two decimals in minor units.
#[track_caller]
pub fn minor(value: &Value, pointer: &str) -> i64 {
    let amount = text(value, pointer);
    let (whole, cents) = amount.split_once('.').unwrap_or_else(|| panic!("{amount} has no decimals"));
    assert_eq!(cents.len(), 2, "{amount}");
    format!("{whole}{cents}").parse().unwrap_or_else(|_| panic!("{amount} is no amount"))
}

/// The statuses that a payment went through, as its events tell.
#[track_caller]
pub fn statuses(payment: &Value) -> Vec<&str> {
    list(payment, "/events").iter().map(|event| text(event, "/status")).collect()
}

/// Asserts that a payment's events are all there: versions from 1 without a gap up to the payment's own, sequences
/// that rise, and the last status the payment's.
#[track_caller]
pub fn assert_whole_life(payment: &Value) {
    let events = list(payment, "/events");
    let versions: Vec<_> = events.iter().map(|event| number(event, "/version")).collect();
    let last = number(payment, "/version");
    assert_eq!(versions, (1..=last).collect::<Vec<_>>(), "{payment}");
    let sequences: Vec<_> = events.iter().map(|event| number(event, "/sequence")).collect();
    assert!(sequences.is_sorted_by(|one, next| one < next), "{sequences:?}");
    assert_eq!(statuses(payment).last().copied(), Some(text(payment, "/status")), "{payment}");
}
