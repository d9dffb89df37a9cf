//! Limits that hold whoever tries: how many endpoints, tests and events sent again; and that what is not wanted any more
//! holds nothing up.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::endpoint::{
    WHOLE, ask, callbacks_endpoint, create, done, endpoint, keeper, pause_of, schedule, scopes, wait_for,
    wait_for_attempts, wait_until_told,
};
use super::{KEY, TRIAL};
use crate::support::app::TENANT;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::{Db, TestApp, eventually, list, number, on_both_databases, run, text};

/// How many endpoints a tenant may have.
const MOST_ENDPOINTS: usize = 20;
/// How many tests one endpoint is sent in a minute.
const TESTS_OF_ENDPOINT: usize = 10;
/// How many tests a tenant sends in a minute.
const TESTS_OF_TENANT: usize = 60;
/// How many events are sent again at once.
const MOST_REPLAYED: i64 = 100_000;
/// How long a receiver wants to be left alone: no test waits so long.
const LONG: u64 = 3_600;

/// The types of the events that were told.
fn types(received: &[Received]) -> Vec<Value> {
    received.iter().map(|one| one.json()["type"].take()).collect()
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn an_endpoint_goes_on_at_once_where_what_failed_is_not_wanted_any_more(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        receiver.next(Reply::RetryAfter(503, LONG));
        schedule(&app, &client, &[]).await;
        let failed = wait_for_attempts(&app, &made.id, 1).await;
        assert_eq!(pause_of(&failed), Duration::from_secs(LONG));
        assert_eq!(text(&endpoint(&app, &made.id).await, "/state"), "FAILING");
        let kept = json!({ "webhookEndpointId": made.id, "eventTypes": ["PAYMENT_CREATED"] });
        let same = done(&client, "updateWebhookEndpoint", WHOLE, kept).await;
        assert_eq!(text(&same, "/webhookEndpoint/state"), "FAILING", "what failed is still wanted");
        let other = json!({ "webhookEndpointId": made.id, "eventTypes": ["PAYMENT_SUCCEEDED"] });
        let narrowed = done(&client, "updateWebhookEndpoint", WHOLE, other).await;
        assert_eq!(text(&narrowed, "/webhookEndpoint/state"), "ACTIVE");
        assert_eq!(narrowed["webhookEndpoint"]["deliveries"]["nodes"], json!([]));
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        let received = receiver.wait_for(2).await;
        assert_eq!(types(&received), ["PAYMENT_CREATED", "PAYMENT_SUCCEEDED"]);
        assert_eq!(text(&wait_until_told(&app, &made.id).await, "/state"), "ACTIVE");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_callback_goes_at_once_where_the_one_before_it_is_not_wanted_any_more(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        receiver.next(Reply::RetryAfter(503, LONG));
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["callbackUrl"] = json!(receiver.url("/"));
        let payload = client.create(input).await;
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        let callbacks = callbacks_endpoint(&app).await;
        let waits = |found: &Value| {
            let nodes = list(found, "/deliveries/nodes");
            nodes.iter().any(|delivery| delivery["type"] == "PAYMENT_SUCCEEDED")
                && nodes.iter().any(|delivery| number(delivery, "/attempts") > 0)
        };
        wait_for(&app, &callbacks, "the callbacks to wait for the first", waits).await;
        eventually("the callbacks to rest", || async {
            let resting = "SELECT count(*) FROM webhook_endpoints WHERE lease_until IS NULL AND next_at IS NOT NULL";
            (app.scalar(resting).await == 1).then_some(())
        })
        .await;
        let narrowed = json!({ "webhookEndpointId": callbacks, "eventTypes": ["PAYMENT_SUCCEEDED"] });
        done(&client, "updateWebhookEndpoint", "__typename", narrowed).await;
        let received = receiver.wait_for(2).await;
        assert_eq!(types(&received), ["PAYMENT_CREATED", "PAYMENT_SUCCEEDED"]);
    }
}

/// Asks for so many tests of an endpoint at once; answers the refusals' codes and sentences.
async fn send_tests(client: &Client, id: &str, count: usize) -> Vec<(String, String)> {
    let test = || ask(client, "sendTestWebhook", "delivered", json!({ "webhookEndpointId": id }));
    let payloads = join_all((0..count).map(|_| test())).await;
    let refused = payloads.iter().filter(|payload| payload["delivered"] == json!(false));
    let told = |payload: &Value, name: &str| text(payload, &format!("/errors/0/{name}")).to_owned();
    refused.map(|payload| (told(payload, "code"), told(payload, "message"))).collect()
}

/// Asserts that each was refused for now, with a sentence that says so and when to come back.
fn assert_for_now(refused: &[(String, String)], sentence: &str) {
    assert!(!refused.is_empty());
    for (code, message) in refused {
        assert_eq!(code, "OVERLOADED");
        assert!(message.contains(sentence) && message.contains("nothing was sent: try again in "), "{message}");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn tests_are_sent_so_often_to_an_endpoint_and_no_more(app: TestApp) {
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let beside = create(&client, json!({ "url": other.url("/") })).await;
        let asked = 2 * TESTS_OF_ENDPOINT;
        let refused = send_tests(&client, &made.id, asked).await;
        assert_for_now(&refused, "one webhook endpoint is sent at most 10 tests a minute");
        let sent = receiver.received().len();
        assert_eq!(sent + refused.len(), asked, "what is refused is not sent");
        assert!((TESTS_OF_ENDPOINT..asked).contains(&sent), "{sent} were sent");
        assert!(send_tests(&client, &beside.id, 1).await.is_empty(), "another endpoint is not held up");
        app.clock().advance(Duration::from_secs(60));
        assert!(send_tests(&keeper(&app), &made.id, TESTS_OF_ENDPOINT).await.is_empty(), "a minute later");
        assert_eq!(receiver.received().len(), sent + TESTS_OF_ENDPOINT);
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn tests_are_sent_so_often_by_a_tenant_wherever_they_go(app: TestApp) {
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        let client = keeper(&app);
        let mut refused = Vec::new();
        for _ in 0..MOST_ENDPOINTS {
            let made = create(&client, json!({ "url": receiver.url("/") })).await;
            refused.extend(send_tests(&client, &made.id, TESTS_OF_ENDPOINT).await);
        }
        assert_for_now(&refused, "a tenant sends at most 60 tests a minute");
        let (sent, asked) = (receiver.received().len(), MOST_ENDPOINTS * TESTS_OF_ENDPOINT);
        assert_eq!(sent + refused.len(), asked, "what is refused is not sent");
        assert!((TESTS_OF_TENANT..asked).contains(&sent), "{sent} were sent");
        let umbrella = app.client("umbrella", &scopes());
        let theirs = create(&umbrella, json!({ "url": other.url("/") })).await;
        assert!(send_tests(&umbrella, &theirs.id, 1).await.is_empty(), "another tenant is not held up");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_make_no_more_endpoints_than_a_tenant_may_have() {
    run(Db::Postgres, &[KEY, TRIAL], make_many).await;
}

async fn make_many(app: TestApp) {
    let peer = app.start_peer().await;
    let clients = [keeper(&app), app.client_at(peer, &app.token(TENANT, &scopes()))];
    let make = |number: usize| {
        let input = json!({ "url": "http://127.0.0.1:9/" });
        ask(&clients[number % 2], "createWebhookEndpoint", "webhookEndpoint { id }", input)
    };
    let payloads = join_all((0..3 * MOST_ENDPOINTS).map(make)).await;
    let (made, refused): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| payload["errors"] == json!([]));
    assert_eq!(made.len(), MOST_ENDPOINTS, "{payloads:?}");
    for payload in refused {
        assert_eq!(text(payload, "/errors/0/code"), "BAD_USER_INPUT");
        assert_eq!(text(payload, "/errors/0/message"), "a tenant has at most 20 webhook endpoints; remove one first");
    }
    assert_eq!(app.scalar("SELECT count(*) FROM webhook_endpoints").await, 20);
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn replays_that_are_joined_are_no_longer_than_one(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        // Nothing moves while it is off. As though far more had been told.
        let off = json!({ "webhookEndpointId": made.id, "enabled": false });
        done(&client, "updateWebhookEndpoint", "__typename", off).await;
        app.execute(&format!("UPDATE webhook_endpoints SET handled_through = {}", 3 * MOST_REPLAYED)).await;
        let range = |from: i64, through: i64| {
            json!({ "webhookEndpointId": made.id, "from": from.to_string(), "through": through.to_string() })
        };
        done(&client, "replayWebhooks", "__typename", range(1, MOST_REPLAYED - 10)).await;
        let beyond = range(MOST_REPLAYED - 9, MOST_REPLAYED + 1);
        let payload = ask(&client, "replayWebhooks", "__typename", beyond).await;
        let error = &payload["errors"][0];
        assert_eq!((text(error, "/code"), &error["path"]), ("BAD_USER_INPUT", &json!(["input"])));
        let sentence = text(error, "/message");
        assert!(sentence.starts_with("a replay of 1 to 99990 is on its way"), "{sentence}");
        assert!(sentence.ends_with("wait for it"), "{sentence}");
        let part = |through: i64| json!({ "next": "1", "through": through.to_string() });
        assert_eq!(endpoint(&app, &made.id).await["replay"], part(MOST_REPLAYED - 10), "as it was");
        done(&client, "replayWebhooks", "__typename", range(MOST_REPLAYED - 9, MOST_REPLAYED)).await;
        assert_eq!(endpoint(&app, &made.id).await["replay"], part(MOST_REPLAYED), "just as many");
    }
}
