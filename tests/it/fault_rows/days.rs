//! F22: nobody works over a day on which payments are due. What was due then is called off, what is due on the day on
//! which work goes on is paid once.
//!
//! BILLPAY_TEST_DAYS (20) is how many there are for each of the two days.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{BUSY, IDLE, NO_CREATE_RATE, NO_RATE, assert_log_is_whole, client_of, setting, wait_until_ended};
use crate::schedule::day_from_now;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::{Db, TestApp, on_both_databases, text};

const USUAL: usize = 20;
const LONG: usize = 1_000;
const AT_ONCE: usize = 20;
/// Where the sandbox's billers are.
const ZONE: &str = "Africa/Nairobi";
const NOON: Duration = Duration::from_secs(12 * 60 * 60);

on_both_databases! {
    with [IDLE, NO_RATE, NO_CREATE_RATE]
    #[cfg_attr(not(debug_assertions), ignore = "a release build's clock cannot be moved")]
    async fn f22_a_day_without_anybody_at_work_is_missed_and_the_next_is_not(app: TestApp) {
        miss_a_day(&app, setting("BILLPAY_TEST_DAYS", USUAL)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make rows"]
async fn f22_long() {
    for db in [Db::Sqlite, Db::Postgres] {
        let app = TestApp::start(db, &[IDLE, NO_RATE, NO_CREATE_RATE]).await;
        miss_a_day(&app, setting("BILLPAY_TEST_DAYS", LONG)).await;
        app.stop().await;
    }
}

async fn miss_a_day(app: &TestApp, of_each: usize) {
    // It fetches the catalogue, and is gone.
    let first = Program::serve(app, &[BUSY]).await;
    client_of(app, &first).biller(KPLC).await;
    drop(first);
    let (missed, kept) = (day_from_now(app, 1), day_from_now(app, 2));
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    for number in (0..of_each).step_by(AT_ONCE) {
        let numbers = number..of_each.min(number + AT_ONCE);
        join_all(
            numbers
                .flat_map(|number| [(65, number, &missed), (66, number, &kept)])
                .map(|(prefix, number, day)| schedule(&client, &biller, format!("{prefix}{number:05}"), day)),
        )
        .await;
    }
    let noon = until_noon(app, &kept);
    app.clock().advance(noon);
    let later = format!("{}s", noon.as_secs());
    let program = Program::serve(app, &[BUSY, ("BILLPAY_CLOCK_OFFSET", &later)]).await;
    let all = i64::try_from(of_each).expect("few");
    wait_until_ended(app).await;
    let count = async |status: &str, day: &str| {
        let sql = "SELECT count(*) FROM payments WHERE status";
        app.scalar(&format!("{sql} = '{status}' AND process_date = '{day}'")).await
    };
    assert_eq!(count("CANCELLED", &missed).await, all, "{}", program.log());
    assert_eq!(count("SUCCEEDED", &kept).await, all, "{}", program.log());
    assert_eq!(app.effects().await.len(), of_each, "what was missed is not paid, the rest is paid once");
    assert_log_is_whole(app).await;
}

async fn schedule(client: &Client, biller: &str, account: String, day: &str) {
    let mut input = payment_input(biller, &account, "15");
    input["processDate"] = json!(day);
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    assert_eq!(text(&payload, "/payment/status"), "SCHEDULED", "{payload}");
}

/// How long it is until noon of a day where the billers are.
fn until_noon(app: &TestApp, day: &str) -> Duration {
    let day: Date = day.parse().expect("a date");
    let begin = day.to_zoned(TimeZone::get(ZONE).expect("a time zone")).expect("a day").timestamp();
    let left = begin.duration_since(app.clock().now());
    Duration::try_from(left).expect("a day ahead") + NOON
}
