//! F8: notifications that come before anybody knows their payments, each with BILL's signature over its own body. All
//! are kept, and each finds its payment once that is known.
//!
//! Payments become known under the names in the notifications by hand: BILL's own names are BILL's to choose.
//! BILLPAY_TEST_NOTICES (100) is how many there are.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billpay::sandbox::BILL_WEBHOOK_SECURITY_KEY;
use futures_util::future::join_all;
use serde_json::json;

use super::{BUSY, IDLE, NO_CREATE_RATE, NO_RATE, setting};
use crate::attacks::mac;
use crate::schedule::day_from_now;
use crate::support::app::OPERATORS;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::{Db, TestApp, eventually, on_both_databases, text};

const USUAL: usize = 100;
const LONG: usize = 1_000;
const AT_ONCE: usize = 20;
/// So far ahead that none of them is due.
const DAYS: i64 = 30;
const BILL: (&str, &str) = ("BILLPAY_TEST_BILL", "on");
/// All come from one address.
const NO_CALLBACK_RATE: (&str, &str) = ("BILLPAY_LIMITS__CALLBACKS_PER_MINUTE", "0");
const SYNC: &str = "mutation { syncBillers(input: {}) { errors { code } } }";

on_both_databases! {
    with [IDLE, BILL, NO_RATE, NO_CREATE_RATE, NO_CALLBACK_RATE]
    async fn f8_each_of_many_signed_notifications_finds_its_payment(app: TestApp) {
        hear_early(&app, setting("BILLPAY_TEST_NOTICES", USUAL)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make rows"]
async fn f8_long() {
    for db in [Db::Sqlite, Db::Postgres] {
        let app = TestApp::start(db, &[IDLE, BILL, NO_RATE, NO_CREATE_RATE, NO_CALLBACK_RATE]).await;
        hear_early(&app, setting("BILLPAY_TEST_NOTICES", LONG)).await;
        app.stop().await;
    }
}

async fn hear_early(app: &TestApp, count: usize) {
    for first in (0..count).step_by(AT_ONCE) {
        let numbers = first..count.min(first + AT_ONCE);
        join_all(numbers.map(|number| tell(app, app.url("/callbacks/bill"), name_of(number)))).await;
    }
    let all = i64::try_from(count).expect("few");
    let waiting = "SELECT count(*) FROM inbox WHERE state = 'UNMATCHED' AND verified";
    assert_eq!(app.scalar(waiting).await, all, "some were not kept");

    make_known(app, count).await;
    let program = Program::serve(app, &[BUSY]).await;
    // Whoever hears of something tries all that wait once more.
    tell(app, program.url("/callbacks/bill"), "stp01NOBODYS".to_owned()).await;
    let mut matched = 0;
    while matched < all {
        matched = more_are_matched(app, matched).await;
    }
    assert_eq!(app.scalar("SELECT count(*) FROM inbox").await, all + 1, "some were dropped");
    assert_eq!(app.scalar("SELECT count(DISTINCT payment_id) FROM inbox WHERE state = 'MATCHED'").await, all);
    let others = "SELECT count(*) FROM inbox JOIN payments ON payments.id = inbox.payment_id \
        JOIN submissions ON submissions.id = payments.submission_id \
        WHERE submissions.provider_reference <> inbox.provider_reference";
    assert_eq!(app.scalar(others).await, 0, "some found another's payment");
    assert_eq!(app.scalar("SELECT count(*) FROM submissions WHERE look_up_requests > 0").await, all);
}

/// What BILL calls a payment.
fn name_of(number: usize) -> String {
    format!("stp01EARLY{number:05}")
}

/// Tells of a payment, as BILL does.
async fn tell(app: &TestApp, url: String, payment: String) {
    let body = json!({
        "metadata": { "eventId": format!("early-{payment}"), "eventType": "payment.updated" },
        "payment": { "id": payment, "status": "SCHEDULED" },
    })
    .to_string();
    let signature = BASE64_STANDARD.encode(mac(BILL_WEBHOOK_SECURITY_KEY, &body));
    let request = app.http().post(url).header("x-bill-sha-signature", signature).body(body);
    assert_eq!(request.send().await.expect("an answer").status(), 200, "{payment}");
}

/// Payments that bear these names, and are not due for a long time.
async fn make_known(app: &TestApp, count: usize) {
    app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
    let biller = app.admin().biller(KPLC).await;
    let day = day_from_now(app, DAYS);
    for first in (0..count).step_by(AT_ONCE) {
        let client = app.admin();
        let numbers = first..count.min(first + AT_ONCE);
        let made = join_all(numbers.clone().map(|number| schedule(&client, &biller, number, &day))).await;
        for (number, ours) in numbers.zip(made) {
            let named = format!("provider = 'bill', provider_reference = '{}'", name_of(number));
            app.execute(&format!("UPDATE submissions SET {named} WHERE provider_key = '{ours}'")).await;
        }
    }
    app.execute("UPDATE payments SET provider = 'bill'").await;
}

/// Makes a payment; tells its reference.
async fn schedule(client: &Client, biller: &str, number: usize, day: &str) -> String {
    let mut input = payment_input(biller, &format!("76{number:05}"), "15");
    input["processDate"] = json!(day);
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    text(&payload, "/payment/ourReference").to_owned()
}

/// Waits until more have found their payment than these; tells how many.
async fn more_are_matched(app: &TestApp, before: i64) -> i64 {
    let matched = "SELECT count(*) FROM inbox WHERE state = 'MATCHED'";
    eventually("a notification to find its payment", || async {
        let now = app.scalar(matched).await;
        (now > before).then_some(now)
    })
    .await
}
