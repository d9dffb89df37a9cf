//! Callbacks: stored before they are acknowledged, and, being unsigned, believed in nothing.

use serde_json::{Value, json};

use crate::support::{TestApp, eventually, list, on_both_databases, text};

const STORED: &str = "SELECT COUNT(*) FROM inbox";

/// A callback about a payment that says that it was completed.
pub fn completed(ours: &str, theirs: &str, amount: &str) -> String {
    let amount: Value = serde_json::from_str(amount).expect("a number");
    json!({
        "originatorConversationId": ours, "systemConversationId": theirs, "accountNumber": "1515151",
        "accountCustomerName": null, "msisdn": "254710000000", "amount": amount, "currencyCode": "KES",
        "countryCode": "KE", "narration": "Bill payment", "dueDate": null, "dueAmount": 0, "savebillNumber": false,
        "callbackUrl": "http://127.0.0.1/callbacks/almara",
        "billService": {
            "serviceId": "860a26ce-4828-f111-bc5a-0e7d952d79b7", "serviceCategory": 2,
            "serviceCategoryDescription": "ELECTRICITY", "serviceType": 2, "serviceTypeDescription": "KPLC POSTPAID",
        },
        "billRequestOutcome": {
            "status": 4, "statusDesc": "Completed", "responseCode": "0", "responseDesc": "000 - Success",
            "resultCode": "0", "resultDesc": "000 - Success",
            "thirdPartyPayload": { "responseCode": "0", "responseDesc": "000 - Success", "reference": "S575998" },
        },
    })
    .to_string()
}

fn about(payment: &Value, amount: &str) -> String {
    completed(text(payment, "/ourReference"), text(payment, "/providerReference"), amount)
}

async fn look_ups(app: &TestApp, payment: &Value) -> usize {
    let payment = app.admin().payment(text(payment, "/id")).await;
    list(&payment, "/attempts").iter().filter(|attempt| attempt["kind"] == "LOOKUP").count()
}

on_both_databases! {
    async fn c8_almara_a_forged_success_causes_a_look_up_and_nothing_else(app: TestApp) {
        let client = app.admin();
        let payment = client.paid("1515151").await;
        assert_eq!(text(&payment, "/status"), "PENDING");
        let before = look_ups(&app, &payment).await;
        assert_eq!(app.callback("almara", about(&payment, "15.00")).await, 200);
        assert_eq!(app.scalar(STORED).await, 1);
        eventually("a look-up", || async { (look_ups(&app, &payment).await > before).then_some(()) }).await;
        let after = client.payment(text(&payment, "/id")).await;
        assert_eq!((&after["status"], &after["version"]), (&payment["status"], &payment["version"]));
        assert_eq!(after["receipt"], Value::Null);
        assert_eq!(app.effects().await.len(), 0);
    }
}

on_both_databases! {
    async fn c3_almara_a_forged_amount_or_reference_does_not_stick(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1111111", &["SUCCEEDED"]).await;
        let forged = completed(text(&payment, "/ourReference"), "01000000-0000-0000-0000-000000000000", "9999.00");
        assert_eq!(app.callback("almara", forged).await, 200);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let after = client.payment(text(&payment, "/id")).await;
        for name in ["status", "version", "amount", "providerReference", "billerReference"] {
            assert_eq!(after[name], payment[name], "{name}");
        }
    }
}

on_both_databases! {
    async fn c2_almara_a_repeated_callback_is_acknowledged_and_kept_once(app: TestApp) {
        let payment = app.admin().paid("1515151").await;
        let body = about(&payment, "15.00");
        for _ in 0..3 {
            assert_eq!(app.callback("almara", body.clone()).await, 200);
        }
        assert_eq!(app.scalar(STORED).await, 1);
    }
}

on_both_databases! {
    async fn f8_a_callback_about_nothing_known_is_kept(app: TestApp) {
        let body = completed("00000000-0000-4000-8000-000000000000", "01000000-0000-0a00-0000-000000000000", "15.00");
        assert_eq!(app.callback("almara", body).await, 200);
        assert_eq!(app.scalar("SELECT COUNT(*) FROM inbox WHERE state = 'UNMATCHED'").await, 1);
        assert_eq!(app.admin().count_payments().await, 0);
        assert_eq!(app.admin().head().await, "0");
    }
}

on_both_databases! {
    async fn c4_almara_success_for_what_was_not_sent_is_not_believed(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(crate::support::client::KPLC).await;
        let mut input = crate::support::client::payment_input(&biller, "1111111", "15");
        input["processDate"] = json!(crate::schedule::day_from_now(&app, 7));
        let payload = client.create(input).await;
        let ours = text(&payload, "/payment/ourReference");
        assert_eq!(app.callback("almara", completed(ours, "01000000-0000-0a00-0000-000000000000", "15.00")).await, 200);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let after = client.payment(text(&payload, "/payment/id")).await;
        assert_eq!(text(&after, "/status"), "SCHEDULED", "{after}");
        assert_eq!(app.effects().await.len(), 0);
    }
}

on_both_databases! {
    async fn c5_almara_bodies_that_are_no_callback_are_refused(app: TestApp) {
        let good = completed("00000000-0000-4000-8000-000000000000", "01000000-0000-0a00-0000-000000000000", "15.00");
        let twice = format!("{},\"originatorConversationId\":\"other\"}}", good.strip_suffix('}').expect("an object"));
        let twice_inside = good.replace("\"status\":4", "\"status\":2,\"status\":4");
        assert_ne!(twice_inside, good);
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        for body in
            ["", "null", "[]", "{}", "7", "<html></html>", "{\"a\":1}", &good[..100], &twice, &twice_inside, &deep]
        {
            assert_eq!(app.callback("almara", body.to_owned()).await, 400, "{body:.120}");
        }
        assert_eq!(app.callback("almara", vec![0xff_u8, 0xfe, 0x00]).await, 400);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    async fn c5_almara_a_body_of_more_than_256_kib_is_too_large(app: TestApp) {
        let body = format!("{{\"a\":\"{}\"}}", "x".repeat(256 * 1024));
        assert_eq!(app.callback("almara", body).await, 413);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    async fn a_provider_that_is_unknown_or_off_has_no_callbacks(app: TestApp) {
        for provider in ["nobody", "click", "bill", "clickpesa", "ALMARA", ".."] {
            assert_eq!(app.callback(provider, "{}").await, 404, "{provider}");
        }
        assert_eq!(app.scalar(STORED).await, 0);
    }
}
