//! Who is told of what happens, asked to be told of the large tenant: an endpoint of its own, `callbackUrl`s of payments,
//! and followers that were away.

use serde_json::{Value, json};

use billpay::domain::ids::WebhookEndpointId;

use super::operations::{REPEATS, seeded};
use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::receiver::{Received, Receiver};
use crate::support::{TestApp, number, text};

/// The payment whose id the endpoint of the large tenant's callbacks has in seed.sql.
const CALLBACKS_ENDPOINT: u64 = 5;
/// How many are paid, one after the other: each is told several times, so that half as many do.
const PAID: u32 = REPEATS / 2;
/// Where a follower goes on: 2,000 events behind the end that seed.sql gives the log, which is more than is kept of it.
const WAS_AWAY_SINCE: i64 = 398_000;
/// Where the endpoint of the tenant's own is told.
const OWN: &str = "/own";

const MAKE: &str = "mutation ($input: CreateWebhookEndpointInput!) { made: createWebhookEndpoint(input: $input) {
    errors { code message path } } }";
const RENEW: &str = "mutation ($input: RotateWebhookSecretInput!) { made: rotateWebhookSecret(input: $input) {
    errors { code message path } } }";
const FOLLOW: &str = "subscription ($after: Sequence) { paymentsUpdated(after: $after) { sequence } }";

/// Has everybody told.
pub async fn run(app: &TestApp, program: &Program) {
    let keeper = app.client_at(program.address, &app.token(TENANT, &format!("{ALL} webhooks:write")));
    let receiver = Receiver::start().await;
    let callbacks = WebhookEndpointId::from_uuid(seeded(CALLBACKS_ENDPOINT)).to_string();
    make(&keeper, RENEW, json!({ "webhookEndpointId": callbacks })).await;
    make(&keeper, MAKE, json!({ "url": receiver.url(OWN) })).await;
    let biller = keeper.biller(KPLC).await;
    for place in 0..PAID {
        pay(&keeper, &biller, place, &receiver).await;
    }
    receiver.wait_until("the tenant to be told", |received| came_to(received, OWN)).await;
    for _ in 0..REPEATS {
        go_on(&keeper).await;
    }
}

async fn make(keeper: &Client, document: &str, input: Value) {
    let payload = keeper.data(document, json!({ "input": input })).await["made"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
}

/// A payment until it is settled and told where it says; the next one is a turn of its own.
async fn pay(client: &Client, biller: &str, place: u32, receiver: &Receiver) {
    let mut input = payment_input(biller, &format!("92000{place:02}"), "15");
    let path = format!("/paid/{place}");
    input["callbackUrl"] = json!(receiver.url(&path));
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
    receiver.wait_until(&path, |received| came_to(received, &path)).await;
}

fn came_to(received: &[Received], path: &str) -> bool {
    received.iter().any(|one| one.path == path)
}

/// A follower that was away is told of the oldest that it missed.
async fn go_on(client: &Client) {
    let mut missed = client.subscribe(FOLLOW, json!({ "after": WAS_AWAY_SINCE.to_string() })).await;
    let event = missed.next().await;
    assert_eq!(number(&event, "/paymentsUpdated/sequence"), WAS_AWAY_SINCE + 1, "{event}");
}
