//! Signing secrets: shown once, renewed while webhooks go on, and never kept in clear.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::endpoint::{
    WHOLE, ask, create, done, endpoint, keeper, log_behind, rotate, schedule, sequences, wait_until_told,
};
use super::{KEY, TRIAL};
use crate::support::client::{KPLC, payment_input};
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::{list, number, on_both_databases, text};

/// How often the secret is renewed while webhooks are on their way.
const ROTATIONS: usize = 4;

/// By then a renewal is no longer the one before it, asked for again.
const SETTLED: Duration = Duration::from_secs(11 * 60);

/// How many signatures a request bears.
fn signatures(received: &Received) -> usize {
    received.header("webhook-signature").split(' ').count()
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn s11_a_secret_is_shown_once_and_in_no_later_answer(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let one = create(&client, json!({ "url": receiver.url("/one") })).await;
        let other = create(&client, json!({ "url": receiver.url("/other") })).await;
        assert!(one.secret.starts_with("whsec_") && one.secret.len() == 50, "{} characters", one.secret.len());
        assert_ne!(one.secret, other.secret, "each endpoint has its own");
        let this = json!({ "webhookEndpointId": one.id });
        let mut answers = vec![endpoint(&app, &one.id).await];
        let all = "{ webhookEndpoints { nodes { id secretSince previousSecretUntil url description } } }";
        answers.push(client.data(all, json!({})).await);
        let described = json!({ "webhookEndpointId": one.id, "description": "The shop" });
        answers.push(done(&client, "updateWebhookEndpoint", WHOLE, described).await);
        let tested = "delivered httpStatus trouble response";
        answers.push(done(&client, "sendTestWebhook", tested, this.clone()).await);
        let renewed = done(&client, "rotateWebhookSecret", &format!("secret {WHOLE}"), this.clone()).await;
        let secret = text(&renewed, "/secret").to_owned();
        assert_ne!(secret, one.secret);
        answers.push(renewed["webhookEndpoint"].clone());
        answers.push(done(&client, "removeWebhookEndpoint", WHOLE, this).await);
        let told = Value::from(answers).to_string();
        for hidden in ["whsec_", &one.secret[6..], &secret[6..]] {
            assert!(!told.contains(hidden), "an answer holds the secret");
        }
        let document = "{ __type(name: \"WebhookEndpoint\") { fields { name } } }";
        let fields = client.data(document, json!({})).await.to_string();
        assert!(!fields.contains("\"secret\""), "{fields}");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_former_secret_signs_for_a_day_beside_the_present_one(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        schedule(&app, &client, &[]).await;
        let first = receiver.wait_for(1).await.remove(0);
        assert!(first.is_signed_by(&made.secret) && signatures(&first) == 1);
        wait_until_told(&app, &made.id).await;
        let second = rotate(&client, &made.id).await;
        schedule(&app, &client, &[]).await;
        let both = receiver.wait_for(2).await.remove(1);
        assert!(both.is_signed_by(&made.secret) && both.is_signed_by(&second) && signatures(&both) == 2);
        wait_until_told(&app, &made.id).await;
        app.clock().advance(SETTLED);
        let third = rotate(&client, &made.id).await;
        schedule(&app, &client, &[]).await;
        let newest = receiver.wait_for(3).await.remove(2);
        assert!(newest.is_signed_by(&second) && newest.is_signed_by(&third) && signatures(&newest) == 2);
        assert!(!newest.is_signed_by(&made.secret), "the newest two alone");
        let told = wait_until_told(&app, &made.id).await;
        assert!(text(&told, "/previousSecretUntil") > text(&told, "/secretSince"), "{told}");
        app.clock().advance(Duration::from_secs(24 * 60 * 60 + 1));
        schedule(&app, &keeper(&app), &[]).await;
        let last = receiver.wait_for(4).await.remove(3);
        assert!(last.is_signed_by(&third) && !last.is_signed_by(&second) && signatures(&last) == 1);
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_renewal_whose_answer_was_lost_is_asked_for_again_and_ends_no_secret_that_a_receiver_has(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let lost = rotate(&client, &made.id).await;
        let until = endpoint(&app, &made.id).await["previousSecretUntil"].take();
        let shown = rotate(&client, &made.id).await;
        schedule(&app, &client, &[]).await;
        let told = receiver.wait_for(1).await.remove(0);
        assert!(told.is_signed_by(&made.secret), "the receiver has this one, and no other");
        assert!(told.is_signed_by(&shown) && !told.is_signed_by(&lost) && signatures(&told) == 2);
        let after = wait_until_told(&app, &made.id).await;
        assert_eq!(after["previousSecretUntil"], until, "it ends when it was to");
        app.clock().advance(SETTLED);
        let next = rotate(&client, &made.id).await;
        schedule(&app, &client, &[]).await;
        let told = receiver.wait_for(2).await.remove(1);
        assert!(told.is_signed_by(&shown) && told.is_signed_by(&next) && signatures(&told) == 2, "as ever");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn f29_no_webhook_is_refused_while_a_secret_is_renewed(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let start = number(&endpoint(&app, &made.id).await, "/deliveredThrough");
        let (mut held, mut seen) = (made.secret.clone(), 0);
        for _ in 0..ROTATIONS {
            let events = async {
                for _ in 0..5 {
                    schedule(&app, &client, &[]).await;
                }
            };
            let ((), renewed) = tokio::join!(events, rotate(&client, &made.id));
            schedule(&app, &client, &[]).await;
            let is_new = |all: &[Received]| all[seen..].iter().any(|one| one.is_signed_by(&renewed));
            let received = receiver.wait_until("a new signature", is_new).await;
            // Here the receiver changes over: until now it held the former secret.
            assert!(received[seen..].iter().all(|one| one.is_signed_by(&held)), "it refused one");
            (held, seen) = (renewed, received.len());
            wait_until_told(&app, &made.id).await;
            app.clock().advance(SETTLED);
        }
        let received = receiver.received();
        assert!(received[seen..].iter().all(|one| one.is_signed_by(&held)), "it refused one");
        let mut told = sequences(&received);
        // What was under way when the secret was renewed may have come twice.
        told.dedup();
        assert_eq!(told, log_behind(&app, start).await);
    }
}

on_both_databases! {
    with [TRIAL]
    async fn without_a_key_no_secret_is_kept_and_nothing_is_made(app: TestApp) {
        let client = keeper(&app);
        let input = json!({ "url": "https://example.com/hooks" });
        let payload = ask(&client, "createWebhookEndpoint", "secret webhookEndpoint { id }", input).await;
        assert_eq!((&payload["secret"], &payload["webhookEndpoint"]), (&Value::Null, &Value::Null));
        assert_eq!(text(&payload, "/errors/0/code"), "WEBHOOKS_UNAVAILABLE", "{payload}");
        assert!(text(&payload, "/errors/0/message").contains("BILLPAY_SECRETS_KEY"), "{payload}");
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["callbackUrl"] = json!("https://example.com/paid");
        let payload = client.create(input.clone()).await;
        assert_eq!(payload["payment"], Value::Null);
        let faults = list(&payload, "/errors").iter().map(|error| json!([error["code"], error["path"]]));
        assert_eq!(faults.collect::<Vec<_>>(), [json!(["WEBHOOKS_UNAVAILABLE", ["input", "callbackUrl"]])]);
        assert_eq!(app.scalar("SELECT count(*) FROM webhook_endpoints").await, 0);
        assert_eq!(app.scalar("SELECT count(*) FROM payments").await, 0);
        input["callbackUrl"] = Value::Null;
        assert_eq!(client.create(input).await["errors"], json!([]), "the same key, without");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_test_is_sent_now_and_changes_nothing(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/"), "eventTypes": ["PAYMENT_SUCCEEDED"] })).await;
        let before = endpoint(&app, &made.id).await;
        let fields = "delivered httpStatus trouble response";
        let test = || done(&client, "sendTestWebhook", fields, json!({ "webhookEndpointId": made.id }));
        let taken = json!({ "delivered": true, "httpStatus": 204, "trouble": null, "response": null, "errors": [] });
        assert_eq!(test().await, taken);
        let received = receiver.received().remove(0);
        let told = received.json();
        assert!(received.is_signed_by(&made.secret) && received.id().starts_with("msg_"), "{received:?}");
        assert_eq!((text(&told, "/type"), &told["data"]["sequence"]), ("WEBHOOK_TEST", &Value::Null));
        let (failed, gone) = ((Reply::Status(500), json!(500)), (Reply::Status(410), json!(410)));
        for (reply, status) in [failed, gone, (Reply::Reset, Value::Null)] {
            receiver.next(reply);
            let answer = test().await;
            assert_eq!((&answer["delivered"], &answer["httpStatus"]), (&json!(false), &status), "{answer}");
            assert_eq!(answer["trouble"].is_string(), status.is_null(), "{answer}");
        }
        let ids: BTreeSet<String> = receiver.received().iter().map(|one| one.id().to_owned()).collect();
        assert_eq!(ids.len(), 4, "each is another");
        assert_eq!(endpoint(&app, &made.id).await, before);
    }
}
