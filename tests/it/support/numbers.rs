//! Control numbers as the tests make, pay and look at them.

use serde_json::{Value, json};

use super::client::{Client, new_key};
use super::{TestApp, eventually, list, text};

/// All that a test looks at in a control number.
pub const NUMBER: &str = "fragment N on ControlNumber {
    id number kind mode status version acceptsPayments reference description idempotencyKey provider { code }
    amount { amount currency } amountReceived { amount currency } amountRemaining { amount } maxAmount { amount }
    customer { name phoneNumber email } failure { code message } review { reason since }
    collections { nodes { id status flags number providerReference channel amount { amount currency }
        payer { name phoneNumber } controlNumber { id } } }
    events { sequence version type status actor failure { code } }
}";

const CREATE: &str = "mutation ($input: CreateControlNumberInput!) { createControlNumber(input: $input) {
    replayed controlNumber { ...N } errors { __typename code message path } } }";
const UPDATE: &str = "mutation ($input: UpdateControlNumberInput!) { updateControlNumber(input: $input) {
    controlNumber { ...N } errors { __typename code message path } } }";

/// An amount of Tanzanian shillings.
pub fn shillings(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "TZS" })
}

/// What createControlNumber needs for one payment of exactly this amount.
pub fn order(amount: &str) -> Value {
    json!({ "idempotencyKey": new_key(), "amount": shillings(amount) })
}

/// What createControlNumber needs for a customer who may pay again and again.
pub fn customer() -> Value {
    json!({
        "idempotencyKey": new_key(), "kind": "CUSTOMER",
        "customer": { "name": "Neema Mushi", "phoneNumber": "+255712345678" },
    })
}

/// What createControlNumber answers: controlNumber, errors, replayed.
pub async fn ask_for(client: &Client, input: &Value) -> Value {
    let document = format!("{CREATE} {NUMBER}");
    client.data(&document, json!({ "input": input })).await["createControlNumber"].take()
}

/// A control number that can be paid. Where the machine was so busy that the provider's answer came too late, it is looked
/// up.
pub async fn made(client: &Client, input: &Value) -> Value {
    let mut payload = ask_for(client, input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    if text(&payload, "/controlNumber/status") == "UNKNOWN" {
        return wait_for_status(client, text(&payload, "/controlNumber/id"), "ACTIVE").await;
    }
    assert_eq!(text(&payload, "/controlNumber/status"), "ACTIVE", "{payload}");
    payload["controlNumber"].take()
}

/// What updateControlNumber answers: controlNumber, errors.
pub async fn update(client: &Client, id: &str, mut change: Value) -> Value {
    change["controlNumberId"] = json!(id);
    let document = format!("{UPDATE} {NUMBER}");
    client.data(&document, json!({ "input": change })).await["updateControlNumber"].take()
}

/// A control number as it is now; null where there is none.
pub async fn find(client: &Client, id: &str) -> Value {
    let document = format!("query ($id: ID!) {{ controlNumber(by: {{ id: $id }}) {{ ...N }} }} {NUMBER}");
    client.data(&document, json!({ "id": id })).await["controlNumber"].take()
}

/// The control number, once it is as wanted.
pub async fn wait_for(client: &Client, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(&format!("{id} to be {what}"), || async {
        let number = find(client, id).await;
        wanted(&number).then_some(number)
    })
    .await
}

/// The control number, once it has this status.
pub async fn wait_for_status(client: &Client, id: &str, status: &str) -> Value {
    wait_for(client, id, status, |number| number["status"] == status).await
}

/// The control number, once so many collections of it are known. A number and its collections are read one after the
/// other, and money may come in between: so the number is read once more.
pub async fn wait_for_collections(client: &Client, id: &str, count: usize) -> Value {
    wait_for(client, id, &format!("paid {count} times"), |number| collections(number).len() == count).await;
    find(client, id).await
}

/// The money that has come for a control number, newest first.
#[track_caller]
pub fn collections(number: &Value) -> &[Value] {
    list(number, "/collections/nodes")
}

/// Plays the payer; answers the status that the payer sees.
pub async fn pay(app: &TestApp, number: &str, amount: &str) -> u16 {
    let body = json!({ "billPayNumber": number, "amount": amount });
    app.play("clickpesa/_sandbox/pay", &body).await.0
}

/// Plays money that arrives although a payment channel would have turned its payer away.
pub async fn force(app: &TestApp, number: &str, amount: &str, currency: &str) {
    let body = json!({ "billPayNumber": number, "amount": amount, "currency": currency, "force": true });
    let (status, answer) = app.play("clickpesa/_sandbox/pay", &body).await;
    assert_eq!(status, 200, "{answer}");
}

/// How many numbers the provider has made of these.
pub async fn made_at_provider(app: &TestApp, number: &str) -> usize {
    let all = app.sandbox("clickpesa/_sandbox/control-numbers").await;
    list(&all, "").iter().filter(|made| made["billPayNumber"] == number).count()
}
