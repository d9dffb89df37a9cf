//! Collections: money that is received against control numbers, counted once, flagged, and never dropped.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::app::{COLLECTOR, OPERATORS, TENANT};
use crate::support::client::{Client, new_key};
use crate::support::numbers::{
    collections, customer, find, force, made, order, pay, shillings, update, wait_for, wait_for_collections,
    wait_for_status,
};
use crate::support::proxy::Act;
use crate::support::{TestApp, assert_whole_life, eventually, list, on_both_databases, text};

const RECEIVED: &str = "subscription ($after: Sequence) { collectionReceived(after: $after) {
    sequence version type status
    collection { id status number flags amount { amount currency } controlNumber { id } } } }";
const ALL: &str = "query ($filter: CollectionFilter, $first: Int, $after: String) {
    collections(filter: $filter, first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id number status flags controlNumber { id } amount { amount currency } } } }";
/// Where the provider lists what was paid last.
const PAGES: &str = "/payments/all";
/// A place where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/callbacks/clickpesa";

fn collector(app: &TestApp) -> Client {
    app.client(TENANT, COLLECTOR)
}

async fn all(client: &Client, filter: Value) -> Vec<Value> {
    let found = client.data(ALL, json!({ "filter": filter })).await;
    list(&found, "/collections/nodes").to_vec()
}

#[track_caller]
fn flags(collection: &Value) -> Vec<&str> {
    list(collection, "/flags").iter().map(|flag| flag.as_str().expect("a word")).collect()
}

/// A number for any part of an amount and more.
fn flexible(mut input: Value, amount: &str) -> Value {
    input["amount"] = shillings(amount);
    input["mode"] = json!("ALLOW_PARTIAL_AND_OVER_PAYMENT");
    input
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn money_is_heard_live_and_stands_with_its_number(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &order("50000")).await;
        let (id, number) = (text(&created, "/id"), text(&created, "/number"));
        let mut heard = client.subscribe(RECEIVED, json!({ "after": "0" })).await;
        assert_eq!(pay(&app, number, "50000").await, 200);
        let events = heard.until_status("collectionReceived", "RECEIVED").await;
        let event = events.last().expect("an event");
        assert_eq!((text(event, "/type"), &event["version"]), ("COLLECTION_RECEIVED", &json!(1)), "{events:?}");
        assert_eq!(event["collection"]["amount"], json!({ "amount": "50000.00", "currency": "TZS" }));
        assert_eq!((text(event, "/collection/number"), text(event, "/collection/controlNumber/id")), (number, id));
        let paid = wait_for_status(&client, id, "PAID").await;
        assert_eq!(text(&paid, "/amountReceived/amount"), "50000.00");
        assert_eq!(text(&paid, "/amountRemaining/amount"), "0.00");
        assert_eq!(paid["acceptsPayments"], json!(false));
        assert_whole_life(&paid);
        let [collection] = collections(&paid) else { panic!("one collection: {paid}") };
        assert_eq!((collection["flags"].clone(), text(collection, "/controlNumber/id")), (json!([]), id));
        assert_eq!(text(collection, "/payer/name"), "Asha Juma");
        let document = "query ($id: ID!) { node(id: $id) { ... on Collection { number } } }";
        let node = client.data(document, json!({ "id": collection["id"] })).await;
        assert_eq!(text(&node, "/node/number"), number);
        assert_eq!(app.effects_with("clickpesa").await.len(), 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_customer_pays_in_parts_and_then_too_much(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &flexible(customer(), "1000")).await;
        let (id, number) = (text(&created, "/id"), text(&created, "/number"));
        assert_eq!(pay(&app, number, "400").await, 200);
        let part = wait_for_status(&client, id, "PARTIALLY_PAID").await;
        assert_eq!((text(&part, "/amountRemaining/amount"), &part["acceptsPayments"]), ("600.00", &json!(true)));
        assert_eq!(pay(&app, number, "600").await, 200);
        wait_for_status(&client, id, "PAID").await;
        assert_eq!(pay(&app, number, "100").await, 200);
        let over = wait_for_status(&client, id, "OVERPAID").await;
        assert_eq!(text(&over, "/amountReceived/amount"), "1100.00");
        assert_eq!(text(&over, "/amountRemaining/amount"), "0.00");
        assert_eq!(collections(&over).len(), 3);
        assert!(collections(&over).iter().all(|collection| flags(collection).is_empty()), "its mode allows it: {over}");
        assert_whole_life(&over);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn an_order_is_closed_by_its_first_payment(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &flexible(order("1000"), "1000")).await;
        let (id, number) = (text(&created, "/id"), text(&created, "/number"));
        assert_eq!(pay(&app, number, "400").await, 200);
        let part = wait_for_status(&client, id, "PARTIALLY_PAID").await;
        assert_eq!(part["acceptsPayments"], json!(false));
        assert_ne!(pay(&app, number, "600").await, 200, "the second payer is turned away");
        assert_eq!(collections(&find(&client, id).await).len(), 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_number_takes_no_more_than_its_maximum(app: TestApp) {
        let client = collector(&app);
        let mut input = customer();
        input["maxAmount"] = shillings("1000");
        let created = made(&client, &input).await;
        let (id, number) = (text(&created, "/id"), text(&created, "/number"));
        assert_eq!(pay(&app, number, "600").await, 200);
        let some = wait_for_collections(&client, id, 1).await;
        assert_eq!((text(&some, "/status"), &some["acceptsPayments"]), ("ACTIVE", &json!(true)));
        assert_ne!(pay(&app, number, "600").await, 200);
        assert_eq!(pay(&app, number, "400").await, 200);
        let full = wait_for_collections(&client, id, 2).await;
        assert_eq!((text(&full, "/amountReceived/amount"), &full["acceptsPayments"]), ("1000.00", &json!(false)));
        force(&app, number, "5", "TZS").await;
        let over = wait_for_collections(&client, id, 3).await;
        assert!(flags(&collections(&over)[0]).contains(&"OVER"), "{over}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c3_clickpesa_money_that_should_not_have_come_is_recorded_and_flagged(app: TestApp) {
        let client = collector(&app);
        let unusual = [("1500", "TZS", "OVER"), ("500", "TZS", "UNDER"), ("5", "USD", "OTHER_CURRENCY")];
        for (amount, currency, flag) in unusual {
            let created = made(&client, &order("1000")).await;
            force(&app, text(&created, "/number"), amount, currency).await;
            let counted = if currency == "TZS" { format!("{amount}.00") } else { "0.00".to_owned() };
            // A number and its collections are read one after the other: money may come in between.
            let paid = wait_for(&client, text(&created, "/id"), "paid", |number| {
                collections(number).len() == 1 && number["amountReceived"]["amount"] == counted
            })
            .await;
            let collection = &collections(&paid)[0];
            assert_eq!(flags(collection), [flag], "{paid}");
            assert_eq!(collection["amount"], json!({ "amount": format!("{amount}.00"), "currency": currency }));
        }
        let off = made(&client, &order("1000")).await;
        update(&client, text(&off, "/id"), json!({ "active": false })).await;
        force(&app, text(&off, "/number"), "1000", "TZS").await;
        let paid = wait_for_collections(&client, text(&off, "/id"), 1).await;
        assert_eq!(flags(&collections(&paid)[0]), ["INACTIVE_NUMBER"]);
        let closed = made(&client, &order("1000")).await;
        force(&app, text(&closed, "/number"), "1000", "TZS").await;
        wait_for_collections(&client, text(&closed, "/id"), 1).await;
        force(&app, text(&closed, "/number"), "1000", "TZS").await;
        let twice = wait_for_collections(&client, text(&closed, "/id"), 2).await;
        assert!(flags(&collections(&twice)[0]).contains(&"INACTIVE_NUMBER"), "{twice}");
        assert_eq!((text(&twice, "/status"), text(&twice, "/amountReceived/amount")), ("OVERPAID", "2000.00"));
        let flagged = all(&client, json!({ "flags": ["OVER", "UNDER"] })).await;
        assert!(flagged.len() >= 2 && flagged.iter().all(|found| found["flags"] != json!([])), "{flagged:?}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c4_clickpesa_money_for_an_unknown_number_is_kept_for_operators(app: TestApp) {
        let client = collector(&app);
        force(&app, "999000111", "1200", "TZS").await;
        let operator = app.client(OPERATORS, &format!("{COLLECTOR} operator"));
        let found = eventually("the money", || async { all(&operator, json!({})).await.pop() }).await;
        assert_eq!((flags(&found), text(&found, "/number")), (vec!["UNKNOWN_NUMBER"], "999000111"));
        assert_eq!(found["controlNumber"], Value::Null);
        let node = "query ($id: ID!) { node(id: $id) { id } }";
        let id = json!({ "id": found["id"] });
        assert_eq!(operator.data(node, id.clone()).await["node"]["id"], found["id"]);
        let pretender = app.client(TENANT, &format!("{COLLECTOR} operator"));
        for other in [&client, &app.client(OPERATORS, COLLECTOR), &pretender] {
            assert_eq!(all(other, json!({})).await, Vec::<Value>::new());
            assert_eq!(other.data(node, id.clone()).await["node"], Value::Null);
        }
        for log in [&client, &operator] {
            assert_eq!(log.head().await, "0", "it is in nobody's log");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c2_clickpesa_a_repeated_or_forged_webhook_counts_nothing(app: TestApp) {
        let client = collector(&app);
        for amount in ["1404", "1406"] {
            let created = made(&client, &customer()).await;
            let (id, number) = (text(&created, "/id"), text(&created, "/number"));
            assert_eq!(pay(&app, number, amount).await, 200);
            wait_for_collections(&client, id, 1).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let paid = find(&client, id).await;
            assert_eq!(text(&paid, "/amountReceived/amount"), format!("{amount}.00"), "{paid}");
            assert_eq!(collections(&paid).len(), 1);
        }
        let created = made(&client, &order("1000")).await;
        let before = app.scalar("SELECT COUNT(*) FROM inbox").await;
        let mut forged = json!({ "event": "PAYMENT RECEIVED", "data": {
            "id": "FORGED1", "status": "SUCCESS", "paymentReference": "F1", "orderReference": created["number"],
            "collectedAmount": "1000", "collectedCurrency": "TZS", "message": "success", "channel": "M-PESA",
            "updatedAt": "2026-11-22T09:30:00.000Z", "createdAt": "2026-11-22T09:30:00.000Z" } });
        assert_eq!(app.callback("clickpesa", forged.to_string()).await, 401, "without a checksum");
        forged["checksum"] = json!("0".repeat(64));
        forged["checksumMethod"] = json!("canonical");
        assert_eq!(app.callback("clickpesa", forged.to_string()).await, 401, "with a wrong one");
        assert_eq!(app.scalar("SELECT COUNT(*) FROM inbox").await, before);
        assert_eq!(&find(&client, text(&created, "/id")).await, &created);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_failed_payment_is_told_and_counts_nothing(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &customer()).await;
        assert_eq!(pay(&app, text(&created, "/number"), "1401").await, 200);
        assert_eq!(pay(&app, text(&created, "/number"), "1400").await, 200);
        let has_come = |number: &Value| number["amountReceived"]["amount"] == "1400.00";
        let paid = wait_for(&client, text(&created, "/id"), "paid", has_come).await;
        let received: Vec<_> = collections(&paid).iter().filter(|found| found["status"] != "FAILED").collect();
        assert_eq!(received.len(), 1, "{paid}");
        assert_eq!(app.effects_with("clickpesa").await.len(), 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on"), ("BILLPAY_WORKER__COLLECT_INTERVAL", "1s")]
    async fn money_of_which_no_webhook_came_is_found_by_the_sweep(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &order("2500")).await;
        let id = text(&created, "/id");
        app.send_webhooks_to("clickpesa", NOWHERE).await;
        assert_eq!(pay(&app, text(&created, "/number"), "2500").await, 200);
        let paid = wait_for_status(&client, id, "PAID").await;
        assert_eq!(collections(&paid).len(), 1, "{paid}");
        assert_whole_life(&paid);
    }
}

/// More than one page of what the provider lists.
const MORE_THAN_A_PAGE: usize = 105;
const KNOWN: &str = "SELECT COUNT(*) FROM collections";
const READ: &str = "SELECT COUNT(*) FROM providers WHERE collections_read_to IS NOT NULL";

/// Has so much money be paid to one number, and heard of.
async fn pay_and_hear(app: &TestApp, number: &Value, times: usize) {
    let before = app.scalar(KNOWN).await;
    for _ in 0..times {
        assert_eq!(pay(app, text(number, "/number"), "3000").await, 200);
    }
    let wanted = before + i64::try_from(times).expect("few");
    eventually("all of it to be known", || async { (app.scalar(KNOWN).await == wanted).then_some(()) }).await;
}

/// As if its status were a word that no page has: it cannot be used, and is listed all the same.
fn the_newest_is_odd(page: &mut Value) {
    page["data"][0]["status"] = json!("AUTHORIZED");
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "proxied"), ("BILLPAY_WORKER__COLLECT_INTERVAL", "1h")]
    async fn money_is_found_behind_a_page_of_which_callbacks_told(app: TestApp) {
        let client = collector(&app);
        let (never_told, number) = (made(&client, &order("1409")).await, made(&client, &customer()).await);
        pay_and_hear(&app, &number, 1).await;
        app.clock().advance(Duration::from_secs(3_700));
        eventually("a reading to its end", || async { (app.scalar(READ).await == 1).then_some(()) }).await;
        assert_eq!(pay(&app, text(&never_told, "/number"), "1409").await, 200);
        pay_and_hear(&app, &number, MORE_THAN_A_PAGE).await;
        assert_eq!(find(&collector(&app), text(&never_told, "/id")).await["status"], "ACTIVE");
        app.proxy().always_of(Method::GET, PAGES, Act::Rewrite(the_newest_is_odd));
        app.clock().advance(Duration::from_secs(3_700));
        wait_for_status(&collector(&app), text(&never_told, "/id"), "PAID").await;
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "proxied"), ("BILLPAY_WORKER__COLLECT_INTERVAL", "2s")]
    async fn a_reading_that_failed_is_made_again_as_far_back(app: TestApp) {
        let client = collector(&app);
        let (never_told, number) = (made(&client, &order("1409")).await, made(&client, &customer()).await);
        pay_and_hear(&app, &number, 1).await;
        eventually("a reading to its end", || async { (app.scalar(READ).await == 1).then_some(()) }).await;
        app.proxy().always_of(Method::GET, PAGES, Act::Instead(500, json!({})));
        app.send_webhooks_to("clickpesa", NOWHERE).await;
        assert_eq!(pay(&app, text(&never_told, "/number"), "1409").await, 200);
        for _ in 0..MORE_THAN_A_PAGE {
            assert_eq!(pay(&app, text(&number, "/number"), "3000").await, 200);
        }
        // The second page of the next reading fails.
        app.proxy().heal();
        app.proxy().next_of(Method::GET, PAGES, Act::Late(Duration::ZERO));
        app.proxy().next_of(Method::GET, PAGES, Act::Instead(500, json!({})));
        let page = "SELECT COUNT(*) / 100 FROM collections";
        eventually("a page", || async { (app.scalar(page).await == 1).then_some(()) }).await;
        wait_for_status(&collector(&app), text(&never_told, "/id"), "PAID").await;
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on"), ("BILLPAY_WORKER__COLLECT_INTERVAL", "1s")]
    async fn money_that_is_taken_back_is_taken_off_and_opens_nothing(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &order("1408")).await;
        let id = text(&created, "/id");
        assert_eq!(pay(&app, text(&created, "/number"), "1408").await, 200);
        wait_for_status(&client, id, "PAID").await;
        let gone = wait_for(&client, id, "reversed", |number| {
            collections(number).iter().all(|collection| collection["status"] == "REVERSED")
        })
        .await;
        assert_eq!(text(&gone, "/amountReceived/amount"), "0.00", "{gone}");
        assert_eq!(gone["acceptsPayments"], json!(false));
        assert_whole_life(&gone);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn collections_are_listed_by_page_and_by_filter(app: TestApp) {
        let client = collector(&app);
        let (one, other) = (made(&client, &customer()).await, made(&client, &customer()).await);
        for number in [&one, &one, &one, &other] {
            assert_eq!(pay(&app, text(number, "/number"), "3000").await, 200);
        }
        let id = text(&one, "/id");
        wait_for_collections(&client, id, 3).await;
        wait_for_collections(&client, text(&other, "/id"), 1).await;
        assert_eq!(all(&client, json!({})).await.len(), 4);
        assert_eq!(all(&client, json!({ "controlNumberId": id })).await.len(), 3);
        assert_eq!(all(&client, json!({ "statuses": ["FAILED"] })).await.len(), 0);
        assert_eq!(all(&client, json!({ "receivedBefore": "2020-01-01T00:00:00Z" })).await.len(), 0);
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        for _ in 0..2 {
            let page = client.data(ALL, json!({ "first": 2, "after": after })).await["collections"].take();
            seen.extend(list(&page, "/nodes").iter().map(|found| text(found, "/id").to_owned()));
            after = page["pageInfo"]["endCursor"].clone();
        }
        seen.dedup();
        assert_eq!(seen.len(), 4);
        assert!(seen.is_sorted_by(|newer, older| newer > older), "newest first: {seen:?}");
        let nested = "query ($id: ID!, $after: String) { controlNumber(by: { id: $id }) {
            collections(first: 2, after: $after) { pageInfo { hasNextPage endCursor } nodes { id } } } }";
        let first = client.data(nested, json!({ "id": id })).await["controlNumber"]["collections"].take();
        assert_eq!((list(&first, "/nodes").len(), &first["pageInfo"]["hasNextPage"]), (2, &json!(true)));
        let rest = client.data(nested, json!({ "id": id, "after": first["pageInfo"]["endCursor"] })).await;
        assert_eq!(list(&rest, "/controlNumber/collections/nodes").len(), 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_customer_hears_of_its_own_money_only(app: TestApp) {
        let one = app.client_with(&app.token_for_customer(TENANT, "customer-1", COLLECTOR));
        let other = app.client_with(&app.token_for_customer(TENANT, "customer-2", COLLECTOR));
        let mut heard = other.subscribe(RECEIVED, json!({ "after": "0" })).await;
        let (theirs, own) = (made(&one, &order("3000")).await, made(&other, &order("4000")).await);
        assert_eq!(pay(&app, text(&theirs, "/number"), "3000").await, 200);
        wait_for_status(&one, text(&theirs, "/id"), "PAID").await;
        assert_eq!(pay(&app, text(&own, "/number"), "4000").await, 200);
        let event = heard.next().await["collectionReceived"].take();
        assert_eq!(event["collection"]["controlNumber"]["id"], own["id"], "{event}");
        assert_eq!(all(&other, json!({})).await.len(), 1);
        let mut input = order("100");
        input["idempotencyKey"] = json!(new_key());
        made(&other, &input).await;
    }
}
