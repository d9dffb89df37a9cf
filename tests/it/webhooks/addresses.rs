//! Addresses: with the settings as they come, nothing is sent into our own network, however it is spelt.

use serde_json::{Value, json};

use super::KEY;
use super::endpoint::{ask, create, done, keeper, refused, schedule, wait_for_attempts};
use crate::support::client::{KPLC, payment_input};
use crate::support::{list, on_both_databases, text};

/// URLs to which nothing may be sent, each for a reason of its own.
const REFUSED: [&str; 22] = [
    "http://example.com/hooks",
    "ftp://example.com/hooks",
    "file:///etc/passwd",
    "gopher://example.com/",
    "https://user:pw@example.com/",
    "https://user@example.com/",
    "https://example.com:22/",
    "https://example.com:6379/",
    "https://example.com/#part",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fd00::1]/",
    "https://localhost/",
    "https://db.internal/",
];

on_both_databases! {
    with [KEY]
    async fn s1_s7_what_is_not_public_is_refused_at_registration(app: TestApp) {
        let client = keeper(&app);
        let input = |url: &str| json!({ "url": url });
        let place = ("BAD_USER_INPUT".to_owned(), "input.url".to_owned());
        for url in REFUSED {
            assert_eq!(refused(&client, "createWebhookEndpoint", input(url)).await, place, "{url}");
        }
        for port in ["", ":443", ":8443"] {
            create(&client, input(&format!("https://example.com{port}/hooks?shop=7"))).await;
        }
        let made = create(&client, input("https://example.com/")).await;
        for url in REFUSED {
            let moved = json!({ "webhookEndpointId": made.id, "url": url });
            assert_eq!(refused(&client, "updateWebhookEndpoint", moved).await, place, "{url}");
        }
        let payload = ask(&client, "createWebhookEndpoint", "secret", input("https://10.0.0.1/")).await;
        assert_eq!(payload["secret"], Value::Null);
        assert!(text(&payload, "/errors/0/message").contains("reached from the internet"), "{payload}");
        assert_eq!(app.scalar("SELECT count(*) FROM webhook_endpoints").await, 4);
    }
}

on_both_databases! {
    with [KEY]
    async fn s1_s7_what_is_not_public_is_refused_as_a_callback(app: TestApp) {
        let client = keeper(&app);
        let good = payment_input(&client.biller(KPLC).await, "1111111", "15");
        for url in REFUSED {
            let mut input = good.clone();
            input["callbackUrl"] = json!(url);
            let payload = client.create(input).await;
            let told = list(&payload, "/errors").iter().map(|error| json!([error["code"], error["path"]]));
            assert_eq!(told.collect::<Vec<_>>(), [json!(["BAD_USER_INPUT", ["input", "callbackUrl"]])], "{url}");
        }
        assert_eq!(app.scalar("SELECT count(*) FROM payments").await, 0);
        assert_eq!(app.scalar("SELECT count(*) FROM webhook_endpoints").await, 0);
    }
}

on_both_databases! {
    with [KEY]
    async fn s1_what_is_not_public_is_refused_when_it_is_sent_to_too(app: TestApp) {
        let client = keeper(&app);
        let made = create(&client, json!({ "url": "https://example.com/" })).await;
        // As though the rules had been other ones when it was registered.
        app.execute("UPDATE webhook_endpoints SET url = 'https://127.0.0.1:8443/'").await;
        let this = json!({ "webhookEndpointId": made.id });
        let test = done(&client, "sendTestWebhook", "delivered httpStatus trouble", this).await;
        assert_eq!((&test["delivered"], &test["httpStatus"]), (&json!(false), &Value::Null));
        assert_eq!(text(&test, "/trouble"), "the host has an address that is not public");
        schedule(&app, &client, &[]).await;
        let failed = wait_for_attempts(&app, &made.id, 1).await;
        assert_eq!((text(&failed, "/state"), &failed["httpStatus"]), ("WAITING", &Value::Null));
        assert_eq!(text(&failed, "/trouble"), "the host has an address that is not public");
    }
}
