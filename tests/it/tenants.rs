//! Tenants and customers: what belongs to another answers exactly as what does not exist.

use billpay::domain::ids::{BillId, BillNumberId, PaymentId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{ALL, TENANT, USER};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{TestApp, list, on_both_databases, text};

/// What tells two answers apart that should be equal: the request's own id, and the id that was asked for.
fn without_ids(answer: &str, id: &str) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    for error in answer.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
        error["extensions"]["requestId"] = Value::Null;
    }
    let answer = answer.to_string();
    assert!(!answer.contains(id), "the id is repeated: {answer}");
    answer
}

/// Asserts that each document answers for `theirs` as for `nothing`, an id of the same kind that names nothing.
async fn assert_alike(client: &Client, documents: &[&str], theirs: &str, nothing: &str) {
    for document in documents {
        let one = client.raw(document, &json!({ "id": theirs })).await;
        let other = client.raw(document, &json!({ "id": nothing })).await;
        assert_eq!(without_ids(&one, theirs), without_ids(&other, nothing), "{document}");
        assert!(!one.contains("GRAPHQL_"), "{document} is not valid: {one}");
    }
}

const PAYMENT: [&str; 9] = [
    "query ($id: ID!) { payment(by: { id: $id }) { id status } }",
    "query ($id: ID!) { node(id: $id) { id ... on Payment { status } } }",
    "query ($id: ID!) { nodes(ids: [$id]) { id } }",
    "query ($id: ID!) { events(filter: { subjectId: $id }) { head nodes { sequence } } }",
    "mutation ($id: ID!) { cancelPayment(input: { paymentId: $id }) { payment { id } errors { code message path } } }",
    "mutation ($id: ID!) { refreshPayment(input: { paymentId: $id }) { payment { id } errors { code message path } } }",
    "mutation ($id: ID!) { resolvePayment(input: { paymentId: $id, outcome: FAILED, evidence: \"seen in the books\" }) {
        payment { id } errors { code message path } } }",
    "query ($id: String!) { payments(after: $id) { nodes { id } pageInfo { hasNextPage } } }",
    "query ($id: String!) { payments(last: 10, before: $id) { nodes { id } } }",
];
const BILL_NUMBER: [&str; 8] = [
    "query ($id: ID!) { node(id: $id) { id } }",
    "query ($id: ID!) { nodes(ids: [$id]) { id } }",
    "query ($id: ID!) { payments(filter: { billNumberId: $id }) { nodes { id } } }",
    "query ($id: ID!) { events(filter: { subjectId: $id }) { head nodes { sequence } } }",
    "mutation ($id: ID!) { removeBillNumber(input: { billNumberId: $id }) {
        billNumber { id } errors { code message path } } }",
    "mutation ($id: ID!) { refreshBillNumber(input: { billNumberId: $id }) {
        billNumber { id } errors { code message path } } }",
    "mutation ($id: ID!) { createPayment(input: { idempotencyKey: \"probe\", target: { billNumberId: $id },
        amount: { amount: \"15\", currency: \"KES\" } }) { payment { id } replayed errors { code message path } } }",
    "query ($id: String!) { billNumbers(after: $id) { nodes { id } pageInfo { hasNextPage } } }",
];
const BILL: [&str; 5] = [
    "query ($id: ID!) { bill(id: $id) { id amount { amount } } }",
    "query ($id: ID!) { node(id: $id) { id } }",
    "query ($id: ID!) { nodes(ids: [$id]) { id } }",
    "mutation ($id: ID!) { createPayment(input: { idempotencyKey: \"probe\", target: { billId: $id },
        amount: { amount: \"15\", currency: \"KES\" } }) { payment { id } replayed errors { code message path } } }",
    "query ($id: String!) { bills(after: $id) { nodes { id } pageInfo { hasNextPage } } }",
];
const BY_KEY: &str = "query ($id: String!) { payment(by: { idempotencyKey: $id }) { id } }";
const BY_REFERENCE: &str = "query ($id: String!) { payment(by: { providerReference: { reference: $id } }) { id } }";
const UPDATED: &str = "subscription ($id: ID!) { paymentUpdated(id: $id) { sequence } }";

/// One object of each kind that a client made.
struct Objects {
    payment: Value,
    bill_number: String,
    bill: String,
}

async fn make(client: &Client) -> Objects {
    let biller = client.biller(KPLC).await;
    let variables = json!({ "biller": biller });
    let document = "query ($biller: ID!) { billLookup(billerId: $biller, accountReference: \"1515151\") {
        bills { id } } }";
    let found = client.data(document, variables).await;
    let mut input = payment_input(&biller, "1515151", "15");
    input["saveBillNumber"] = json!(true);
    let mut payload = client.create(input).await;
    Objects {
        bill: text(&found, "/billLookup/bills/0/id").to_owned(),
        bill_number: text(&payload, "/payment/billNumber/id").to_owned(),
        payment: payload["payment"].take(),
    }
}

/// Asserts that a stranger learns nothing of these objects, and that they are as they were afterwards.
async fn assert_hidden(owner: &Client, stranger: &Client, objects: &Objects) {
    let payment = text(&objects.payment, "/id");
    let before = owner.payment(payment).await;
    let no_payment = PaymentId::from_uuid(Uuid::now_v7()).to_string();
    assert_alike(stranger, &PAYMENT, payment, &no_payment).await;
    let no_number = BillNumberId::from_uuid(Uuid::now_v7()).to_string();
    assert_alike(stranger, &BILL_NUMBER, &objects.bill_number, &no_number).await;
    assert_alike(stranger, &BILL, &objects.bill, &BillId::from_uuid(Uuid::now_v7()).to_string()).await;
    let key = text(&objects.payment, "/idempotencyKey");
    assert_alike(stranger, &[BY_KEY], key, &Uuid::now_v7().to_string()).await;
    let reference = text(&objects.payment, "/providerReference");
    assert_alike(stranger, &[BY_REFERENCE], reference, &Uuid::now_v7().to_string()).await;
    let mut one = stranger.subscribe(UPDATED, json!({ "id": payment })).await.refusal().await;
    let mut other = stranger.subscribe(UPDATED, json!({ "id": no_payment })).await.refusal().await;
    one[0]["extensions"]["requestId"] = Value::Null;
    other[0]["extensions"]["requestId"] = Value::Null;
    assert_eq!(one, other);
    let lists = "{ payments { nodes { id } } billNumbers { nodes { id } } bills { nodes { id } }
        events { nodes { sequence } } }";
    let lists = stranger.data(lists, json!({})).await;
    for name in ["payments", "billNumbers", "bills", "events"] {
        assert_eq!(lists[name]["nodes"], json!([]), "{name}");
    }
    let after = owner.payment(payment).await;
    assert_eq!((&after["status"], &after["version"]), (&before["status"], &before["version"]));
    let kept = owner.data("{ billNumbers { nodes { id } } }", json!({})).await;
    assert_eq!(text(&kept, "/billNumbers/nodes/0/id"), objects.bill_number);
}

on_both_databases! {
    async fn t1_another_tenants_objects_answer_as_if_they_did_not_exist(app: TestApp) {
        let owner = app.admin();
        let objects = make(&owner).await;
        assert_hidden(&owner, &app.client("umbrella", ALL), &objects).await;
    }
}

on_both_databases! {
    async fn t1_another_customers_objects_answer_as_if_they_did_not_exist(app: TestApp) {
        let owner = app.client_with(&app.token_for_customer(TENANT, "customer-1", ALL));
        let objects = make(&owner).await;
        let stranger = app.client_with(&app.token_for_customer(TENANT, "customer-2", ALL));
        assert_hidden(&owner, &stranger, &objects).await;
    }
}

on_both_databases! {
    async fn the_whole_tenant_sees_what_its_customers_made(app: TestApp) {
        let customer = app.client_with(&app.token_for_customer(TENANT, "customer-1", USER));
        let objects = make(&customer).await;
        let whole = app.admin();
        let seen = whole.payment(text(&objects.payment, "/id")).await;
        assert_eq!(seen["id"], objects.payment["id"]);
        let document = "query ($customer: String) { payments(filter: { customer: $customer }) { nodes { id } } }";
        for (name, count) in [("customer-1", 1), ("customer-2", 0)] {
            let found = whole.data(document, json!({ "customer": name })).await;
            assert_eq!(list(&found, "/payments/nodes").len(), count, "{name}");
        }
        let viewer = customer.data("{ viewer { customer tenant subject } }", json!({})).await;
        assert_eq!(text(&viewer, "/viewer/customer"), "customer-1");
    }
}

on_both_databases! {
    async fn a_customer_does_not_see_what_the_tenant_itself_made(app: TestApp) {
        let whole = app.admin();
        let objects = make(&whole).await;
        let customer = app.client_with(&app.token_for_customer(TENANT, "customer-1", ALL));
        assert_hidden(&whole, &customer, &objects).await;
    }
}

on_both_databases! {
    async fn a_filter_by_another_customer_shows_a_customer_nothing(app: TestApp) {
        let one = app.client_with(&app.token_for_customer(TENANT, "customer-1", USER));
        one.paid("1515151").await;
        let other = app.client_with(&app.token_for_customer(TENANT, "customer-2", USER));
        let document = "{ payments(filter: { customer: \"customer-1\" }) { nodes { id } }
            billNumbers(filter: { customer: \"customer-1\" }) { nodes { id } } }";
        let seen = other.data(document, json!({})).await;
        assert_eq!(seen["payments"]["nodes"], json!([]));
        assert_eq!(seen["billNumbers"]["nodes"], json!([]));
    }
}

on_both_databases! {
    async fn t2_two_tenants_pay_the_same_account_at_once(app: TestApp) {
        let (ours, theirs) = (app.admin(), app.client("umbrella", USER));
        let one = ours.paid("1515151").await;
        let other = theirs.paid("1515151").await;
        assert_ne!(one["id"], other["id"]);
    }
}

on_both_databases! {
    async fn t3_of_many_tenants_at_once_each_sees_its_own(app: TestApp) {
        app.admin().biller(KPLC).await;
        let tenants = (0..12).map(|number| see_own(&app, format!("tenant-{number}")));
        futures_util::future::join_all(tenants).await;
    }
}

async fn see_own(app: &TestApp, tenant: String) {
    let client = app.client(&tenant, USER);
    let payment = client.pay_until("1111111", &["SUCCEEDED"]).await;
    for _ in 0..5 {
        let seen = client.data("{ viewer { tenant eventsHead } payments { nodes { id } } }", json!({})).await;
        assert_eq!(text(&seen, "/viewer/tenant"), tenant);
        assert_eq!(list(&seen, "/payments/nodes").len(), 1);
        assert_eq!(seen["payments"]["nodes"][0]["id"], payment["id"]);
    }
}
