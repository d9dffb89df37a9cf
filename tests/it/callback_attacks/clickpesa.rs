//! ClickPesa signs with a checksum in the body, where a key is set: then what it says of money counts. Where none is
//! set a webhook is a hint of which number was paid, and the provider itself is asked how much.

use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billpay::sandbox::{BILL_WEBHOOK_SECURITY_KEY, CLICKPESA_CHECKSUM_KEY};
use serde_json::{Value, json};

use super::{STORED, XML, assert_flood_is_turned_away, bomb, deep, send, send_part};
use crate::attacks::{canonical, mac, sealed};
use crate::support::app::{COLLECTOR, TENANT};
use crate::support::numbers::{ask_for, collections, find, made, order, pay, wait_for_collections, wait_for_status};
use crate::support::{TestApp, on_both_databases, text};

/// Whether the newest payments are to be read at once.
const WANTED: &str = "SELECT COUNT(*) FROM providers WHERE code = 'clickpesa' AND collections_lease_until IS NULL";
const COLLECTIONS: &str = "SELECT COUNT(*) FROM collections";
/// A place where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/callbacks/clickpesa";

/// News that so much was paid to a number, without a checksum.
fn received(id: &str, number: &Value, amount: &str) -> Value {
    json!({ "event": "PAYMENT RECEIVED", "data": {
        "id": id, "status": "SUCCESS", "paymentReference": "P1", "orderReference": number["number"],
        "collectedAmount": amount, "collectedCurrency": "TZS", "message": "success", "channel": "M-PESA" } })
}

fn with_checksum(mut webhook: Value, checksum: Value) -> String {
    webhook["checksum"] = checksum;
    webhook["checksumMethod"] = json!("canonical");
    webhook.to_string()
}

async fn told(app: &TestApp, body: impl Into<reqwest::Body>) -> u16 {
    send(app, "clickpesa", &[], body).await.0
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c1_clickpesa_only_the_right_checksum_over_this_body_is_taken(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let created = made(&client, &order("1000")).await;
        let webhook = received("ATTACK1", &created, "1000");
        let bytes = mac(CLICKPESA_CHECKSUM_KEY, &canonical(&webhook));
        let right = hex::encode(&bytes);
        let of = |key: &str, webhook: &Value| json!(hex::encode(mac(key, &canonical(webhook))));
        for (what, checksum) in [
            ("null", Value::Null),
            ("empty", json!("")),
            ("zeros", json!("0".repeat(64))),
            ("cut short", json!(right[..32])),
            ("longer", json!(format!("{right}00"))),
            ("in base64", json!(BASE64_STANDARD.encode(&bytes))),
            ("a list", json!([right])),
            ("another key", of("another-key", &webhook)),
            ("another provider's key", of(BILL_WEBHOOK_SECURITY_KEY, &webhook)),
            ("no key", of("", &webhook)),
            ("another body", of(CLICKPESA_CHECKSUM_KEY, &received("ATTACK1", &created, "999"))),
        ] {
            assert_eq!(told(&app, with_checksum(webhook.clone(), checksum)).await, 401, "{what}");
        }
        assert_eq!(told(&app, webhook.to_string()).await, 401, "none");
        for (name, value) in [("collectedAmount", "2000"), ("id", "ATTACK2"), ("orderReference", "999000111")] {
            let mut changed = webhook.clone();
            changed["data"][name] = json!(value);
            assert_eq!(told(&app, with_checksum(changed, json!(right))).await, 401, "a changed {name}");
        }
        for method in [json!("md5"), json!("legacy"), json!(7)] {
            let mut other = webhook.clone();
            other["checksum"] = json!(right);
            other["checksumMethod"] = method.clone();
            assert_eq!(told(&app, other.to_string()).await, 401, "{method}");
        }
        assert_eq!((app.scalar(STORED).await, app.scalar(COLLECTIONS).await), (0, 0));
        assert_eq!(find(&client, text(&created, "/id")).await, created);
        assert_eq!(told(&app, with_checksum(webhook, json!(right))).await, 200);
        let paid = wait_for_status(&client, text(&created, "/id"), "PAID").await;
        assert_eq!(collections(&paid).len(), 1, "{paid}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c2_clickpesa_a_replay_counts_once_whatever_came_between(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let created = made(&client, &order("1000")).await;
        let id = text(&created, "/id");
        let mut failed = received("ATTACK1", &created, "1000");
        failed["event"] = json!("PAYMENT FAILED");
        failed["data"]["status"] = json!("FAILED");
        let (received, failed) = (sealed(received("ATTACK1", &created, "1000")), sealed(failed));
        assert_eq!(told(&app, received.clone()).await, 200);
        let paid = wait_for_collections(&client, id, 1).await;
        assert_eq!(text(&paid, "/amountReceived/amount"), "1000.00");
        for body in [&received, &failed, &received] {
            assert_eq!(told(&app, body.clone()).await, 200);
        }
        let after = find(&client, id).await;
        assert_eq!((text(&after, "/status"), text(&after, "/amountReceived/amount")), ("PAID", "1000.00"), "{after}");
        assert_eq!(collections(&after).len(), 1, "{after}");
        assert_eq!(app.scalar(COLLECTIONS).await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c3_clickpesa_the_same_payment_told_with_another_amount_is_not_counted_again(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let (created, other) = (made(&client, &order("1000")).await, made(&client, &order("5000")).await);
        assert_eq!(told(&app, sealed(received("ATTACK1", &created, "1000"))).await, 200);
        wait_for_status(&client, text(&created, "/id"), "PAID").await;
        for (number, amount) in [(&created, "9000"), (&other, "5000")] {
            assert_eq!(told(&app, sealed(received("ATTACK1", number, amount))).await, 200);
        }
        let (first, second) = (find(&client, text(&created, "/id")).await, find(&client, text(&other, "/id")).await);
        assert_eq!(text(&first, "/amountReceived/amount"), "1000.00", "{first}");
        assert_eq!((text(&second, "/status"), text(&second, "/amountReceived/amount")), ("ACTIVE", "0.00"), "{second}");
        assert_eq!(app.scalar(COLLECTIONS).await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c5_clickpesa_what_is_no_webhook_is_refused(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let created = made(&client, &order("1000")).await;
        let good = sealed(received("ATTACK1", &created, "1000"));
        let twice = good.replace("\"collectedAmount\":", "\"collectedAmount\":\"9\",\"collectedAmount\":");
        let twice_outside = format!("{},\"event\":\"PAYMENT FAILED\"}}", good.strip_suffix('}').expect("an object"));
        let nested = good.replace("\"channel\":\"M-PESA\"", &format!("\"channel\":{}", deep()));
        for body in ["", "null", "[]", "7", "<html></html>", &good[..60], &twice, &twice_outside, &nested] {
            assert_ne!(body, good);
            assert_eq!(told(&app, body.to_owned()).await, 400, "{body:.200}");
        }
        for (event, data) in
            [(json!(7), json!({})), (json!("PAYMENT RECEIVED"), json!([])), (json!("PAYMENT RECEIVED"), json!("x"))]
        {
            let typed = sealed(json!({ "event": event, "data": data }));
            assert_eq!(told(&app, typed.clone()).await, 400, "{typed}");
        }
        let packed = [("content-encoding", "gzip".to_owned())];
        assert_eq!(send(&app, "clickpesa", &packed, bomb()).await.0, 400);
        let begun = vec![b' '; 256 * 1024 + 1];
        assert_eq!(send_part(&app, Ipv4Addr::LOCALHOST, "clickpesa", 10 * 1024 * 1024, &begun).await, 413);
        assert_eq!((app.scalar(STORED).await, app.scalar(COLLECTIONS).await), (0, 0));
        assert_eq!(find(&client, text(&created, "/id")).await, created);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c6_clickpesa_xml_is_refused(app: TestApp) {
        assert_eq!(told(&app, XML).await, 400);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on"), ("BILLPAY_LIMITS__CALLBACKS_PER_MINUTE", "10")]
    async fn c7_clickpesa_a_flood_of_forgeries_is_turned_away(app: TestApp) {
        let forged = received("ATTACK1", &json!({ "number": "999000111" }), "1000");
        let forged = with_checksum(forged, json!("0".repeat(64)));
        assert_flood_is_turned_away(&app, "clickpesa", &forged, 401).await;
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on"), ("BILLPAY_PROVIDERS__CLICKPESA__CHECKSUM_KEY", ""),
        ("BILLPAY_WORKER__COLLECT_INTERVAL", "1h")]
    async fn c8_clickpesa_without_a_key_a_webhook_is_a_hint_and_its_amount_is_asked_for(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let (created, other) = (made(&client, &order("1000")).await, made(&client, &order("7000")).await);
        app.send_webhooks_to("clickpesa", NOWHERE).await;
        assert_eq!(pay(&app, text(&created, "/number"), "1000").await, 200);
        for (number, amount) in [(&created, "999999"), (&other, "7000")] {
            assert_eq!(told(&app, sealed(received("FORGED1", number, amount))).await, 200);
        }
        let paid = wait_for_status(&client, text(&created, "/id"), "PAID").await;
        assert_eq!(text(&paid, "/amountReceived/amount"), "1000.00", "{paid}");
        assert_eq!(collections(&paid).len(), 1, "{paid}");
        let unpaid = find(&client, text(&other, "/id")).await;
        assert_eq!((text(&unpaid, "/status"), text(&unpaid, "/amountReceived/amount")), ("ACTIVE", "0.00"), "{unpaid}");
        assert_eq!(app.scalar(COLLECTIONS).await, 1);
        assert_eq!(app.scalar("SELECT COUNT(*) FROM collections WHERE provider_reference = 'FORGED1'").await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on"), ("BILLPAY_PROVIDERS__CLICKPESA__CHECKSUM_KEY", ""),
        ("BILLPAY_WORKER__COLLECT_INTERVAL", "1h"), ("BILLPAY_WORKER__ENABLED", "false")]
    async fn c7_clickpesa_hints_do_not_spend_the_calls_that_the_provider_allows(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let mut input = order("1000");
        input["reference"] = json!("HINTED1");
        let created = ask_for(&client, &input).await;
        // As if the worker, which is off so that it reads nothing meanwhile, had been told of it.
        app.execute("UPDATE control_numbers SET status = 'ACTIVE', number = 'HINTED1'").await;
        let read = "UPDATE providers SET collections_lease_until = 4000000000000000 WHERE code = 'clickpesa'";
        app.execute(read).await;
        for number in 0..5 {
            let nobodys = json!({ "number": format!("99900011{number}") });
            assert_eq!(told(&app, received("FORGED1", &nobodys, "1000").to_string()).await, 200);
        }
        assert_eq!(app.scalar(WANTED).await, 0, "it is no number of ours");
        let ours = received("FORGED1", &json!({ "number": "HINTED1" }), "1000").to_string();
        assert_eq!(told(&app, ours.clone()).await, 200);
        assert_eq!(app.scalar(WANTED).await, 1, "{created}");
        app.execute(read).await;
        assert_eq!(told(&app, ours.clone()).await, 200);
        assert_eq!(app.scalar(WANTED).await, 0, "it was asked a moment ago");
        app.clock().advance(Duration::from_secs(61));
        assert_eq!(told(&app, ours).await, 200);
        assert_eq!(app.scalar(WANTED).await, 1);
    }
}
