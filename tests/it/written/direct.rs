//! Queries that are one page and nothing else are answered without the executor, and answered as the library answers.
//!
//! Each is asked alone, twice, since the first time it is validated and so answered by the library; and beside another
//! field that is asked for in two parts, which has the library resolve everything. The bytes of both pages must be the
//! same, and so must what is refused, but for the id of the request.

use serde_json::{Value, json};

use super::{CUSTOMER, READER_WITHOUT_BILLS, make};
use crate::support::app::{ALL, TENANT, USER};
use crate::support::client::Client;
use crate::support::{eventually, list, on_both_databases, text};

const PAGE: &str = "{ edges { cursor node { id status version amount { amount currency } accountReference description \
    createdAt processDate biller { id name category country currency provider { code } } billNumber { id \
    accountReference customerName lastKnownBalance { amount currency } dueDate } } } nodes { id } \
    pageInfo { hasPreviousPage hasNextPage startCursor endCursor } }";
const WITHOUT_NUMBERS: &str = "{ nodes { id status } pageInfo { endCursor } }";
const VARIABLES: [(&str, &str); 6] = [
    ("$first", "Int"),
    ("$last", "Int"),
    ("$after", "String"),
    ("$before", "String"),
    ("$filter", "PaymentFilter"),
    ("$customer", "String"),
];

/// A page's bytes, where there is one, and the errors in some order, without the ids of their requests.
fn page_and_errors(body: &str) -> (String, Value) {
    let mut answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    if let Some(errors) = answer["errors"].as_array_mut() {
        errors.iter_mut().for_each(|error| error["extensions"]["requestId"] = Value::Null);
        errors.sort_by_key(Value::to_string);
    }
    let behind = body.split_once("\"data\":{").map_or("", |(_, behind)| behind);
    let data = behind.rsplit_once("},\"extensions\":{\"cost\"").map_or("", |(data, _)| data);
    let page = data.split_once(",\"viewer\":").map_or(data, |(page, _)| page);
    (page.to_owned(), answer["errors"].take())
}

/// The page that is told alone, once the library has told the same.
async fn alike(client: &Client, arguments: &str, page: &str, variables: Value) -> (Value, Value) {
    let field = format!("payments{arguments} {page}");
    let used = VARIABLES.iter().filter(|(name, _)| arguments.contains(name));
    let declared: String = used.map(|(name, of)| format!("{name}: {of} ")).collect();
    let head = if declared.is_empty() { "query Page".to_owned() } else { format!("query Page({declared})") };
    let alone = format!("{head} {{ {field} }}");
    let beside = format!("{head} {{ {field} viewer {{ subject }} viewer {{ subject }} }}");
    let (at_once, by_library) = eventually("two equal answers, with nothing changed in between", || async {
        client.raw(&alone, &variables).await;
        let before = page_and_errors(&client.raw(&alone, &variables).await);
        let by_library = page_and_errors(&client.raw(&beside, &variables).await);
        let after = page_and_errors(&client.raw(&alone, &variables).await);
        (before == after).then_some((after, by_library))
    })
    .await;
    assert_eq!(at_once, by_library, "{alone} {variables}");
    let page = format!("{{{}}}", at_once.0);
    (serde_json::from_str(&page).unwrap_or_else(|error| panic!("{error}: {page}")), at_once.1)
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn one_page_alone_is_told_to_each_requester_as_the_library_tells_it(app: TestApp) {
        make(&app).await;
        let customer = |name| app.client_with(&app.token_for_customer(TENANT, name, USER));
        let seen = [
            ("administrator", app.client(TENANT, ALL), 8),
            ("customer", customer(CUSTOMER), 6),
            ("another customer", customer("customer-2"), 0),
            ("another tenant", app.client("globex", ALL), 0),
        ];
        for (who, client, count) in seen {
            let (data, errors) = alike(&client, "", PAGE, json!({})).await;
            assert!(errors.is_null(), "{who}: {errors}");
            assert_eq!(list(&data, "/payments/edges").len(), count, "{who}: {data}");
        }
        let without_bills = app.client(TENANT, READER_WITHOUT_BILLS);
        let (data, errors) = alike(&without_bills, "", WITHOUT_NUMBERS, json!({})).await;
        assert!(errors.is_null() && list(&data, "/payments/nodes").len() == 8, "{data} {errors}");
        let (_, errors) = alike(&without_bills, "", PAGE, json!({})).await;
        assert!(errors[0]["path"].is_array(), "bill numbers are told without the right to them: {errors}");
        let (data, errors) = alike(&app.client(TENANT, "bills:read"), "", WITHOUT_NUMBERS, json!({})).await;
        assert!(data["payments"].is_null() && errors[0]["path"] == json!(["payments"]), "{data} {errors}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn one_page_alone_obeys_its_arguments_as_the_library_does(app: TestApp) {
        make(&app).await;
        let client = app.admin();
        let (all, _) = alike(&client, "", PAGE, json!({})).await;
        let third = text(&all, "/payments/edges/2/cursor");
        for (arguments, variables, count) in [
            ("(first: 3)", json!({}), 3),
            ("(last: 3)", json!({}), 3),
            ("(first: 0)", json!({}), 0),
            ("(first: $first, after: $after)", json!({ "first": 2 }), 2),
            ("(first: $first, after: $after)", json!({ "first": 2, "after": null }), 2),
            ("(first: $first, after: $after)", json!({ "first": 2, "after": third }), 2),
            ("(after: $after)", json!({ "after": third }), 5),
            ("(before: $before)", json!({ "before": third }), 2),
            ("(last: $last, before: $before)", json!({ "last": 1, "before": third }), 1),
            ("(filter: { statuses: [SCHEDULED] })", json!({}), 1),
            ("(filter: { customer: \"customer-1\" })", json!({}), 6),
            ("(filter: { customer: $customer })", json!({ "customer": "customer-1" }), 6),
            ("(filter: { customer: $customer })", json!({}), 8),
            ("(filter: $filter)", json!({ "filter": { "customer": "nobody" } }), 0),
        ] {
            let (data, errors) = alike(&client, arguments, PAGE, variables.clone()).await;
            assert!(errors.is_null(), "{arguments} {variables}: {errors}");
            assert_eq!(list(&data, "/payments/edges").len(), count, "{arguments} {variables}: {data}");
        }
        for (arguments, variables) in [
            ("(first: 101)", json!({})),
            ("(first: -1)", json!({})),
            ("(first: 1, last: 1)", json!({})),
            ("(after: \"nowhere\")", json!({})),
            ("(first: $first)", json!({ "first": 101 })),
            ("(first: $first)", json!({ "first": 9_000_000_000_i64 })),
            ("(first: $first)", json!({ "first": "3" })),
            ("(after: $after)", json!({ "after": "blr_00000000000000000000000000" })),
            ("(filter: { customer: $customer })", json!({ "customer": "a\u{0}b" })),
            ("(filter: { billerId: \"nowhere\" })", json!({})),
        ] {
            let (data, errors) = alike(&client, arguments, PAGE, variables.clone()).await;
            assert!(data["payments"].is_null() && errors[0].is_object(), "{arguments} {variables}: {data} {errors}");
        }
    }
}
