//! What there is, as the lists show it once everything has come that must.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::client::{Client, KPLC};
use crate::support::vendors::bank;
use crate::support::{eventually, list, text};

/// As many ids as `nodes` takes.
const MOST_NODES: usize = 100;
/// A payment at a URL of its own is told of that often at least.
const EVENTS_OF_PAYMENT: usize = 3;
/// The types that a list of the query shows.
const LISTS: [(&str, &str); 9] = [
    ("ApiClient", "apiClients"),
    ("Bill", "bills"),
    ("BillNumber", "billNumbers"),
    ("BulkPayment", "bulkPayments"),
    ("Callback", "callbacks"),
    ("Collection", "collections"),
    ("ControlNumber", "controlNumbers"),
    ("Payment", "payments"),
    ("WebhookEndpoint", "webhookEndpoints"),
];

const REMINDED: &str = "{ events(first: 100, filter: { types: [REMINDER_DUE] }) { nodes { sequence } } }";
const CALLBACKS: &str = "{ callbacks(first: 100) { nodes { subject { __typename
    ... on Payment { bulkPayment { id } } } } } }";
const DELIVERED: &str = "{ webhookEndpoints(first: 100) { nodes { deliveries(first: 100) { nodes { id } } } } }";
const BILLS: &str = "{ bills(first: 100) { nodes { id openPayment { id } } } }";

/// Waits for what comes by itself, where there are so many of each kind: reminders, callbacks about everything that is
/// called back about, and a delivery to every endpoint.
pub async fn wait(client: &Client, count: usize) {
    eventually("the reminders", || async {
        let data = client.data(REMINDED, json!({})).await;
        (list(&data, "/events/nodes").len() >= count).then_some(())
    })
    .await;
    eventually("callbacks of all kinds", || async {
        let data = client.data(CALLBACKS, json!({})).await;
        let subjects: Vec<_> = list(&data, "/callbacks/nodes").iter().map(|callback| &callback["subject"]).collect();
        let kinds: [fn(&Value) -> bool; 3] = [
            |subject| subject["__typename"] == "Collection",
            |subject| subject["bulkPayment"].is_object(),
            |subject| subject["__typename"] == "Payment" && subject["bulkPayment"].is_null(),
        ];
        let has_all = |kind: &fn(&Value) -> bool| subjects.iter().filter(|subject| kind(subject)).count() >= count;
        kinds.iter().all(has_all).then_some(())
    })
    .await;
    eventually("a delivery to every endpoint, and those of each payment with a URL of its own", || async {
        let of_each = deliveries(client).await;
        let longest = of_each.iter().map(Vec::len).max().unwrap_or_default();
        let is_told = of_each.iter().all(|deliveries| !deliveries.is_empty());
        (is_told && longest >= (count * EVENTS_OF_PAYMENT).min(MOST_NODES)).then_some(())
    })
    .await;
}

/// What can be asked for by its id.
pub async fn ids_by_type(client: &Client) -> BTreeMap<&'static str, Vec<String>> {
    let mut found = BTreeMap::new();
    for (kind, field) in LISTS {
        let document = format!("{{ page: {field}(first: {MOST_NODES}) {{ nodes {{ id }} }} }}");
        let data = client.data(&document, json!({})).await;
        found.insert(kind, ids(list(&data, "/page/nodes")));
    }
    found.insert("WebhookDelivery", deliveries(client).await.into_iter().flatten().take(MOST_NODES).collect());
    found.insert("Biller", vec![client.biller(KPLC).await]);
    let data = client.data("{ providers { id code } }", json!({})).await;
    let is_bill = |provider: &&Value| provider["code"] == "bill";
    let provider = list(&data, "/providers").iter().find(is_bill).expect("BILL");
    found.insert("Provider", ids(std::slice::from_ref(provider)));
    found.insert("FundingAccount", vec![bank(client).await]);
    found
}

/// Bills with an open payment.
pub async fn open_bills(client: &Client) -> Vec<String> {
    let data = client.data(BILLS, json!({})).await;
    let open: Vec<_> =
        list(&data, "/bills/nodes").iter().filter(|bill| bill["openPayment"].is_object()).cloned().collect();
    ids(&open)
}

/// The newest deliveries of each endpoint, the newest first of both.
async fn deliveries(client: &Client) -> Vec<Vec<String>> {
    let data = client.data(DELIVERED, json!({})).await;
    let endpoints = list(&data, "/webhookEndpoints/nodes");
    endpoints.iter().map(|endpoint| ids(list(endpoint, "/deliveries/nodes"))).collect()
}

fn ids(nodes: &[Value]) -> Vec<String> {
    nodes.iter().map(|node| text(node, "/id").to_owned()).collect()
}
