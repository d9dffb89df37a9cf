//! Delivery: in the order of the log, again until it is taken, and to whom it concerns.

use std::time::Duration;

use serde_json::{Value, json};

use super::endpoint::{
    WHOLE, create, done, endpoint, keeper, keeper_for, log_behind, pause_of, refused, schedule, scopes, sequences,
    wait_for, wait_for_attempts, wait_until_told,
};
use super::{KEY, TRIAL};
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::{TestApp, list, number, on_both_databases, text};

/// How often a webhook is tried before it is given up.
const MOST_ATTEMPTS: i64 = 10;

/// How far an endpoint was told when it was made.
async fn start_of(app: &TestApp, id: &str) -> i64 {
    number(&endpoint(app, id).await, "/deliveredThrough")
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn each_event_is_told_once_in_the_order_of_the_log_and_signed(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        client.pay_until("1234567", &["SUCCEEDED"]).await;
        let made = create(&client, json!({ "url": receiver.url("/hooks") })).await;
        let start = start_of(&app, &made.id).await;
        assert_eq!(start, client.head().await.parse::<i64>().expect("a sequence"), "only what comes is told");
        let payment = client.pay_until("1111111", &["SUCCEEDED"]).await;
        client.pay_until("1234568", &["SUCCEEDED"]).await;
        let log = log_behind(&app, start).await;
        receiver.wait_for(log.len()).await;
        let told = wait_until_told(&app, &made.id).await;
        let received = receiver.received();
        assert_eq!(sequences(&received), log);
        assert_eq!((text(&told, "/state"), list(&told, "/deliveries/nodes").len()), ("ACTIVE", 0));
        for one in &received {
            assert!(one.is_signed_by(&made.secret), "{one:?}");
            assert_eq!((one.path.as_str(), one.header("content-type")), ("/hooks", "application/json"));
            let id = one.id();
            assert!(id.contains(&format!("_{}_", one.sequence())) && !id.contains('.'), "{id}");
        }
        let types: Vec<&str> = list(&payment, "/events").iter().map(|event| text(event, "/type")).collect();
        let of_payment = received.iter().map(Received::json);
        let of_payment = of_payment.filter(|told| told["data"]["subject"]["id"] == payment["id"]);
        let of_payment: Vec<Value> = of_payment.collect();
        assert_eq!(of_payment.iter().map(|told| text(told, "/type")).collect::<Vec<_>>(), types);
        let last = of_payment.last().expect("an event");
        assert_eq!((text(last, "/data/status"), &last["data"]["version"]), ("SUCCEEDED", &payment["version"]));
        assert_eq!(last["data"]["payment"]["idempotencyKey"], payment["idempotencyKey"]);
        assert_eq!(last["data"]["payment"]["amount"], payment["amount"]);
        let bodies: String = received.iter().map(|one| String::from_utf8_lossy(&one.body).into_owned()).collect();
        for private in ["1111111", "1234568", "Irina", "+254710000000"] {
            assert!(!bodies.contains(private), "{private} is told: {bodies}");
        }
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn f27_what_fails_is_sent_again_as_it_was_before_anything_newer(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let start = start_of(&app, &made.id).await;
        receiver.next(Reply::Status(500));
        schedule(&app, &client, &[]).await;
        let failed = wait_for_attempts(&app, &made.id, 1).await;
        assert_eq!((text(&failed, "/state"), &failed["httpStatus"]), ("WAITING", &json!(500)));
        assert_eq!((&failed["trouble"], &failed["response"]), (&Value::Null, &Value::Null), "nothing of this host");
        let pause = pause_of(&failed);
        assert!((4_500..=5_500).contains(&pause.as_millis()), "{pause:?}");
        assert_eq!(text(&endpoint(&app, &made.id).await, "/state"), "FAILING");
        for _ in 0..3 {
            schedule(&app, &client, &[]).await;
        }
        app.clock().advance(pause);
        let told = wait_until_told(&app, &made.id).await;
        let received = receiver.received();
        assert_eq!(sequences(&received[1..]), log_behind(&app, start).await);
        assert_eq!((received[0].id(), &received[0].body), (received[1].id(), &received[1].body));
        assert!(received.iter().all(|one| one.is_signed_by(&made.secret)), "the retry is signed for its own time");
        let delivery = &told["deliveries"]["nodes"];
        assert_eq!((text(delivery, "/0/state"), &delivery[0]["attempts"]), ("DELIVERED", &json!(2)));
        assert_eq!((&delivery[0]["httpStatus"], &delivery[0]["nextAttemptAt"]), (&json!(204), &Value::Null));
        assert_eq!((text(&told, "/state"), delivery.as_array().map(Vec::len)), ("ACTIVE", Some(1)));
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn f27_a_receiver_that_asks_for_time_is_given_it(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        receiver.next(Reply::RetryAfter(429, 120));
        schedule(&app, &client, &[]).await;
        let failed = wait_for_attempts(&app, &made.id, 1).await;
        assert_eq!((&failed["httpStatus"], pause_of(&failed)), (&json!(429), Duration::from_secs(120)));
        app.clock().advance(Duration::from_secs(100));
        // Longer than whoever delivers takes between two looks.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(receiver.received().len(), 1, "before its time");
        app.clock().advance(Duration::from_secs(20));
        let received = receiver.wait_for(2).await;
        assert_eq!((received[0].id(), &received[0].body), (received[1].id(), &received[1].body));
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn f27_a_receiver_that_is_gone_is_left_alone_until_its_endpoint_is_updated(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/old") })).await;
        let start = start_of(&app, &made.id).await;
        receiver.next(Reply::Status(410));
        schedule(&app, &client, &[]).await;
        let gone = wait_for(&app, &made.id, "GONE", |found| found["state"] == "GONE").await;
        let delivery = &gone["deliveries"]["nodes"][0];
        assert_eq!((text(delivery, "/state"), &delivery["httpStatus"]), ("WAITING", &json!(410)));
        assert_eq!((&delivery["nextAttemptAt"], &gone["enabled"]), (&Value::Null, &json!(true)));
        schedule(&app, &client, &[]).await;
        app.clock().advance(Duration::from_secs(48 * 60 * 60));
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(receiver.received().len(), 1, "nothing is sent to who is gone");
        let input = json!({ "webhookEndpointId": made.id, "url": receiver.url("/new") });
        let updated = done(&keeper(&app), "updateWebhookEndpoint", WHOLE, input).await;
        assert_eq!(text(&updated, "/webhookEndpoint/state"), "ACTIVE");
        wait_until_told(&app, &made.id).await;
        let received = receiver.received();
        assert_eq!(sequences(&received[1..]), log_behind(&app, start).await);
        assert_eq!(received[0].id(), received[1].id());
        assert!(received[1..].iter().all(|one| one.path == "/new"), "{received:?}");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn what_is_never_taken_is_given_up_after_three_days_and_the_next_has_its_turn(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        (0..MOST_ATTEMPTS).for_each(|_| receiver.next(Reply::Status(503)));
        schedule(&app, &client, &[]).await;
        wait_for_attempts(&app, &made.id, 1).await;
        schedule(&app, &client, &[]).await;
        let mut failed = wait_for_attempts(&app, &made.id, 1).await;
        while failed["state"] == "WAITING" {
            app.clock().advance(pause_of(&failed));
            failed = wait_for_attempts(&app, &made.id, number(&failed, "/attempts") + 1).await;
        }
        let told = wait_until_told(&app, &made.id).await;
        let dead = &told["deliveries"]["nodes"][0];
        assert_eq!((text(dead, "/state"), number(dead, "/attempts")), ("DEAD", MOST_ATTEMPTS));
        assert_eq!((&dead["httpStatus"], &dead["nextAttemptAt"]), (&json!(503), &Value::Null));
        let received = receiver.received();
        let first = number(dead, "/sequence");
        assert_eq!(sequences(&received), [vec![first; 10], vec![first + 1]].concat());
        assert!(received[..10].iter().all(|one| one.id() == received[0].id() && one.body == received[0].body));
        assert_eq!(text(&told, "/state"), "ACTIVE", "the next was taken");
        let again = json!({ "webhookEndpointId": made.id, "from": first.to_string(), "through": first.to_string() });
        done(&keeper(&app), "replayWebhooks", "__typename", again).await;
        let received = receiver.wait_for(12).await;
        assert_eq!(received[11].id(), received[0].id());
        let told = wait_for(&app, &made.id, "it to be delivered", |found| {
            found["deliveries"]["nodes"][0]["state"] == "DELIVERED"
        });
        assert_eq!(number(&told.await, "/deliveries/nodes/0/attempts"), 1, "counted anew");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn an_endpoint_is_told_of_the_types_that_it_wants(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let wanted = json!(["PAYMENT_SUCCEEDED", "PAYMENT_FAILED", "PAYMENT_SUCCEEDED"]);
        let made = create(&client, json!({ "url": receiver.url("/"), "eventTypes": wanted })).await;
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        client.pay_until("3333333", &["FAILED"]).await;
        let told = wait_until_told(&app, &made.id).await;
        assert_eq!(told["eventTypes"], json!(["PAYMENT_SUCCEEDED", "PAYMENT_FAILED"]));
        let received = receiver.received();
        let types: Vec<Value> = received.iter().map(|one| one.json()["type"].take()).collect();
        assert_eq!(types, ["PAYMENT_SUCCEEDED", "PAYMENT_FAILED"]);
        assert_eq!(received[1].json()["data"]["failure"]["code"], "PROVIDER_REFUSED");
        let all = json!({ "webhookEndpointId": made.id, "eventTypes": [] });
        done(&client, "updateWebhookEndpoint", "__typename", all).await;
        schedule(&app, &client, &[]).await;
        assert_eq!(receiver.wait_for(3).await[2].json()["type"], "PAYMENT_CREATED");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_customers_endpoint_hears_of_that_customers_objects_alone(app: TestApp) {
        let (of_alice, of_all) = (Receiver::start().await, Receiver::start().await);
        let (alice, bob) = (keeper_for(&app, "alice"), keeper_for(&app, "bob"));
        let hers = create(&alice, json!({ "url": of_alice.url("/") })).await;
        let whole = create(&keeper(&app), json!({ "url": of_all.url("/") })).await;
        create(&app.client("umbrella", &scopes()), json!({ "url": of_alice.url("/umbrella") })).await;
        let mut own = Vec::new();
        for _ in 0..2 {
            schedule(&app, &bob, &[]).await;
            own.push(schedule(&app, &alice, &[]).await["id"].take());
            schedule(&app, &keeper(&app), &[]).await;
        }
        wait_until_told(&app, &whole.id).await;
        assert_eq!(text(&wait_until_told(&app, &hers.id).await, "/customer"), "alice");
        assert_eq!(of_all.received().len(), 6);
        let heard = of_alice.received();
        let heard: Vec<Value> = heard.iter().map(|one| one.json()["data"].take()).collect();
        assert_eq!(heard.iter().map(|data| &data["subject"]["id"]).collect::<Vec<_>>(), own.iter().collect::<Vec<_>>());
        assert!(heard.iter().all(|data| data["customer"] == "alice"), "{heard:?}");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn an_endpoint_that_is_removed_or_switched_off_is_told_nothing(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let removed = create(&client, json!({ "url": receiver.url("/removed") })).await;
        let off = create(&client, json!({ "url": receiver.url("/off") })).await;
        let on = create(&client, json!({ "url": receiver.url("/on") })).await;
        let this = json!({ "webhookEndpointId": removed.id });
        let first = done(&client, "removeWebhookEndpoint", WHOLE, this.clone()).await;
        assert!(first["webhookEndpoint"]["removedAt"].is_string(), "{first}");
        assert_eq!(done(&client, "removeWebhookEndpoint", WHOLE, this.clone()).await, first, "as it is");
        let switch = |on: bool| json!({ "webhookEndpointId": off.id, "enabled": on });
        let switched = done(&client, "updateWebhookEndpoint", WHOLE, switch(false)).await;
        let endpoint = &switched["webhookEndpoint"];
        assert_eq!((text(endpoint, "/state"), &endpoint["enabled"]), ("DISABLED", &json!(false)));
        schedule(&app, &client, &[]).await;
        wait_until_told(&app, &on.id).await;
        let paths = || receiver.received().into_iter().map(|one| one.path).collect::<Vec<_>>();
        assert_eq!(paths(), ["/on"]);
        for (mutation, input) in [
            ("updateWebhookEndpoint", json!({ "webhookEndpointId": removed.id, "enabled": true })),
            ("rotateWebhookSecret", this.clone()),
            ("sendTestWebhook", this.clone()),
            ("replayWebhooks", json!({ "webhookEndpointId": removed.id, "from": "1" })),
        ] {
            let told = refused(&client, mutation, input).await;
            assert_eq!(told, ("NOT_FOUND".to_owned(), "input.webhookEndpointId".to_owned()), "{mutation}");
        }
        done(&client, "updateWebhookEndpoint", "__typename", switch(true)).await;
        wait_until_told(&app, &off.id).await;
        assert_eq!(paths(), ["/on", "/off"], "what happened meanwhile is told when it is on again");
    }
}
