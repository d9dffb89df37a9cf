//! Days: what is to be paid later is held, released on its day, and given up when its day is over.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::support::client::{KPLC, payment_input};
use crate::support::{TestApp, assert_whole_life, on_both_databases, statuses, text};

/// Where the sandbox's billers are.
const ZONE: &str = "Africa/Nairobi";

/// A day in the billers' time zone, counted from today.
pub fn day_from_now(app: &TestApp, days: i64) -> String {
    let today = app.clock().now().to_zoned(TimeZone::get(ZONE).expect("a time zone")).date();
    today.saturating_add(days.days()).to_string()
}

/// How long it is until a day begins in the billers' time zone, and a minute more.
fn until_day(app: &TestApp, day: &str) -> Duration {
    let day: jiff::civil::Date = day.parse().expect("a date");
    let begin: Timestamp = day.to_zoned(TimeZone::get(ZONE).expect("a time zone")).expect("a day").timestamp();
    let left = begin.duration_since(app.clock().now());
    Duration::try_from(left).expect("a day ahead") + Duration::from_secs(60)
}

on_both_databases! {
    async fn a_payment_for_tomorrow_is_held_and_paid_tomorrow(app: TestApp) {
        let tomorrow = day_from_now(&app, 1);
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["processDate"] = json!(tomorrow);
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/payment/status"), "SCHEDULED", "{payload}");
        assert_eq!(text(&payload, "/payment/processDate"), tomorrow);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let id = text(&payload, "/payment/id");
        assert_eq!(text(&client.payment(id).await, "/status"), "SCHEDULED");
        assert_eq!(app.effects().await.len(), 0);
        app.clock().advance(until_day(&app, &tomorrow));
        let payment = app.admin().wait_for_status(id, &["SUCCEEDED", "FAILED", "CANCELLED"]).await;
        assert_eq!(statuses(&payment), ["SCHEDULED", "READY", "SUBMITTING", "PENDING", "SUCCEEDED"], "{payment}");
        assert_whole_life(&payment);
        assert_eq!(text(&payment, "/events/1/type"), "PAYMENT_RELEASED");
        assert_eq!(app.effects_of(&payment).await.len(), 1);
    }
}

on_both_databases! {
    async fn f22_a_day_that_was_missed_cancels_the_payment(app: TestApp) {
        let tomorrow = day_from_now(&app, 1);
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["processDate"] = json!(tomorrow);
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/payment/status"), "SCHEDULED", "{payload}");
        app.clock().advance(until_day(&app, &day_from_now(&app, 2)));
        let client = app.admin();
        let payment = client.wait_for_status(text(&payload, "/payment/id"), &["CANCELLED", "SUCCEEDED"]).await;
        assert_eq!(statuses(&payment), ["SCHEDULED", "CANCELLED"], "{payment}");
        assert_whole_life(&payment);
        assert!(payment["events"][1]["reason"].is_string());
        assert_eq!(app.effects().await.len(), 0);
        let again = client.paid("1111111").await;
        assert_ne!(again["id"], payment["id"], "the bill is free again");
    }
}

on_both_databases! {
    async fn today_is_now(app: TestApp) {
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["processDate"] = json!(day_from_now(&app, 0));
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/payment/events/0/status"), "READY", "{payload}");
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
    }
}

on_both_databases! {
    async fn m6_a_leap_day_ahead_is_taken(app: TestApp) {
        let leap_day = "2028-02-29";
        if day_from_now(&app, 0).as_str() >= leap_day || day_from_now(&app, 730).as_str() < leap_day {
            return;
        }
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["processDate"] = json!(leap_day);
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/payment/processDate"), leap_day, "{payload}");
    }
}
