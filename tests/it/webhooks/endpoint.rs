//! Endpoints as their keepers handle them, and events for them to be told of.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::schedule::day_from_now;
use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::receiver::Received;
use crate::support::{TestApp, eventually, list, number, text};

/// All that a test looks at in an endpoint.
const ENDPOINT: &str = "fragment E on WebhookEndpoint {
    id kind url description eventTypes enabled state customer deliveredThrough replay { next through }
    previousSecretUntil secretSince createdBy createdAt updatedAt removedAt
    deliveries(first: 20) { nodes { id sequence type state payment { id } attempts httpStatus trouble response
        firstAttemptAt lastAttemptAt nextAttemptAt } } }";
/// How far ahead what is scheduled lies: no test goes there.
const DAYS_AHEAD: i64 = 30;
/// The fields of an answer with the endpoint.
pub const WHOLE: &str = "webhookEndpoint { ...E }";

/// An endpoint that was made.
pub struct Made {
    pub id: String,
    pub secret: String,
}

/// The scopes of whoever keeps endpoints, and pays.
pub fn scopes() -> String {
    format!("{ALL} webhooks:write")
}

/// Somebody of the usual tenant who keeps endpoints. A token ends where the clock is moved past it, so ask anew.
pub fn keeper(app: &TestApp) -> Client {
    app.client(TENANT, &scopes())
}

/// The same for one customer of the tenant.
pub fn keeper_for(app: &TestApp, customer: &str) -> Client {
    app.client_with(&app.token_for_customer(TENANT, customer, &scopes()))
}

/// What a mutation of endpoints answers: these fields and its errors.
pub async fn ask(client: &Client, mutation: &str, fields: &str, input: Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let fragment = if fields.contains("...E") { ENDPOINT } else { "" };
    let document = format!(
        "mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} errors {{ code message path }} }} }}
         {fragment}"
    );
    client.data(&document, json!({ "input": input })).await[mutation].take()
}

/// The same, where it is to be done.
pub async fn done(client: &Client, mutation: &str, fields: &str, input: Value) -> Value {
    let payload = ask(client, mutation, fields, input).await;
    assert_eq!(payload["errors"], json!([]), "{mutation}: {payload}");
    payload
}

/// The code and the place for which it is refused.
pub async fn refused(client: &Client, mutation: &str, input: Value) -> (String, String) {
    let payload = ask(client, mutation, "__typename", input).await;
    let path = list(&payload, "/errors/0/path").iter().map(|part| text(part, "")).collect::<Vec<_>>().join(".");
    (text(&payload, "/errors/0/code").to_owned(), path)
}

/// Makes an endpoint.
pub async fn create(client: &Client, input: Value) -> Made {
    let payload = done(client, "createWebhookEndpoint", "secret webhookEndpoint { id }", input).await;
    let (id, secret) = (text(&payload, "/webhookEndpoint/id"), text(&payload, "/secret"));
    Made { id: id.to_owned(), secret: secret.to_owned() }
}

/// Gives an endpoint a new secret; answers that.
pub async fn rotate(client: &Client, id: &str) -> String {
    let payload = done(client, "rotateWebhookSecret", "secret", json!({ "webhookEndpointId": id })).await;
    text(&payload, "/secret").to_owned()
}

/// An endpoint as it is now.
pub async fn endpoint(app: &TestApp, id: &str) -> Value {
    let document = format!("query ($id: ID!) {{ node(id: $id) {{ ...E }} }} {ENDPOINT}");
    keeper(app).data(&document, json!({ "id": id })).await["node"].take()
}

/// An endpoint, once it is as wanted.
pub async fn wait_for(app: &TestApp, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        let found = endpoint(app, id).await;
        wanted(&found).then_some(found)
    })
    .await
}

/// An endpoint, once it was told of all that has happened.
pub async fn wait_until_told(app: &TestApp, id: &str) -> Value {
    let head: i64 = keeper(app).head().await.parse().expect("a sequence");
    wait_for(app, id, "all to be told", |found| number(found, "/deliveredThrough") >= head).await
}

/// The newest delivery of an endpoint, once so many attempts of it failed.
pub async fn wait_for_attempts(app: &TestApp, id: &str, attempts: i64) -> Value {
    let is_tried = |found: &Value| {
        let newest = found.pointer("/deliveries/nodes/0");
        newest.is_some_and(|newest| newest["state"] != "DELIVERED" && number(newest, "/attempts") >= attempts)
    };
    wait_for(app, id, "an attempt", is_tried).await["deliveries"]["nodes"][0].take()
}

/// The endpoint of the payments' callbacks, once there is one.
pub async fn callbacks_endpoint(app: &TestApp) -> String {
    let document = "{ webhookEndpoints { nodes { id kind url createdBy } } }";
    let data = keeper(app).data(document, json!({})).await;
    let all = list(&data, "/webhookEndpoints/nodes");
    let found = all.iter().find(|endpoint| endpoint["kind"] == "PAYMENT_CALLBACKS").expect("an endpoint of callbacks");
    assert_eq!((&found["url"], text(found, "/createdBy")), (&Value::Null, "billpay"));
    text(found, "/id").to_owned()
}

/// How long the pause is between the last attempt and the next.
pub fn pause_of(delivery: &Value) -> Duration {
    let at = |pointer: &str| text(delivery, pointer).parse::<Timestamp>().expect("a time");
    let pause = at("/nextAttemptAt").duration_since(at("/lastAttemptAt"));
    Duration::try_from(pause).expect("a pause")
}

/// A payment for a day far ahead, with these inputs too: one event, and nothing more becomes of it.
pub async fn schedule(app: &TestApp, client: &Client, more: &[(&str, Value)]) -> Value {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let account = format!("90{:05}", MADE.fetch_add(1, Ordering::Relaxed));
    let mut input = payment_input(&client.biller(KPLC).await, &account, "15");
    input["processDate"] = json!(day_from_now(app, DAYS_AHEAD));
    for (name, value) in more {
        input[*name] = value.clone();
    }
    let mut payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["payment"].take()
}

/// The sequences of the log behind one, up to a hundred.
pub async fn log_behind(app: &TestApp, after: i64) -> Vec<i64> {
    let document = "query ($after: Sequence) { events(after: $after, first: 100) { nodes { sequence } } }";
    let data = keeper(app).data(document, json!({ "after": after.to_string() })).await;
    list(&data, "/events/nodes").iter().map(|event| number(event, "/sequence")).collect()
}

/// The sequences that were told.
pub fn sequences(received: &[Received]) -> Vec<i64> {
    received.iter().map(Received::sequence).collect()
}
