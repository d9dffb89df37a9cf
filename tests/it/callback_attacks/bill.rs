//! BILL signs the body: without a signature that holds nothing is read; with one a payment is believed as far as our
//! books allow it.

use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use billpay::sandbox::{BILL_WEBHOOK_SECURITY_KEY, CLICKPESA_CHECKSUM_KEY};
use serde_json::{Value, json};

use super::{STORED, XML, assert_flood_is_turned_away, bomb, deep, send, send_part};
use crate::attacks::mac;
use crate::schedule::day_from_now;
use crate::support::client::Client;
use crate::support::proxy::Act;
use crate::support::vendors::{FINAL, FREIGHT, HARBOR, bank, bill_input, bills, calls, pay, payment, wait_for};
use crate::support::{TestApp, eventually, on_both_databases, statuses, text};

/// Where a payment is made.
const PAYMENTS: &str = "/v3/payments";
const SIGNATURE: &str = "x-bill-sha-signature";
/// What the tests send themselves, unlike the sandbox.
const OURS: &str = "SELECT COUNT(*) FROM inbox WHERE dedupe LIKE 'attack-%'";

/// A notification that a payment now has this status.
fn notification(event: &str, payment: &Value, status: &str) -> String {
    json!({
        "metadata": { "eventId": format!("attack-{event}"), "eventType": "payment.updated", "version": "1" },
        "payment": { "id": payment["providerReference"], "transactionNumber": payment["ourReference"],
            "status": status },
    })
    .to_string()
}

fn signature(key: &str, body: &str) -> String {
    BASE64_STANDARD.encode(mac(key, body))
}

/// What BILL itself is answered for a body.
async fn told(app: &TestApp, body: &str) -> u16 {
    let headers = [(SIGNATURE, signature(BILL_WEBHOOK_SECURITY_KEY, body))];
    send(app, "bill", &headers, body.to_owned()).await.0
}

/// A payment that BILL holds for a later day.
async fn held(app: &TestApp, client: &Client) -> Value {
    let found = bills(client, HARBOR).await;
    let mut input = bill_input(&found[0], "40", &bank(client).await);
    input["processDate"] = json!(day_from_now(app, 5));
    let payment = pay(client, &input).await;
    wait_for(client, text(&payment, "/id"), &["PENDING"]).await
}

async fn assert_unchanged(client: &Client, before: &Value) {
    let after = payment(client, text(before, "/id")).await;
    assert_eq!((&after["status"], &after["version"]), (&before["status"], &before["version"]), "{after}");
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c1_bill_only_the_right_signature_over_this_body_is_taken(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let body = notification("c1", &held, "CLEARED");
        let right = signature(BILL_WEBHOOK_SECURITY_KEY, &body);
        let other = notification("c1", &held, "SENT");
        let bytes = mac(BILL_WEBHOOK_SECURITY_KEY, &body);
        for (what, signature) in [
            ("empty", String::new()),
            ("cut short", right[..right.len() - 8].to_owned()),
            ("of half the bytes", BASE64_STANDARD.encode(&bytes[..16])),
            ("another key", signature("another-key", &body)),
            ("another provider's key", signature(CLICKPESA_CHECKSUM_KEY, &body)),
            ("no key", signature("", &body)),
            ("another body", signature(BILL_WEBHOOK_SECURITY_KEY, &other)),
            ("in hex", hex::encode(&bytes)),
            ("in the other base64", BASE64_URL_SAFE_NO_PAD.encode(&bytes)),
            ("with more behind it", format!("{right}AAAA")),
        ] {
            let answer = send(&app, "bill", &[(SIGNATURE, signature)], body.clone()).await;
            assert_eq!(answer, (401, None), "{what}");
        }
        assert_eq!(send(&app, "bill", &[], body.clone()).await.0, 401, "none");
        let elsewhere = [("x-signature", right.clone()), ("authorization", format!("Bearer {right}"))];
        assert_eq!(send(&app, "bill", &elsewhere, body.clone()).await.0, 401, "elsewhere");
        let spaced = format!("{body} ");
        assert_eq!(send(&app, "bill", &[(SIGNATURE, right.clone())], spaced).await.0, 401, "a changed body");
        assert_eq!(app.scalar(OURS).await, 0);
        assert_unchanged(&client, &held).await;
        assert!(app.metrics().await.lines().any(|line| line.contains("\"bill\"") && line.contains("\"refused\"")));
        assert_eq!(send(&app, "bill", &[(SIGNATURE, right)], body).await, (200, None));
        let paid = wait_for(&client, text(&held, "/id"), &FINAL).await;
        assert_eq!(text(&paid, "/status"), "SUCCEEDED", "{paid}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c2_bill_a_replay_changes_nothing_then_or_later(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let (older, newer) = (notification("c2-1", &held, "PROCESSED"), notification("c2-2", &held, "CLEARED"));
        for _ in 0..3 {
            assert_eq!(told(&app, &older).await, 200);
            assert_unchanged(&client, &held).await;
        }
        assert_eq!(app.scalar(OURS).await, 1);
        assert_eq!(told(&app, &newer).await, 200);
        let paid = wait_for(&client, text(&held, "/id"), &FINAL).await;
        for body in [&older, &newer, &older] {
            assert_eq!(told(&app, body).await, 200);
        }
        // One whose id is new says what an old one said.
        assert_eq!(told(&app, &notification("c2-3", &held, "SCHEDULED")).await, 200);
        assert_unchanged(&client, &paid).await;
        assert_eq!(text(&paid, "/status"), "SUCCEEDED", "{paid}");
        assert_eq!(app.scalar(OURS).await, 3);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c4_bill_success_for_what_was_not_sent_goes_to_a_person_and_is_not_sent(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        // Held off before it was made: it is READY, and due again when the hour is over.
        let ready = pay(&client, &bill_input(&found[0], "13.16", &bank(&client).await)).await;
        let id = text(&ready, "/id").to_owned();
        let ready = eventually("an attempt", || async {
            let now = payment(&client, &id).await;
            (calls(&now, "SUBMIT") == 1 && now["status"] == "READY").then_some(now)
        })
        .await;
        let mut body: Value = serde_json::from_str(&notification("c4", &ready, "CLEARED")).expect("JSON");
        body["payment"]["id"] = json!("stp01SANDBOXNEVERMADE");
        assert_eq!(told(&app, &body.to_string()).await, 200);
        let doubted = wait_for(&client, &id, &["NEEDS_REVIEW", "SUCCEEDED"]).await;
        assert_eq!(text(&doubted, "/status"), "NEEDS_REVIEW", "{doubted}");
        assert_eq!(text(&doubted, "/review/reason"), "UNEXPECTED_SUCCESS");
        assert!(!statuses(&doubted).contains(&"SUCCEEDED"), "{doubted}");
        app.clock().advance(Duration::from_secs(3_700));
        let client = app.admin();
        // When another has been paid, the worker has been where this one would have been sent.
        let other = pay(&client, &bill_input(&found[1], "20", &bank(&client).await)).await;
        wait_for(&client, text(&other, "/id"), &["SUCCEEDED"]).await;
        let after = payment(&client, &id).await;
        assert_eq!((text(&after, "/status"), calls(&after, "SUBMIT")), ("NEEDS_REVIEW", 1), "{after}");
        assert_eq!(app.effects_with("bill").await.len(), 1, "the other's");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c5_bill_what_is_signed_and_no_notification_is_refused(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let good = notification("c5", &held, "CLEARED");
        let id = format!("\"id\":{}", held["providerReference"]);
        let twice = good.replace("\"status\":\"CLEARED\"", "\"status\":\"SENT\",\"status\":\"CLEARED\"");
        let twice_outside = format!("{},\"payment\":{{}}}}", good.strip_suffix('}').expect("an object"));
        let typed = [
            good.replace(&id, "\"id\":7"),
            good.replace("\"status\":\"CLEARED\"", "\"status\":4"),
            good.replace("\"eventId\":\"attack-c5\"", "\"eventId\":[\"attack-c5\"]"),
        ];
        let nested = good.replace("\"version\":\"1\"", &format!("\"version\":{}", deep()));
        let long = good.replace("attack-c5", &format!("attack-{}", "5".repeat(300)));
        for body in [twice, twice_outside, nested, long].iter().chain(&typed) {
            assert_ne!(*body, good);
            assert_eq!(told(&app, body).await, 400, "{body:.200}");
        }
        for body in ["", "null", "[]", "{}", "7", "<html></html>", &good[..60]] {
            assert_eq!(told(&app, body).await, 400, "{body}");
        }
        assert_eq!(app.scalar(OURS).await, 0);
        assert_unchanged(&client, &held).await;
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c5_bill_what_is_packed_or_endless_is_not_read(app: TestApp) {
        let packed = [("content-encoding", "gzip".to_owned()), (SIGNATURE, "AAAA".to_owned())];
        assert_eq!(send(&app, "bill", &packed, bomb()).await.0, 401);
        let begun = vec![b' '; 256 * 1024 + 1];
        assert_eq!(send_part(&app, Ipv4Addr::LOCALHOST, "bill", 10 * 1024 * 1024, &begun).await, 413);
        let large = format!("{}{}", " ".repeat(200 * 1024), "{}");
        assert_eq!(told(&app, &large).await, 400);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c5_bill_a_status_that_no_page_has_is_asked_about(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        for (number, status) in ["ROUTED", "cleared", "UNDEFINED", ""].into_iter().enumerate() {
            let looked = calls(&payment(&client, text(&held, "/id")).await, "LOOKUP");
            assert_eq!(told(&app, &notification(&format!("c5-{number}"), &held, status)).await, 200, "{status}");
            eventually("a look-up", || async {
                (calls(&payment(&client, text(&held, "/id")).await, "LOOKUP") > looked).then_some(())
            })
            .await;
            assert_unchanged(&client, &held).await;
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c6_bill_xml_is_refused_signed_or_not(app: TestApp) {
        assert_eq!(told(&app, XML).await, 400);
        assert_eq!(send(&app, "bill", &[], XML).await.0, 401);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_LIMITS__CALLBACKS_PER_MINUTE", "10")]
    async fn c7_bill_a_flood_of_forgeries_is_turned_away(app: TestApp) {
        let nothing = json!({ "providerReference": "stp01NOBODYS", "ourReference": "0".repeat(32) });
        assert_flood_is_turned_away(&app, "bill", &notification("c7", &nothing, "CLEARED"), 401).await;
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_PROVIDERS__BILL__WEBHOOK_SECURITY_KEY", "")]
    async fn c8_bill_without_a_key_nothing_is_taken_and_payments_are_asked_about(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let body = notification("c8", &held, "CLEARED");
        assert_eq!(told(&app, &body).await, 401, "even what BILL itself signed");
        let headers = [(SIGNATURE, signature("", &body))];
        assert_eq!(send(&app, "bill", &headers, body).await.0, 401, "signed with no key");
        let found = bills(&client, HARBOR).await;
        let paid = pay(&client, &bill_input(&found[1], "20", &bank(&client).await)).await;
        let paid = wait_for(&client, text(&paid, "/id"), &FINAL).await;
        assert_eq!(text(&paid, "/status"), "SUCCEEDED", "{paid}");
        assert_unchanged(&client, &held).await;
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn c3_bill_a_success_without_an_amount_is_looked_up_where_none_was_told(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        // It is made for another amount, and the answer that says so is lost.
        app.proxy().next(PAYMENTS, Act::Lose);
        let made = pay(&client, &bill_input(&found[0], "13.25", &bank(&client).await)).await;
        let made = payment(&client, text(&made, "/id")).await;
        let named = json!({ "providerReference": "stp01SANDBOXNOTICED1", "ourReference": made["ourReference"] });
        assert_eq!(told(&app, &notification("vague", &named, "CLEARED")).await, 200);
        let after = payment(&client, text(&made, "/id")).await;
        assert_ne!(text(&after, "/status"), "SUCCEEDED", "only a look-up tells of how much: {after}");
    }
}
