//! Bills of BILL's vendors as the tests find, pay and look at them.

use serde_json::{Value, json};

use super::client::{Client, new_key};
use super::{eventually, list, text};

/// Vendors of the sandbox: paid by ACH, by ACH and combined, by check, and in pounds.
pub const HARBOR: &str = "Harbor Electric Co";
pub const NORTHWIND: &str = "Northwind Supplies";
pub const CEDAR: &str = "Cedar Print Shop";
pub const FREIGHT: &str = "Blue Line Freight";
pub const THAMES: &str = "Thames Consulting Ltd";
pub const MERIDIAN: &str = "Meridian Wholesale";

/// States from which a payment moves by evidence only.
pub const FINAL: [&str; 5] = ["SUCCEEDED", "FAILED", "CANCELLED", "REVERSED", "NEEDS_REVIEW"];

/// All that a test looks at in a payment through BILL.
pub const BILL_PAYMENT: &str = "fragment B on Payment {
    id status version amount { amount currency } biller { name } ourReference providerReference confirmationNumber
    fundingAmount { amount currency } exchangeRate disbursement { method } deliverySpeed processDate providerStatus
    cancellation { requestedBy reason state } voids { kind reason status } bulkPayment { id }
    fundingAccount { id kind active } allowedActions failure { code message } review { reason }
    allocations { amount { amount } providerReference bill { id providerReference } }
    attempts { kind state } events { sequence version type status actor reason }
}";

const PAYLOAD_ERRORS: &str = "errors { __typename code message path ... on BeingPaidError { payment { id } }
    ... on CapabilityError { capability } }";

/// What createBulkPayment answers.
const BULK: &str = "replayed bulkPayment { id status version total { amount currency } idempotencyKey
    payments { ...B } }";

/// The open bills of a vendor, as BILL lists them.
pub async fn bills(client: &Client, vendor: &str) -> Vec<Value> {
    let document = "query ($biller: ID!) { billLookup(billerId: $biller) { errors { code }
        bills { id providerReference amountDue { amount currency } } } }";
    let found = client.data(document, json!({ "biller": client.biller(vendor).await })).await;
    assert_eq!(found["billLookup"]["errors"], json!([]), "{found}");
    list(&found, "/billLookup/bills").to_vec()
}

/// A funding account of this kind that can be used, or one that cannot.
pub async fn funding_account(client: &Client, kind: &str, active: bool) -> String {
    let providers = client.data("{ providers { id code } }", json!({})).await;
    let provider = list(&providers, "/providers").iter().find(|provider| provider["code"] == "bill");
    let provider = text(provider.expect("BILL"), "/id").to_owned();
    let document = "query ($id: ID!) { fundingAccounts(providerId: $id) { id kind active provider { code } } }";
    eventually(kind, || async {
        let data = client.data(document, json!({ "id": provider })).await;
        let mut accounts = list(&data, "/fundingAccounts").iter();
        let found = accounts.find(|account| account["kind"] == kind && account["active"] == json!(active));
        found.map(|account| text(account, "/id").to_owned())
    })
    .await
}

/// The usual funding account.
pub async fn bank(client: &Client) -> String {
    funding_account(client, "BANK_ACCOUNT", true).await
}

/// What createPayment needs for part of a bill.
pub fn bill_input(bill: &Value, amount: &str, funding_account: &str) -> Value {
    json!({
        "idempotencyKey": new_key(),
        "target": { "billId": bill["id"] },
        "amount": { "amount": amount, "currency": bill["amountDue"]["currency"] },
        "fundingAccountId": funding_account,
    })
}

/// What createPayment answers.
pub async fn create(client: &Client, input: &Value) -> Value {
    let document = format!(
        "mutation ($input: CreatePaymentInput!) {{ createPayment(input: $input) {{
            replayed payment {{ ...B }} {PAYLOAD_ERRORS} }} }} {BILL_PAYMENT}"
    );
    client.data(&document, json!({ "input": input })).await["createPayment"].take()
}

/// A payment that was taken.
pub async fn pay(client: &Client, input: &Value) -> Value {
    let mut payload = create(client, input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["payment"].take()
}

/// A payment as it is now.
pub async fn payment(client: &Client, id: &str) -> Value {
    let document = format!("query ($id: ID!) {{ payment(by: {{ id: $id }}) {{ ...B }} }} {BILL_PAYMENT}");
    client.data(&document, json!({ "id": id })).await["payment"].take()
}

/// The payment, once it has one of these statuses.
pub async fn wait_for(client: &Client, id: &str, wanted: &[&str]) -> Value {
    eventually(&format!("{id} to be {wanted:?}"), || async {
        let payment = payment(client, id).await;
        wanted.contains(&text(&payment, "/status")).then_some(payment)
    })
    .await
}

/// What a mutation on a payment answers: payment, errors. `more` are members of the input besides its id.
pub async fn act(client: &Client, mutation: &str, id: &str, more: Value) -> Value {
    let mut input = more;
    input["paymentId"] = json!(id);
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let document = format!(
        "mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ payment {{ ...B }} {PAYLOAD_ERRORS} }} }}
         {BILL_PAYMENT}"
    );
    client.data(&document, json!({ "input": input })).await[mutation].take()
}

/// What createBulkPayment needs to pay as much of each bill.
pub fn bulk_input(bills: &[Value], amount: &str, funding_account: &str) -> Value {
    let item = |bill: &Value| {
        let amount = json!({ "amount": amount, "currency": bill["amountDue"]["currency"] });
        json!({ "billId": bill["id"], "amount": amount })
    };
    json!({
        "idempotencyKey": new_key(),
        "items": bills.iter().map(item).collect::<Vec<_>>(),
        "fundingAccountId": funding_account,
    })
}

/// What createBulkPayment answers: bulkPayment, errors, replayed.
pub async fn create_bulk(client: &Client, input: &Value) -> Value {
    let document = format!(
        "mutation ($input: CreateBulkPaymentInput!) {{ createBulkPayment(input: $input) {{ {BULK} {PAYLOAD_ERRORS} }} }}
         {BILL_PAYMENT}"
    );
    client.data(&document, json!({ "input": input })).await["createBulkPayment"].take()
}

/// A bulk payment, once it has one of these statuses.
pub async fn wait_for_bulk(client: &Client, id: &str, wanted: &[&str]) -> Value {
    let document = format!(
        "query ($id: ID!) {{ bulkPayment(id: $id) {{ id status version total {{ amount currency }}
            payments {{ ...B }} }} }} {BILL_PAYMENT}"
    );
    eventually(&format!("{id} to be {wanted:?}"), || async {
        let bulk = client.data(&document, json!({ "id": id })).await["bulkPayment"].take();
        wanted.contains(&text(&bulk, "/status")).then_some(bulk)
    })
    .await
}

/// How many calls of a kind were made for a payment.
pub fn calls(payment: &Value, kind: &str) -> usize {
    list(payment, "/attempts").iter().filter(|attempt| attempt["kind"] == kind).count()
}
