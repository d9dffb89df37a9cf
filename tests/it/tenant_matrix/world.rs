//! What there is: one set of objects of the owner's, and a few of each stranger's own, so that a stranger's answers are
//! not empty for want of anything to show.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use serde_json::{Value, json};

use super::things::{List, Thing};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::numbers::{collections, made, order, pay as pay_number, shillings, wait_for_collections};
use crate::support::vendors::{FREIGHT, bank, bills, bulk_input, create_bulk, wait_for_bulk};
use crate::support::{TestApp, eventually, list, text};

/// The customer that everything belongs to.
pub const OWNER: &str = "the-owner";
/// An account that only the owner has.
const ACCOUNT: &str = "1818181";
/// Where nobody takes webhooks, so that they stay on their way.
const DEAD_END: &str = "http://127.0.0.1:9/hooks";

const LOOK_UP: &str = "query ($biller: ID!, $account: String!) {
    billLookup(billerId: $biller, accountReference: $account) { bills { id } } }";
const SAVE: &str = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) {
    billNumber { id } errors { code } } }";
const SEVERAL: &str = "mutation ($input: CreateControlNumbersInput!) { createControlNumbers(input: $input) {
    items { controlNumber { id } errors { code } } errors { code } } }";
const API_CLIENT: &str = "mutation { createApiClient(input: { name: \"Till 7\", scopes: [\"payments:read\"] }) {
    apiClient { id } errors { code } } }";
const ENDPOINT: &str = "mutation ($url: URL!) { createWebhookEndpoint(input: { url: $url }) {
    webhookEndpoint { id } errors { code } } }";
const DELIVERIES: &str = "{ webhookEndpoints { nodes { kind deliveries(first: 100) { nodes { id } } } } }";
const REMINDED: &str = "{ events(first: 100, filter: { types: [REMINDER_DUE] }) { nodes { sequence } } }";

/// The owner's things by their names, and every word that must not be found in a stranger's answer.
pub struct World {
    names: BTreeMap<Thing, String>,
    marks: BTreeSet<String>,
}

impl World {
    /// Makes everything. `whole` speaks for the owner's whole tenant, which alone is shown callbacks.
    pub async fn make(app: &TestApp, owner: &Client, whole: &Client) -> Self {
        let endpoint = make_endpoint(owner).await;
        make_endpoint(owner).await;
        let bill = look_up(owner, ACCOUNT).await;
        look_up(owner, "900002").await;
        let (paid, bulk, (number, batch_key), ()) =
            tokio::join!(pay_twice(owner), make_bulks(owner), make_numbers(app, owner), keep(app, owner, "1234567"));
        let client = make_api_client(owner).await;
        make_api_client(owner).await;
        let delivery = delivery(whole).await;
        let [collection] = collections(&number) else { panic!("one collection: {number}") };
        let named = |thing, value: &Value, pointer| (thing, text(value, pointer).to_owned());
        let names = BTreeMap::from([
            named(Thing::Payment, &paid, "/id"),
            named(Thing::PaymentKey, &paid, "/idempotencyKey"),
            named(Thing::PaymentReference, &paid, "/providerReference"),
            named(Thing::BillNumber, &paid, "/billNumber/id"),
            (Thing::Bill, bill),
            named(Thing::BulkPayment, &bulk, "/id"),
            named(Thing::BulkKey, &bulk, "/idempotencyKey"),
            named(Thing::ControlNumber, &number, "/id"),
            named(Thing::NumberKey, &number, "/idempotencyKey"),
            named(Thing::Number, &number, "/number"),
            named(Thing::NumberReference, &number, "/reference"),
            (Thing::BatchKey, batch_key),
            named(Thing::Collection, collection, "/id"),
            (Thing::ApiClient, client),
            (Thing::WebhookEndpoint, endpoint),
            (Thing::WebhookDelivery, delivery),
            (Thing::Account, ACCOUNT.to_owned()),
            (Thing::Customer, OWNER.to_owned()),
        ]);
        let mut world = Self { marks: names.values().cloned().collect(), names };
        for list in List::ALL {
            world.note(list, owner, whole).await;
        }
        world
    }

    /// What a thing is called.
    pub fn name(&self, thing: Thing) -> &str {
        self.names.get(&thing).unwrap_or_else(|| panic!("world.rs makes no {thing:?}"))
    }

    /// The owner's words that an answer holds.
    pub fn marks_in<'a>(&'a self, answer: &str) -> Vec<&'a str> {
        self.marks.iter().map(String::as_str).filter(|mark| answer.contains(mark)).collect()
    }

    /// Notes what is in a list, once there are two: behind the first and before the last there must be something.
    async fn note(&mut self, list: List, owner: &Client, whole: &Client) {
        let reader = match list {
            List::Callbacks => whole,
            List::ApiClients
            | List::BillNumbers
            | List::Bills
            | List::BulkPayments
            | List::Collections
            | List::ControlNumbers
            | List::Payments
            | List::WebhookEndpoints => owner,
        };
        let ids = eventually(&format!("two {list:?}"), || async {
            let ids = ids_of(reader, list).await;
            (ids.len() > 1).then_some(ids)
        })
        .await;
        self.names.extend(ids.first().map(|id| (Thing::First(list), id.clone())));
        self.names.extend(ids.last().map(|id| (Thing::Last(list), id.clone())));
        self.marks.extend(ids);
    }
}

/// Makes a few things of a stranger's own: a payment, bill numbers, a control number with money, a reminder, and a
/// webhook endpoint.
pub async fn make_own(app: &TestApp, stranger: &Client) {
    make_endpoint(stranger).await;
    let kept = keep(app, stranger, "1234568");
    tokio::join!(pay(stranger, "1111111"), make_number(app, stranger), kept);
}

async fn ids_of(reader: &Client, kind: List) -> Vec<String> {
    let field = kind.field();
    let found = reader.data(&format!("{{ found: {field}(first: 100) {{ nodes {{ id }} }} }}"), json!({})).await;
    list(&found, "/found/nodes").iter().map(|node| text(node, "/id").to_owned()).collect()
}

/// The bill that an account owes.
async fn look_up(client: &Client, account: &str) -> String {
    let variables = json!({ "biller": client.biller(KPLC).await, "account": account });
    let found = client.data(LOOK_UP, variables).await;
    text(&found, "/billLookup/bills/0/id").to_owned()
}

/// A payment that succeeded, of an account that is kept with it; its callbacks are on their way for ever.
async fn pay(client: &Client, account: &str) -> Value {
    let mut input = payment_input(&client.biller(KPLC).await, account, "15");
    input["saveBillNumber"] = json!(true);
    input["callbackUrl"] = json!(DEAD_END);
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await
}

async fn pay_twice(owner: &Client) -> Value {
    pay(owner, "1111111").await;
    pay(owner, ACCOUNT).await
}

/// Two bulk payments; the last of them.
async fn make_bulks(owner: &Client) -> Value {
    let (found, bank) = (bills(owner, FREIGHT).await, bank(owner).await);
    make_bulk(owner, &bulk_input(&found[..2], "10", &bank)).await;
    make_bulk(owner, &bulk_input(&found[2..4], "10", &bank)).await
}

async fn make_bulk(owner: &Client, input: &Value) -> Value {
    let mut payload = create_bulk(owner, input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    wait_for_bulk(owner, text(&payload, "/bulkPayment/id"), &["SUCCEEDED"]).await;
    payload["bulkPayment"].take()
}

/// A control number to which money has come.
async fn make_number(app: &TestApp, client: &Client) -> Value {
    let created = made(client, &order("50000")).await;
    assert_eq!(pay_number(app, text(&created, "/number"), "50000").await, 200);
    wait_for_collections(client, text(&created, "/id"), 1).await
}

/// Two control numbers to which money has come, and one more of a batch: one of the two, and the batch's key.
async fn make_numbers(app: &TestApp, owner: &Client) -> (Value, String) {
    make_number(app, owner).await;
    let number = make_number(app, owner).await;
    let key = new_key();
    let input = json!({ "idempotencyKey": key, "items": [{ "amount": shillings("4000") }] });
    let payload = owner.data(SEVERAL, json!({ "input": input })).await["createControlNumbers"].take();
    assert_eq!((&payload["errors"], &payload["items"][0]["errors"]), (&json!([]), &json!([])), "{payload}");
    (number, key)
}

/// Keeps an account, and waits until it is reminded of.
async fn keep(app: &TestApp, client: &Client, account: &str) {
    let biller = client.biller(KPLC).await;
    let input = json!({ "billerId": biller, "accountReference": account, "remindDueDate": true });
    let saved = client.data(SAVE, json!({ "input": input })).await["saveBillNumber"].take();
    assert_eq!(saved["errors"], json!([]), "{saved}");
    app.clock().advance(Duration::from_secs(120));
    eventually("a reminder", || async {
        let told = client.data(REMINDED, json!({})).await;
        (!list(&told, "/events/nodes").is_empty()).then_some(())
    })
    .await;
}

async fn make_endpoint(client: &Client) -> String {
    let payload = client.data(ENDPOINT, json!({ "url": DEAD_END })).await["createWebhookEndpoint"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    text(&payload, "/webhookEndpoint/id").to_owned()
}

/// One of the callbacks that are on their way, which only the whole tenant is shown.
async fn delivery(whole: &Client) -> String {
    eventually("a callback", || async {
        let found = whole.data(DELIVERIES, json!({})).await;
        let mut endpoints = list(&found, "/webhookEndpoints/nodes").iter();
        let callbacks = endpoints.find(|endpoint| endpoint["kind"] == "PAYMENT_CALLBACKS")?;
        let newest = list(callbacks, "/deliveries/nodes").first()?;
        Some(text(newest, "/id").to_owned())
    })
    .await
}

async fn make_api_client(owner: &Client) -> String {
    let payload = owner.data(API_CLIENT, json!({})).await["createApiClient"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    text(&payload, "/apiClient/id").to_owned()
}
