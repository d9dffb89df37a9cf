//! Objects that are written at once tell what the library tells when it resolves them field by field.
//!
//! Each document is asked twice: as it is, and with an object at its root asked for twice, which makes no difference to
//! the answer, but has the library resolve everything. The bytes of both answers must be the same. The plain fields are
//! those of the product's own table, so that none can be forgotten.

mod brief;
mod direct;

use billpay::graphql::plain;
use serde_json::{Value, json};

use crate::schedule::day_from_now;
use crate::support::app::{ALL, TENANT, USER};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::vendors::{THAMES, bank, bill_input, bills, pay, wait_for};
use crate::support::{TestApp, eventually, list, on_both_databases, text};

const FINAL: [&str; 5] = ["SUCCEEDED", "FAILED", "CANCELLED", "REVERSED", "NEEDS_REVIEW"];
const CUSTOMER: &str = "customer-1";
/// Accounts of the sandbox: paid, refused at once, declined later, paid with another amount.
const ACCOUNTS: [&str; 4] = ["1111111", "3333333", "4444444", "1414141"];
const READER: &str = "billers:read bills:read payments:read";
const READER_WITHOUT_BILLS: &str = "billers:read payments:read";
/// What some payment of [`make`] must tell to an administrator, for else the comparison would prove little.
const TOLD: [&str; 13] = [
    "/failure/code",
    "/failure/providerCode",
    "/providerStatus",
    "/providerReference",
    "/fundingAmount/currency",
    "/exchangeRate",
    "/payer/phoneNumber",
    "/description",
    "/accountReference",
    "/billNumber/customerName",
    "/billNumber/lastKnownBalance/amount",
    "/billNumber/biller/provider/code",
    "/biller/category",
];

/// Every plain field of a type, and those of the objects that it holds.
fn every_field(on: &str) -> String {
    let fields = plain::fields().into_iter().filter(|field| field.on == on);
    let asked: Vec<_> = fields
        .map(|field| match field.of {
            Some(of) => format!("{} {{ {} }}", field.name, every_field(of)),
            None => field.name.to_owned(),
        })
        .collect();
    assert!(!asked.is_empty(), "{on} has no plain fields");
    asked.join(" ")
}

/// What of an answer is its data, byte for byte, and which errors were raised where. What it cost differs.
fn data_and_errors(body: &str) -> (String, Vec<Value>) {
    let behind = body.split_once("\"data\":").map(|(_, behind)| behind);
    let data = behind.and_then(|behind| behind.split_once(",\"extensions\":{\"cost\""));
    let (data, _) = data.unwrap_or_else(|| panic!("no data, or no cost: {body}"));
    let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let errors = answer["errors"]
        .as_array()
        .map_or_else(Vec::new, |errors| errors.iter().map(|error| json!([error["path"], error["message"]])).collect());
    (data.to_owned(), errors)
}

/// The answer to a document whose operation is `head { fields }`, once the library has answered with the same bytes.
async fn alike(client: &Client, head: &str, fields: &str, fragments: &str, variables: Value) -> Value {
    let whole = format!("{head} {{ {fields} viewer {{ subject }} }} {fragments}");
    let in_parts = format!("{head} {{ {fields} viewer {{ subject }} viewer {{ subject }} }} {fragments}");
    let (at_once, by_library) = eventually("two equal answers, with nothing changed in between", || async {
        let before = client.raw(&whole, &variables).await;
        let by_library = data_and_errors(&client.raw(&in_parts, &variables).await);
        let after = client.raw(&whole, &variables).await;
        let at_once = data_and_errors(&before);
        (at_once == data_and_errors(&after)).then_some((at_once, by_library))
    })
    .await;
    assert_eq!(at_once.0, by_library.0, "{whole}");
    let sorted = |mut errors: Vec<Value>| {
        errors.sort_by_key(Value::to_string);
        errors
    };
    assert_eq!(sorted(at_once.1), sorted(by_library.1), "{whole}");
    serde_json::from_str(&at_once.0).unwrap_or_else(|error| panic!("{error}: {}", at_once.0))
}

/// Payments in many states; those of one customer and those of the tenant itself.
async fn make(app: &TestApp) {
    let (whole, customer) = (app.admin(), app.client_with(&app.token_for_customer(TENANT, CUSTOMER, USER)));
    let biller = whole.biller(KPLC).await;
    for account in ACCOUNTS {
        customer.pay_until(account, &FINAL).await;
    }
    let mut later = payment_input(&biller, "8888888", "15");
    later["processDate"] = json!(day_from_now(app, 1));
    later["description"] = json!("\"Strom\" \\ für das Büro 🏠");
    later["dueDate"] = json!(day_from_now(app, 2));
    let payload = customer.create(later).await;
    assert_eq!(text(&payload, "/payment/status"), "SCHEDULED", "{payload}");
    let mut saved = payment_input(&biller, "2222222", "15");
    saved["saveBillNumber"] = json!(true);
    customer.create(saved).await;
    save_and_pay(&whole, &biller).await;
    let found = bills(&whole, THAMES).await;
    let payment = pay(&whole, &bill_input(&found[0], "100", &bank(&whole).await)).await;
    wait_for(&whole, text(&payment, "/id"), &FINAL).await;
}

/// Pays an account by its bill number.
async fn save_and_pay(client: &Client, biller: &str) {
    let document = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) {
        billNumber { id } errors { code } } }";
    let input = json!({
        "billerId": biller, "accountReference": "1234567", "description": "home\u{2028}", "remindDueDate": true,
        "phoneNumber": "+254710000000",
    });
    let saved = client.data(document, json!({ "input": input })).await;
    let input = json!({
        "idempotencyKey": new_key(),
        "target": { "billNumberId": text(&saved, "/saveBillNumber/billNumber/id") },
        "amount": { "amount": "15", "currency": "KES" },
        "payer": { "name": "Irina Muthoni", "phoneNumber": "+254710000000" },
    });
    let payload = client.create(input).await;
    client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn every_plain_field_is_told_to_each_requester_as_the_library_tells_it(app: TestApp) {
        make(&app).await;
        let of = |scopes| app.client(TENANT, scopes);
        let customer = |name, scopes| app.client_with(&app.token_for_customer(TENANT, name, scopes));
        let asked = format!("payments {{ {} }}", every_field("PaymentConnection"));
        let seen = [
            ("administrator", of(ALL), 8),
            ("payer", of(USER), 8),
            ("reader", of(READER), 8),
            ("reader without bills", of(READER_WITHOUT_BILLS), 8),
            ("customer", customer(CUSTOMER, USER), 6),
            ("customer's administrator", customer(CUSTOMER, ALL), 6),
            ("another customer", customer("customer-2", USER), 0),
            ("another tenant", app.client("globex", ALL), 0),
        ];
        for (who, client, count) in seen {
            let data = alike(&client, "query", &asked, "", json!({})).await;
            let payments = list(&data, "/payments/nodes");
            assert_eq!(payments.len(), count, "{who}: {data}");
            if who == "administrator" {
                let tells = |payment: &Value, place: &str| payment.pointer(place).is_some_and(|told| !told.is_null());
                let is_told = |place: &str| payments.iter().any(|payment| tells(payment, place));
                let untold: Vec<_> = TOLD.iter().filter(|place| !is_told(place)).collect();
                assert!(untold.is_empty(), "{untold:?} of {data}");
            } else {
                let words = |payment: &Value| payment["providerStatus"].is_string();
                assert!(who.ends_with("administrator") || !payments.iter().any(words), "{who}: {data}");
            }
        }
    }
}

on_both_databases! {
    with [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn a_document_of_any_shape_is_answered_as_by_the_library(app: TestApp) {
        let client = app.admin();
        client.pay_until("1111111", &FINAL).await;
        client.pay_until("3333333", &FINAL).await;
        save_and_pay(&client, &client.biller(KPLC).await).await;
        for (fields, fragments) in SHAPES {
            let data = alike(&client, "query", fields, fragments, json!({})).await;
            assert!(!data["payments"].is_null(), "{fields}: {data}");
        }
    }
}

/// Documents with plans, and some that look as if they had one: fields, and the fragments that they name.
const SHAPES: [(&str, &str); 15] = [
    (
        "payments { nodes { id billNumber { id } } } more: payments { nodes { billNumber { id verified createdAt } } }",
        "",
    ),
    ("payments { nodes { id billNumber { id } } edges { node { dueDate billNumber { description } } } }", ""),
    (
        "payments { nodes { ...F } } fewer: payments(first: 0) { nodes { ...F } }",
        "fragment F on Payment { billNumber { id } }",
    ),
    ("payments { nodes { status id } edges { node { id status } cursor } pageInfo { endCursor } }", ""),
    ("payments { nodes { b: id a: id __typename t: __typename amount { __typename c: currency a: amount } } }", ""),
    ("payments { nodes { id status id ... { status version } version id } }", ""),
    ("payments { nodes { ... on Node { id } ... on Payment { status ... on Node { __typename } } } }", ""),
    ("payments { nodes { ...F ...F } }", "fragment F on Payment { id biller { ...B } } fragment B on Biller { name }"),
    ("payments { ...L } more: payments(last: 1) { ...L }", "fragment L on PaymentConnection { nodes { id status } }"),
    ("payments { nodes { id amount { amount } } } x: payments { nodes { version amount { currency } } }", ""),
    ("payments { nodes { amount { amount } id amount { currency } } }", ""),
    ("payments { nodes { id } nodes { status } edges { node { id } } edges { node { version } } }", ""),
    ("payments { nodes { id } } payments { nodes { status billNumber { id } } }", ""),
    ("payments { nodes { id allowedActions biller { name capabilities } billNumber { id biller { active } } } }", ""),
    ("payments { nodes { billNumber { payments { nodes { id status } } } events(first: 1) { payment { id } } } }", ""),
];

on_both_databases! {
    with [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn what_variables_skip_is_not_told_and_what_they_include_is(app: TestApp) {
        let client = app.admin();
        client.pay_until("1111111", &FINAL).await;
        let fields = "payments { nodes { id status @include(if: $yes) version @skip(if: $yes)
            amount { amount @include(if: $no) currency @include(if: $no) } ... @include(if: $no) { createdAt }
            biller @skip(if: $no) { ...B @include(if: $yes) } } }";
        let head = "query ($yes: Boolean!, $no: Boolean!)";
        let fragments = "fragment B on Biller { code @skip(if: $no) }";
        // Both ways with one document, so that no plan can outlive its variables.
        for (yes, no, told) in [(true, false, "status"), (false, true, "version"), (true, false, "status")] {
            let data = alike(&client, head, fields, fragments, json!({ "yes": yes, "no": no })).await;
            let payment = &data["payments"]["nodes"][0];
            assert!(!payment[told].is_null() && payment["id"].is_string(), "{data}");
            assert_eq!(payment.get("status").is_some(), yes, "{data}");
            assert_eq!(payment.get("createdAt").is_some(), no, "{data}");
            assert_eq!(payment["amount"].as_object().map(serde_json::Map::len), Some(if no { 2 } else { 0 }), "{data}");
        }
    }
}

/// Objects in two parts, of which one is skipped.
const PARTS: [&str; 4] = [
    "payments(first: 2) { nodes { id @skip(if: $yes) } nodes { status } }",
    "payments(first: 2) { pageInfo @skip(if: $yes) { hasNextPage } } payments(first: 2) { nodes { status } }",
    "payments { nodes { amount { currency @skip(if: $yes) } amount { amount } } }",
    "payments { nodes { ... on Node @skip(if: $yes) { id } } } payments { nodes { id } }",
];

on_both_databases! {
    with [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn an_object_of_which_a_part_is_skipped_is_told_with_the_other(app: TestApp) {
        let client = app.admin();
        client.pay_until("1111111", &FINAL).await;
        for fields in PARTS {
            for yes in [true, false] {
                let data = alike(&client, "query ($yes: Boolean!)", fields, "", json!({ "yes": yes })).await;
                let payment = &data["payments"]["nodes"][0];
                assert!(payment.as_object().is_some_and(|payment| !payment.is_empty()), "{fields}: {data}");
            }
        }
    }
}

on_both_databases! {
    with [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn a_payment_alone_is_told_as_the_library_tells_it(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1111111", &FINAL).await;
        let every = every_field("Payment");
        let fields = format!(
            "payment(by: {{ id: $id }}) {{ {every} }} node(id: $id) {{ id ... on Payment {{ {every} }} }}
            other: payment(by: {{ id: $id }}) {{ status amount {{ amount }} }}"
        );
        let data = alike(&client, "query ($id: ID!)", &fields, "", json!({ "id": payment["id"] })).await;
        assert_eq!(data["payment"], data["node"], "{data}");
        assert_eq!(data["other"], json!({ "status": "SUCCEEDED", "amount": { "amount": "15.00" } }));
    }
}
