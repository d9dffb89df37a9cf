//! What is asked: the documents of the workloads, the same for billpay and for the ceiling.

use serde_json::{Value, json};

/// Where the load generator puts a key of its own into a body.
pub const KEY: &str = "@KEY@";
/// Payments on a page.
pub const PAGE: u32 = 20;

const READ: &str = "query Page($first: Int!, $after: String) { payments(first: $first, after: $after) { \
    edges { cursor node { id status version amount { amount currency } accountReference description createdAt \
    biller { id name category country currency } \
    billNumber { id accountReference customerName lastKnownBalance { amount currency } dueDate } } } \
    pageInfo { hasPreviousPage hasNextPage startCursor endCursor } } }";

const CREATE: &str = "mutation Create($input: CreatePaymentInput!) { createPayment(input: $input) { \
    payment { id status version amount { amount currency } accountReference createdAt biller { id name } } \
    errors { __typename message } replayed } }";

const FOLLOW: &str = "subscription { paymentsUpdated { sequence type at version status payment { id status } } }";

/// A page of payments, each with its biller and its bill number.
pub fn read(after: Option<&str>) -> String {
    json!({ "query": READ, "variables": { "first": PAGE, "after": after } }).to_string()
}

/// A payment under a key that the load generator fills in; its account is the key too, so that no two are for one bill.
pub fn create(biller: &str, wait: &str) -> String {
    let input = json!({
        "idempotencyKey": KEY,
        "target": { "account": { "billerId": biller, "accountReference": KEY } },
        "amount": { "amount": "120.50", "currency": "SAR" },
        "dueDate": "2099-12-31",
        "wait": wait,
    });
    json!({ "query": CREATE, "variables": { "input": input } }).to_string()
}

/// The least that can be asked.
pub fn typename() -> String {
    json!({ "query": "{ __typename }" }).to_string()
}

/// Every change of the tenant's payments, from now on.
pub fn follow() -> Value {
    json!({ "query": FOLLOW })
}
