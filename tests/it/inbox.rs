//! The inbox: what waits for its payment is tried again, all of it, and hints that nobody answers for are not kept
//! without end.

use serde_json::json;

use crate::attacks::mac;
use crate::callbacks::completed;
use crate::schedule::day_from_now;
use crate::support::vendors::{HARBOR, bank, bill_input, bills, calls, pay, payment, wait_for};
use crate::support::{TestApp, eventually, on_both_databases, text};

const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";
/// Rows of one statement.
const CHUNK: u32 = 1_000;
const HINTS: &str = "SELECT COUNT(*) FROM inbox WHERE state = 'UNMATCHED' AND NOT verified";

/// Puts callbacks into the inbox as if they had come long ago, numbered from `first` on; oldest first.
async fn put(app: &TestApp, provider: &str, verified: bool, first: u32, count: u32) {
    let is_postgres = app.variables()["BILLPAY_DATABASE__URL"].starts_with("postgres");
    let row = |number: u32| {
        let (id, raw) = if is_postgres {
            (format!("'{number:032x}'"), r"'\x00'".to_owned())
        } else {
            (format!("x'{number:032x}'"), "x'00'".to_owned())
        };
        format!("('{provider}', 'put-{number}', {id}, {number}, {raw}, {verified}, 'UNMATCHED', 'nothing-{number}')")
    };
    for chunk in (first..first + count).collect::<Vec<_>>().chunks(CHUNK as usize) {
        let rows: Vec<_> = chunk.iter().copied().map(row).collect();
        let columns = "provider, dedupe, id, received_at, raw, verified, state, provider_reference";
        app.execute(&format!("INSERT INTO inbox ({columns}) VALUES {}", rows.join(", "))).await;
    }
}

/// How many of the rows that were put in bear this number.
async fn put_in(app: &TestApp, number: u32) -> i64 {
    app.scalar(&format!("SELECT COUNT(*) FROM inbox WHERE dedupe = 'put-{number}'")).await
}

on_both_databases! {
    async fn c8_at_most_ten_thousand_hints_wait_and_all_that_was_signed(app: TestApp) {
        // The signed ones are older than any hint, and one provider's hints do not count for another.
        put(&app, "almara", true, 1, 50).await;
        put(&app, "bill", false, 100, 50).await;
        put(&app, "almara", false, 1_000, 10_000).await;
        for number in 1..=3_i64 {
            let hint = completed(NOBODYS, &format!("01000000-0000-0a00-0000-{number:012}"), "15.00");
            assert_eq!(app.callback("almara", hint).await, 200);
            assert_eq!(app.scalar(&format!("{HINTS} AND provider = 'almara'")).await, 10_000);
        }
        for (number, left) in [(1_000, 0), (1_002, 0), (1_003, 1), (10_999, 1), (1, 1), (50, 1), (100, 1)] {
            assert_eq!(put_in(&app, number).await, left, "{number}");
        }
        let newest = "SELECT COUNT(*) FROM inbox WHERE provider_reference LIKE '01000000-%'";
        assert_eq!(app.scalar(newest).await, 3, "what came last is kept");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn f8_the_oldest_of_many_that_wait_finds_its_payment_at_the_next_callback(app: TestApp) {
        let client = app.admin();
        put(&app, "bill", true, 1, 2_500).await;
        let found = bills(&client, HARBOR).await;
        let mut input = bill_input(&found[0], "40", &bank(&client).await);
        input["processDate"] = json!(day_from_now(&app, 5));
        let id = text(&pay(&client, &input).await, "/id").to_owned();
        let held = wait_for(&client, &id, &["PENDING"]).await;
        let looked = calls(&payment(&client, &id).await, "LOOKUP");
        let name = text(&held, "/providerReference");
        app.execute(&format!("UPDATE inbox SET provider_reference = '{name}' WHERE dedupe = 'put-1'")).await;
        let later = json!({
            "metadata": { "eventId": "later", "eventType": "payment.updated" },
            "payment": { "id": "stp01NOBODYS", "status": "SCHEDULED" },
        })
        .to_string();
        let signature = mac(billpay::sandbox::BILL_WEBHOOK_SECURITY_KEY, &later);
        let signature = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, signature);
        let request = app.http().post(app.url("/callbacks/bill")).header("x-bill-sha-signature", signature);
        assert_eq!(request.body(later).send().await.expect("an answer").status(), 200);
        eventually("the match", || async {
            let matched = "SELECT COUNT(*) FROM inbox WHERE dedupe = 'put-1' AND state = 'MATCHED'";
            (app.scalar(matched).await == 1).then_some(())
        })
        .await;
        eventually("a look-up", || async { (calls(&payment(&client, &id).await, "LOOKUP") > looked).then_some(()) })
            .await;
        assert_eq!(app.scalar("SELECT COUNT(*) FROM inbox WHERE dedupe LIKE 'put-%'").await, 2_500);
        assert_eq!(app.scalar("SELECT COUNT(*) FROM inbox WHERE dedupe = 'later' AND state = 'UNMATCHED'").await, 1);
    }
}
