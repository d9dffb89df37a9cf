//! Bulk payments: all bills of one, or none.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::schedule::day_from_now;
use crate::support::app::{ALL, TENANT, USER};
use crate::support::client::{Client, KPLC, new_key};
use crate::support::vendors::{
    FREIGHT, HARBOR, MERIDIAN, NORTHWIND, THAMES, bank, bill_input, bills, bulk_input, calls, create_bulk, pay,
    wait_for, wait_for_bulk,
};
use crate::support::{list, number, on_both_databases, text};

const DONE: [&str; 4] = ["SUCCEEDED", "FAILED", "NEEDS_REVIEW", "MIXED"];

/// A bulk payment that was taken.
async fn made(client: &Client, input: &Value) -> Value {
    let mut payload = create_bulk(client, input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["bulkPayment"].take()
}

/// The codes and paths of a payload's errors.
fn errors(payload: &Value) -> Vec<(String, String)> {
    let path = |error: &Value| {
        let path = error["path"].as_array().cloned().unwrap_or_default();
        path.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
    };
    list(payload, "/errors").iter().map(|error| (text(error, "/code").to_owned(), path(error))).collect()
}

/// Asserts that a bulk is refused for these reasons and that nothing is written.
async fn assert_refused(client: &Client, input: &Value, expected: &[(&str, &str)]) {
    let head = client.head().await;
    let payload = create_bulk(client, input).await;
    let found = errors(&payload);
    let found: Vec<_> = found.iter().map(|(code, path)| (code.as_str(), path.as_str())).collect();
    assert_eq!(found, expected, "{payload}");
    assert_eq!(payload["bulkPayment"], Value::Null);
    assert_eq!(client.head().await, head);
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn fifty_bills_are_paid_in_one_call(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, MERIDIAN).await;
        let input = bulk_input(&found[..50], "20", &bank(&client).await);
        let bulk = made(&client, &input).await;
        let bulk = wait_for_bulk(&client, text(&bulk, "/id"), &DONE).await;
        assert_eq!(text(&bulk, "/status"), "SUCCEEDED", "{bulk}");
        assert_eq!(bulk["total"], json!({ "amount": "1000.00", "currency": "USD" }));
        let paid: Vec<_> =
            list(&bulk, "/payments").iter().map(|payment| &payment["allocations"][0]["bill"]["id"]).collect();
        let asked: Vec<_> = found[..50].iter().map(|bill| &bill["id"]).collect();
        assert_eq!(paid, asked, "the order is kept");
        for payment in list(&bulk, "/payments") {
            assert_eq!(calls(payment, "SUBMIT"), 1, "one call for all of them");
            assert_eq!(payment["bulkPayment"]["id"], bulk["id"]);
        }
        let references: BTreeSet<_> =
            list(&bulk, "/payments").iter().map(|payment| text(payment, "/providerReference")).collect();
        assert_eq!(references.len(), 50, "each has a name of its own");
        assert_eq!(app.effects_with("bill").await.len(), 50);
        let document = "query ($id: ID!) { events(first: 100, filter: { subjectId: $id }) { nodes { type
            ... on BulkPaymentEvent { version status bulkPayment { id } } } }
            payments(first: 100, filter: { bulkPaymentId: $id }) { nodes { id } } node(id: $id) { id } }";
        let data = client.data(document, json!({ "id": bulk["id"] })).await;
        let events: Vec<_> = list(&data, "/events/nodes").iter().map(|event| text(event, "/type")).collect();
        assert_eq!(events, ["BULK_PAYMENT_CREATED", "BULK_PAYMENT_CHANGED"], "{data}");
        assert_eq!(text(&data, "/events/nodes/1/status"), "SUCCEEDED");
        assert_eq!(list(&data, "/payments/nodes").len(), 50);
        assert_eq!(data["node"]["id"], bulk["id"]);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn fifty_bills_with_one_bad_one_pay_none_and_tell_which(app: TestApp) {
        // Someone else has scheduled all of the eighteenth bill, which only BILL knows.
        let other = app.client("other", ALL);
        let theirs = bills(&other, MERIDIAN).await;
        let due = text(&theirs[17], "/amountDue/amount");
        let mut input = bill_input(&theirs[17], due, &bank(&other).await);
        input["processDate"] = json!(day_from_now(&app, 9));
        input["evenIfBeingPaid"] = json!(true);
        let held = pay(&other, &input).await;
        wait_for(&other, text(&held, "/id"), &["PENDING"]).await;
        let client = app.client(TENANT, ALL);
        let ours = bills(&client, MERIDIAN).await;
        let place = ours.iter().position(|bill| bill["providerReference"] == theirs[17]["providerReference"]);
        assert_eq!(place, Some(17), "bills are listed in one order");
        let mut input = bulk_input(&ours[..50], "20", &bank(&client).await);
        input["items"][17]["amount"]["amount"] = json!(due);
        let payload = create_bulk(&client, &input).await;
        assert_eq!(errors(&payload), [("AMOUNT_NOT_ALLOWED".to_owned(), "input.items.17.amount".to_owned())]);
        assert!(text(&payload, "/errors/0/message").contains(text(&ours[17], "/id")), "{payload}");
        assert_eq!(text(&payload, "/bulkPayment/status"), "FAILED", "it stands, and paid nothing");
        for (place, payment) in list(&payload, "/bulkPayment/payments").iter().enumerate() {
            let expected = if place == 17 { "AMOUNT_NOT_ALLOWED" } else { "BULK_ROLLED_BACK" };
            assert_eq!((text(payment, "/status"), text(payment, "/failure/code")), ("FAILED", expected), "{place}");
        }
        assert_eq!(app.effects_with("bill").await.len(), 0);
        let again = made(&client, &bulk_input(&ours[..17], "20", &bank(&client).await)).await;
        let again = wait_for_bulk(&client, text(&again, "/id"), &DONE).await;
        assert_eq!(text(&again, "/status"), "SUCCEEDED", "the bills are free again");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn bills_of_a_vendor_that_combines_become_payments_of_thirty_five(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, NORTHWIND).await;
        let single = bills(&client, HARBOR).await;
        let mut all = found[..40].to_vec();
        all.insert(1, single[0].clone());
        let bulk = made(&client, &bulk_input(&all, "10", &bank(&client).await)).await;
        let bulk = wait_for_bulk(&client, text(&bulk, "/id"), &DONE).await;
        assert_eq!(text(&bulk, "/status"), "SUCCEEDED", "{bulk}");
        let sizes: Vec<_> =
            list(&bulk, "/payments").iter().map(|payment| list(payment, "/allocations").len()).collect();
        assert_eq!(sizes, [35, 1, 5]);
        assert_eq!(text(&bulk, "/payments/0/amount/amount"), "350.00");
        assert_eq!(app.effects_with("bill").await.len(), 41);
        for part in list(&bulk, "/payments/0/allocations") {
            assert!(part["providerReference"].is_string(), "{part}");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_dry_run_checks_everything_and_records_nothing(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let mut input = bulk_input(&found[..4], "10", &bank(&client).await);
        input["dryRun"] = json!(true);
        assert_refused(&client, &input, &[]).await;
        input["items"][0]["amount"]["amount"] = json!("0");
        input["items"][1]["amount"]["amount"] = json!("99999");
        input["items"][2]["billId"] = input["items"][3]["billId"].clone();
        let expected = [
            ("BAD_USER_INPUT", "input.items.3.billId"),
            ("BAD_USER_INPUT", "input.items.0.amount.amount"),
            ("AMOUNT_NOT_ALLOWED", "input.items.1.amount.amount"),
        ];
        assert_refused(&client, &input, &expected).await;
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn the_same_key_and_input_answer_the_same_bulk(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let mut input = bulk_input(&found[..3], "10", &bank(&client).await);
        let payloads = join_all((0..8).map(|_| create_bulk(&client, &input))).await;
        let ids: BTreeSet<_> = payloads.iter().map(|payload| text(payload, "/bulkPayment/id")).collect();
        assert_eq!(ids.len(), 1, "{payloads:?}");
        assert_eq!(payloads.iter().filter(|payload| payload["replayed"] == json!(false)).count(), 1);
        wait_for_bulk(&client, ids.first().expect("an id"), &["SUCCEEDED"]).await;
        assert_eq!(app.effects_with("bill").await.len(), 3);
        assert_eq!(create_bulk(&client, &input).await["replayed"], json!(true));
        input["items"][2]["amount"]["amount"] = json!("11");
        let refused = create_bulk(&client, &input).await;
        assert_eq!(errors(&refused), [("IDEMPOTENCY_KEY_REUSED".to_owned(), "input.idempotencyKey".to_owned())]);
        assert_eq!(refused["bulkPayment"], Value::Null);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn f4_a_bulk_that_was_never_answered_is_found_by_its_bills(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let mut input = bulk_input(&found[..4], "10", &bank(&client).await);
        input["items"][2]["amount"]["amount"] = json!("13.06");
        let payload = create_bulk(&client, &input).await;
        assert_eq!(payload["errors"], json!([]), "a time-out is no failure: {payload}");
        let bulk = wait_for_bulk(&client, text(&payload, "/bulkPayment/id"), &DONE).await;
        assert_eq!(text(&bulk, "/status"), "SUCCEEDED", "{bulk}");
        assert_eq!(calls(&bulk["payments"][0], "SUBMIT"), 1);
        assert_eq!(app.effects_with("bill").await.len(), 4);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bill_that_is_being_paid_keeps_the_bulk_back(app: TestApp) {
        let client = app.admin();
        let (found, funding) = (bills(&client, FREIGHT).await, bank(&client).await);
        let mut input = bill_input(&found[1], "10", &funding);
        input["processDate"] = json!(day_from_now(&app, 9));
        let open = pay(&client, &input).await;
        let bulk = bulk_input(&found[..3], "10", &funding);
        assert_refused(&client, &bulk, &[("BILL_ALREADY_BEING_PAID", "input.items.1.billId")]).await;
        let payload = create_bulk(&client, &bulk).await;
        assert_eq!(payload["errors"][0]["payment"]["id"], open["id"], "{payload}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bulk_claims_each_of_its_bills(app: TestApp) {
        let client = app.admin();
        let (found, funding) = (bills(&client, NORTHWIND).await, bank(&client).await);
        let mut input = bulk_input(&found[..3], "10", &funding);
        input["processDate"] = json!(day_from_now(&app, 9));
        let bulk = made(&client, &input).await;
        for bill in &found[..3] {
            let payload = crate::support::vendors::create(&client, &bill_input(bill, "10", &funding)).await;
            assert_eq!(text(&payload, "/errors/0/code"), "BILL_ALREADY_BEING_PAID", "{payload}");
            assert_eq!(payload["errors"][0]["payment"]["id"], bulk["payments"][0]["id"]);
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn what_no_bulk_can_be_is_refused_at_its_place(app: TestApp) {
        let client = app.admin();
        let (found, funding) = (bills(&client, MERIDIAN).await, bank(&client).await);
        assert_refused(&client, &bulk_input(&[], "10", &funding), &[("BAD_USER_INPUT", "input.items")]).await;
        assert_refused(&client, &bulk_input(&found[..51], "10", &funding), &[("BAD_USER_INPUT", "input.items")]).await;
        let pounds = bills(&client, THAMES).await;
        let mixed = [found[0].clone(), pounds[0].clone()];
        let expected = [("CURRENCY_MISMATCH", "input.items.1.amount.currency")];
        assert_refused(&client, &bulk_input(&mixed, "10", &funding), &expected).await;
        let mut unfunded = bulk_input(&found[..2], "10", &funding);
        unfunded["fundingAccountId"] = Value::Null;
        assert_refused(&client, &unfunded, &[("FUNDING_ACCOUNT_REQUIRED", "input.fundingAccountId")]).await;
        let mut past = bulk_input(&found[..2], "10", &funding);
        past["processDate"] = json!("2020-01-01");
        assert_refused(&client, &past, &[("PROCESS_DATE_NOT_ALLOWED", "input.processDate")]).await;
        let stranger = app.client("other", ALL);
        let expected = [("NOT_FOUND", "input.items.0.billId")];
        assert_refused(&stranger, &bulk_input(&found[..1], "10", &funding), &expected).await;
    }
}

on_both_databases! {
    async fn a_provider_that_pays_one_bill_at_a_time_is_named(app: TestApp) {
        let client = app.admin();
        let document = "query ($biller: ID!) { billLookup(billerId: $biller, accountReference: \"1111111\") {
            bills { id amountDue { amount currency } } } }";
        let found = client.data(document, json!({ "biller": client.biller(KPLC).await })).await;
        let mut input = bulk_input(list(&found, "/billLookup/bills"), "15", "");
        input["fundingAccountId"] = Value::Null;
        let payload = create_bulk(&client, &input).await;
        assert_eq!(text(&payload, "/errors/0/__typename"), "CapabilityError", "{payload}");
        assert_eq!(text(&payload, "/errors/0/capability"), "BULK");
        assert_eq!(payload["bulkPayment"], Value::Null);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bulk_is_seen_by_its_own_customer_and_tenant_alone(app: TestApp) {
        let customer = |name| app.client_with(&app.token_for_customer(TENANT, name, USER));
        let (ann, ben, stranger) = (customer("ann"), customer("ben"), app.client("other", ALL));
        let found = bills(&ann, FREIGHT).await;
        let bulk = made(&ann, &bulk_input(&found[..2], "10", &bank(&ann).await)).await;
        let document = "query ($id: ID!) { bulkPayment(id: $id) { id } node(id: $id) { id }
            bulkPayments { nodes { id payments { id } } } }";
        for (client, sees) in [(&ann, true), (&app.admin(), true), (&ben, false), (&stranger, false)] {
            let data = client.data(document, json!({ "id": bulk["id"] })).await;
            assert_eq!(data["bulkPayment"].is_object(), sees, "{data}");
            assert_eq!(data["node"].is_object(), sees, "{data}");
            assert_eq!(list(&data, "/bulkPayments/nodes").len(), usize::from(sees), "{data}");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bulk_for_a_later_day_is_held_by_bill(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let mut input = bulk_input(&found[..2], "10", &bank(&client).await);
        let day = day_from_now(&app, 5);
        input["processDate"] = json!(day);
        input["idempotencyKey"] = json!(new_key());
        let bulk = made(&client, &input).await;
        for payment in list(&bulk, "/payments") {
            let payment = wait_for(&client, text(payment, "/id"), &["PENDING"]).await;
            assert_eq!(text(&payment, "/processDate"), day);
        }
        let bulk = wait_for_bulk(&client, text(&bulk, "/id"), &["PENDING"]).await;
        assert_eq!(number(&bulk, "/version"), 1);
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}
