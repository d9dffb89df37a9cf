//! Control numbers: asked for once, made once, whatever happens on the way; changed; and seen by their own only.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::Method;
use billpay::domain::ids::ControlNumberId;
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{COLLECTOR, TENANT, USER};
use crate::support::client::{Client, new_key};
use crate::support::numbers::{
    NUMBER, ask_for, customer, find, made, made_at_provider, order, pay, shillings, update, wait_for_status,
};
use crate::support::proxy::Act;
use crate::support::{TestApp, assert_whole_life, list, number, on_both_databases, statuses, text};

const UPDATED: &str = "subscription ($id: ID, $after: Sequence) { controlNumberUpdated(id: $id, after: $after) {
    sequence version type status controlNumber { id status } } }";
const CREATE_SEVERAL: &str = "mutation ($input: CreateControlNumbersInput!) { createControlNumbers(input: $input) {
    replayed errors { code path } items { controlNumber { ...N } errors { code path } } } }";
const REFRESH: &str = "mutation ($id: ID!) { refreshControlNumber(input: { controlNumberId: $id }) {
    controlNumber { ...N } errors { code message path } } }";

fn collector(app: &TestApp) -> Client {
    app.client(TENANT, COLLECTOR)
}

/// What createControlNumbers answers: items, errors, replayed.
async fn ask_for_several(client: &Client, key: &str, items: Value) -> Value {
    let input = json!({ "idempotencyKey": key, "items": items });
    let document = format!("{CREATE_SEVERAL} {NUMBER}");
    client.data(&document, json!({ "input": input })).await["createControlNumbers"].take()
}

/// The control number as refreshControlNumber answers it.
async fn refresh(client: &Client, id: &str) -> Value {
    let document = format!("{REFRESH} {NUMBER}");
    let mut payload = client.data(&document, json!({ "id": id })).await["refreshControlNumber"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["controlNumber"].take()
}

/// Changes a number as somebody does in the provider's dashboard, where billpay does not hear of it.
async fn in_dashboard(app: &TestApp, paid: &str, change: &Value) {
    let setting = |name: &str| app.variables()[&format!("BILLPAY_PROVIDERS__CLICKPESA__{name}")].clone();
    let base = setting("BASE_URL");
    let request = app.http().post(format!("{base}/generate-token"));
    let request = request.header("client-id", setting("CLIENT_ID")).header("api-key", setting("API_KEY"));
    let token: Value = request.send().await.expect("an answer").json().await.expect("a token");
    let request = app.http().patch(format!("{base}/billpay/{paid}")).header("authorization", text(&token, "/token"));
    let answer = request.json(change).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{change}: {}", answer.status());
}

/// Why a number was not made, whether that was found before or after the provider was asked.
#[track_caller]
fn reason(answer: &Value) -> &str {
    let failure = answer.pointer("/controlNumber/failure/code").and_then(Value::as_str);
    failure.unwrap_or_else(|| text(answer, "/errors/0/code"))
}

async fn count(client: &Client) -> usize {
    let data = client.data("{ controlNumbers(first: 100) { nodes { id } } }", json!({})).await;
    list(&data, "/controlNumbers/nodes").len()
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn an_order_is_made_and_its_life_is_heard(app: TestApp) {
        let client = collector(&app);
        let mut input = order("50000");
        input["description"] = json!("Water, July");
        let created = made(&client, &input).await;
        let id = text(&created, "/id");
        assert_eq!((text(&created, "/kind"), text(&created, "/mode")), ("ORDER", "EXACT"), "{created}");
        assert_eq!(created["amount"], json!({ "amount": "50000.00", "currency": "TZS" }));
        assert_eq!(text(&created, "/amountReceived/amount"), "0.00");
        assert_eq!(text(&created, "/amountRemaining/amount"), "50000.00");
        assert_eq!((&created["acceptsPayments"], text(&created, "/provider/code")), (&json!(true), "clickpesa"));
        assert_eq!((text(&created, "/description"), &created["customer"]), ("Water, July", &Value::Null));
        let paid = text(&created, "/number");
        assert_eq!(paid, text(&created, "/reference"), "our reference becomes the number");
        assert!(paid.len() <= 20 && paid.bytes().all(|byte| byte.is_ascii_digit()), "made of digits: {paid}");
        let mut heard = client.subscribe(UPDATED, json!({ "id": id, "after": "0" })).await;
        assert_eq!(pay(&app, paid, "50000").await, 200);
        let events = heard.until_status("controlNumberUpdated", "PAID").await;
        let told: Vec<_> = events.iter().map(|event| text(event, "/status")).collect();
        assert_eq!(told, ["REQUESTED", "ACTIVE", "PAID"]);
        let now = find(&client, id).await;
        assert_eq!(statuses(&now), ["REQUESTED", "ACTIVE", "PAID"]);
        assert_whole_life(&now);
        assert_eq!(made_at_provider(&app, paid).await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_number_is_found_by_id_by_number_by_key_and_as_a_node(app: TestApp) {
        let client = collector(&app);
        let mut input = customer();
        input["reference"] = json!("INV2026A");
        let created = made(&client, &input).await;
        assert_eq!((text(&created, "/number"), &created["mode"]), ("INV2026A", &Value::Null));
        assert_eq!((&created["amount"], &created["amountRemaining"]), (&Value::Null, &Value::Null));
        let person = json!({ "name": "Neema Mushi", "phoneNumber": "+255712345678", "email": null });
        assert_eq!(created["customer"], person);
        for by in [
            json!({ "id": created["id"] }),
            json!({ "number": "INV2026A" }),
            json!({ "idempotencyKey": input["idempotencyKey"] }),
        ] {
            let document = "query ($by: ControlNumberBy!) { controlNumber(by: $by) { id } }";
            let found = client.data(document, json!({ "by": by })).await;
            assert_eq!(found["controlNumber"]["id"], created["id"], "{by}");
        }
        let document = "query ($id: ID!) { node(id: $id) { id ... on ControlNumber { status } } }";
        let found = client.data(document, json!({ "id": created["id"] })).await;
        assert_eq!(text(&found, "/node/status"), "ACTIVE");
        for (filter, wanted) in [
            (json!({ "reference": "INV2026A" }), 1),
            (json!({ "kind": "ORDER" }), 0),
            (json!({ "statuses": ["ACTIVE", "PAID"] }), 1),
            (json!({ "statuses": [] }), 0),
            (json!({ "createdBefore": "2020-01-01T00:00:00Z" }), 0),
            (json!({ "customer": "c" }), 0),
        ] {
            let document = "query ($filter: ControlNumberFilter) { controlNumbers(filter: $filter) { nodes { id } } }";
            let found = client.data(document, json!({ "filter": filter })).await;
            assert_eq!(list(&found, "/controlNumbers/nodes").len(), wanted, "{filter}");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn the_same_key_makes_one_number(app: TestApp) {
        let client = collector(&app);
        let input = order("7000");
        let payloads = join_all((0..10).map(|_| ask_for(&client, &input))).await;
        let ids: BTreeSet<_> = payloads.iter().map(|payload| text(payload, "/controlNumber/id")).collect();
        assert_eq!(ids.len(), 1, "{payloads:?}");
        assert_eq!(payloads.iter().filter(|payload| payload["replayed"] == json!(false)).count(), 1);
        let mut other = input.clone();
        other["amount"] = shillings("7001");
        let payload = ask_for(&client, &other).await;
        assert_eq!(text(&payload, "/errors/0/code"), "IDEMPOTENCY_KEY_REUSED");
        assert_eq!((&payload["controlNumber"], &payload["replayed"]), (&Value::Null, &json!(false)));
        assert_eq!(count(&client).await, 1);
        let created = wait_for_status(&client, ids.first().expect("an id"), "ACTIVE").await;
        assert_eq!(made_at_provider(&app, text(&created, "/number")).await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_reference_is_used_once(app: TestApp) {
        let client = collector(&app);
        let mut input = order("7000");
        input["reference"] = json!("ONCE1");
        made(&client, &input).await;
        input["idempotencyKey"] = json!(new_key());
        assert_eq!(reason(&ask_for(&client, &input).await), "REFERENCE_IN_USE");
        let stranger = app.client("umbrella", COLLECTOR);
        let payload = ask_for(&stranger, &input).await;
        assert_eq!(reason(&payload), "REFERENCE_IN_USE", "numbers are the provider's, not a tenant's: {payload}");
        assert_eq!(payload.pointer("/controlNumber/number").unwrap_or(&Value::Null), &Value::Null);
        assert_eq!(made_at_provider(&app, "ONCE1").await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn an_unclear_answer_is_looked_up_by_reference_and_the_number_made_once(app: TestApp) {
        let client = collector(&app);
        // Silence, an error, a page, half an answer, 32 MiB, another place, and one that is slow: the effect was there.
        let after = ["1304", "1306", "1307", "1308", "1309", "1310", "1311"];
        // Silence and an error without an effect, and a token that had ended.
        let before = ["1303", "1305", "1312"];
        let inputs: Vec<_> = after.iter().chain(&before).map(|amount| order(amount)).collect();
        let payloads = join_all(inputs.iter().map(|input| ask_for(&client, input))).await;
        for (payload, input) in payloads.iter().zip(&inputs) {
            let amount = text(input, "/amount/amount");
            let created = wait_for_status(&client, text(payload, "/controlNumber/id"), "ACTIVE").await;
            assert_whole_life(&created);
            assert_eq!(made_at_provider(&app, text(&created, "/reference")).await, 1, "{amount}: {created}");
        }
        let all = app.sandbox("clickpesa/_sandbox/control-numbers").await;
        assert_eq!(list(&all, "").len(), inputs.len(), "{all}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn what_the_provider_refuses_fails_and_what_it_made_otherwise_is_a_persons(app: TestApp) {
        let client = collector(&app);
        let payload = ask_for(&client, &order("1301")).await;
        let refused = wait_for_status(&client, text(&payload, "/controlNumber/id"), "FAILED").await;
        assert_eq!((&refused["number"], &refused["acceptsPayments"]), (&Value::Null, &json!(false)));
        assert_ne!(refused["failure"], Value::Null);
        assert_eq!(list(&refused, "/events").last().expect("an event")["failure"]["code"], refused["failure"]["code"]);
        let payload = ask_for(&client, &order("1314")).await;
        let unequal = wait_for_status(&client, text(&payload, "/controlNumber/id"), "NEEDS_REVIEW").await;
        assert_eq!(text(&unequal, "/review/reason"), "MISMATCH");
        assert_eq!(made_at_provider(&app, text(&refused, "/reference")).await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn what_cannot_be_asked_for_is_refused_with_its_path(app: TestApp) {
        let client = collector(&app);
        let with = |mut input: Value, name: &str, value: Value| {
            input[name] = value;
            input
        };
        let kenyan = json!({ "amount": "5", "currency": "KES" });
        for (input, path) in [
            (with(order("5"), "amount", shillings("0")), json!(["input", "amount", "amount"])),
            (with(order("5"), "amount", shillings("-5")), json!(["input", "amount", "amount"])),
            (with(order("5"), "amount", shillings("5.001")), json!(["input", "amount", "amount"])),
            (with(order("5"), "amount", kenyan), json!(["input", "amount", "currency"])),
            (with(order("5"), "reference", json!("no-hyphens")), json!(["input", "reference"])),
            (with(order("5"), "reference", json!("A2345678901234567890X")), json!(["input", "reference"])),
            (with(order("5"), "description", json!("x".repeat(501))), json!(["input", "description"])),
            (with(order("5"), "maxAmount", shillings("10")), json!(["input", "maxAmount"])),
            (with(customer(), "mode", json!("EXACT")), json!(["input", "mode"])),
            (with(customer(), "customer", Value::Null), json!(["input", "customer"])),
        ] {
            let payload = ask_for(&client, &input).await;
            assert_eq!(payload["errors"][0]["path"], path, "{input}: {payload}");
            assert_eq!(payload["controlNumber"], Value::Null);
        }
        assert_eq!(count(&client).await, 0);
    }
}

on_both_databases! {
    async fn without_a_provider_that_makes_them_none_is_made(app: TestApp) {
        let payload = ask_for(&collector(&app), &order("5")).await;
        assert_eq!(payload["controlNumber"], Value::Null, "{payload}");
        assert_ne!(payload["errors"], json!([]));
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_bad_item_keeps_none_of_a_batch_back(app: TestApp) {
        let client = collector(&app);
        let mut taken = order("9000");
        taken["reference"] = json!("TAKEN1");
        made(&client, &taken).await;
        let person = json!({ "name": "Neema Mushi", "email": "neema@shop.example" });
        let items = json!([
            { "amount": shillings("4000") },
            { "amount": shillings("0") },
            { "amount": shillings("5000"), "reference": "TAKEN1" },
            { "kind": "CUSTOMER", "customer": person, "reference": "FRESH1" },
        ]);
        let key = new_key();
        let payload = ask_for_several(&client, &key, items.clone()).await;
        assert_eq!((&payload["errors"], &payload["replayed"]), (&json!([]), &json!(false)), "{payload}");
        let answers = list(&payload, "/items");
        assert_eq!(answers.len(), 4, "each in its place");
        assert_eq!(answers[1]["controlNumber"], Value::Null);
        assert_eq!(answers[1]["errors"][0]["path"], json!(["input", "items", "1", "amount", "amount"]), "{payload}");
        assert_eq!(reason(&answers[2]), "REFERENCE_IN_USE", "{payload}");
        for place in [0, 3] {
            let created = wait_for_status(&client, text(&answers[place], "/controlNumber/id"), "ACTIVE").await;
            assert_eq!(text(&created, "/idempotencyKey"), key);
            assert_eq!(made_at_provider(&app, text(&created, "/number")).await, 1);
        }
        let again = ask_for_several(&client, &key, items.clone()).await;
        assert_eq!(again["replayed"], json!(true), "{again}");
        for place in [0, 3] {
            let id = format!("/items/{place}/controlNumber/id");
            assert_eq!(text(&again, &id), text(&payload, &id));
        }
        let other = ask_for_several(&client, &key, json!([items[0]])).await;
        assert_eq!(text(&other, "/errors/0/code"), "IDEMPOTENCY_KEY_REUSED", "{other}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_batch_has_fifty_items_at_most_and_all_are_made(app: TestApp) {
        let client = collector(&app);
        let item = |place: u32| json!({ "amount": shillings(&(4000 + place).to_string()) });
        let items = |count: u32| (0..count).map(item).collect::<Vec<_>>();
        let input = |count: u32| json!({ "input": { "idempotencyKey": new_key(), "items": items(count) } });
        let document = "mutation ($input: CreateControlNumbersInput!) { createControlNumbers(input: $input) {
            errors { code path } items { controlNumber { id status } errors { code } } } }";
        for count in [0, 51] {
            let payload = client.data(document, input(count)).await["createControlNumbers"].take();
            assert_eq!(payload["errors"][0]["path"], json!(["input", "items"]), "{payload}");
            assert_eq!(payload["items"], json!([]));
        }
        let payload = client.data(document, input(50)).await["createControlNumbers"].take();
        for item in list(&payload, "/items") {
            wait_for_status(&client, text(item, "/controlNumber/id"), "ACTIVE").await;
        }
        let all = app.sandbox("clickpesa/_sandbox/control-numbers").await;
        assert_eq!(list(&all, "").len(), 50);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_number_is_changed_switched_off_and_on(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &order("6000")).await;
        let (id, paid) = (text(&created, "/id"), text(&created, "/number"));
        let off = update(&client, id, json!({ "active": false })).await;
        assert_eq!(off["errors"], json!([]), "{off}");
        assert_eq!(text(&off, "/controlNumber/status"), "INACTIVE");
        assert_eq!(off["controlNumber"]["acceptsPayments"], json!(false));
        assert_ne!(pay(&app, paid, "6000").await, 200, "the payer is turned away");
        let twice = update(&client, id, json!({ "active": false })).await;
        assert_eq!(text(&twice, "/controlNumber/status"), "INACTIVE", "the same change twice is one: {twice}");
        let change = json!({ "active": true, "amount": shillings("6500"), "description": "Water, August" });
        let on = update(&client, id, change).await["controlNumber"].take();
        assert_eq!((text(&on, "/status"), text(&on, "/amount/amount")), ("ACTIVE", "6500.00"), "{on}");
        assert_eq!((text(&on, "/description"), text(&on, "/amountRemaining/amount")), ("Water, August", "6500.00"));
        assert!(number(&on, "/version") > number(&created, "/version"));
        assert_whole_life(&on);
        assert!(list(&on, "/events").iter().any(|event| event["type"] == "CONTROL_NUMBER_UPDATED"), "{on}");
        assert_eq!(pay(&app, paid, "6500").await, 200);
        wait_for_status(&client, id, "PAID").await;
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_change_that_cannot_be_made_is_refused(app: TestApp) {
        let client = collector(&app);
        let created = made(&client, &order("6000")).await;
        let id = text(&created, "/id");
        let dollars = json!({ "amount": { "amount": "5", "currency": "USD" } });
        for change in [json!({}), json!({ "amount": shillings("0") }), dollars] {
            let payload = update(&client, id, change.clone()).await;
            assert_ne!(payload["errors"], json!([]), "{change}: {payload}");
            assert_eq!(find(&client, id).await["version"], created["version"], "{change}");
        }
        let nothing = ControlNumberId::from_uuid(Uuid::now_v7()).to_string();
        let payload = update(&client, &nothing, json!({ "active": false })).await;
        assert_eq!(text(&payload, "/errors/0/code"), "NOT_FOUND");
        assert_eq!(payload["errors"][0]["path"], json!(["input", "controlNumberId"]));
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn what_is_switched_in_the_dashboard_shows_in_a_refresh(app: TestApp) {
        let client = collector(&app);
        let mut input = order("6000");
        input["description"] = json!("Water, July");
        let created = made(&client, &input).await;
        let (id, paid) = (text(&created, "/id"), text(&created, "/number"));
        assert_eq!(refresh(&client, id).await, created, "what agrees changes nothing");
        in_dashboard(&app, paid, &json!({ "billStatus": "INACTIVE" })).await;
        assert_eq!(find(&client, id).await["status"], "ACTIVE", "nobody has told");
        let off = refresh(&client, id).await;
        assert_eq!((text(&off, "/status"), &off["acceptsPayments"]), ("INACTIVE", &json!(false)), "{off}");
        let event = list(&off, "/events").last().expect("an event");
        assert_eq!((text(event, "/type"), text(event, "/actor")), ("CONTROL_NUMBER_UPDATED", "clickpesa"), "{off}");
        assert_eq!(refresh(&client, id).await, off);
        in_dashboard(&app, paid, &json!({ "billStatus": "ACTIVE" })).await;
        let on = refresh(&client, id).await;
        assert_eq!((text(&on, "/status"), &on["acceptsPayments"]), ("ACTIVE", &json!(true)), "{on}");
        assert_whole_life(&on);
        in_dashboard(&app, paid, &json!({ "billDescription": "Water, August" })).await;
        assert_eq!(text(&refresh(&client, id).await, "/review/reason"), "MISMATCH");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_number_of_other_terms_comes_back_from_review_when_the_dashboard_is_put_right(app: TestApp) {
        let client = collector(&app);
        let payload = ask_for(&client, &order("1314")).await;
        let id = text(&payload, "/controlNumber/id");
        let unequal = wait_for_status(&client, id, "NEEDS_REVIEW").await;
        let paid = text(&unequal, "/number");
        assert_eq!(refresh(&client, id).await, unequal, "it differs still");
        in_dashboard(&app, paid, &json!({ "billAmount": 1314 })).await;
        let mended = refresh(&client, id).await;
        assert_eq!((text(&mended, "/status"), &mended["review"]), ("ACTIVE", &Value::Null), "{mended}");
        assert_eq!((text(&mended, "/amount/amount"), &mended["acceptsPayments"]), ("1314.00", &json!(true)));
        in_dashboard(&app, paid, &json!({ "billAmount": 2000 })).await;
        let odd = refresh(&client, id).await;
        assert_eq!((text(&odd, "/status"), text(&odd, "/review/reason")), ("NEEDS_REVIEW", "MISMATCH"), "{odd}");
        assert_eq!((text(&odd, "/amount/amount"), &odd["acceptsPayments"]), ("1314.00", &json!(false)));
        assert_whole_life(&odd);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn a_refresh_finds_money_that_nobody_told_and_leaves_what_was_never_made(app: TestApp) {
        let client = collector(&app);
        let mut input = order("5000");
        input["mode"] = json!("ALLOW_PARTIAL_AND_OVER_PAYMENT");
        let created = made(&client, &input).await;
        let (id, paid) = (text(&created, "/id"), text(&created, "/number"));
        // Of this amount the provider tells nobody; the payment closes the number there.
        assert_eq!(pay(&app, paid, "1409").await, 200);
        for _ in 0..2 {
            let part = refresh(&client, id).await;
            assert_eq!((text(&part, "/status"), text(&part, "/amountReceived/amount")), ("PARTIALLY_PAID", "1409.00"));
            assert_eq!((list(&part, "/collections/nodes").len(), &part["acceptsPayments"]), (1, &json!(false)));
            assert_eq!(number(&part, "/version"), number(&created, "/version") + 1, "money closed it: {part}");
        }
        let payload = ask_for(&client, &order("1301")).await;
        let failed = wait_for_status(&client, text(&payload, "/controlNumber/id"), "FAILED").await;
        assert_eq!(refresh(&client, text(&failed, "/id")).await, failed);
    }
}

/// Asserts that a stranger learns nothing of a control number and changes nothing of it.
async fn assert_hidden(owner: &Client, stranger: &Client, created: &Value) {
    let id = text(created, "/id");
    let nothing = ControlNumberId::from_uuid(Uuid::now_v7()).to_string();
    for document in [
        "query ($id: ID!) { controlNumber(by: { id: $id }) { id status } }",
        "query ($id: ID!) { node(id: $id) { id } }",
        "query ($id: ID!) { nodes(ids: [$id]) { id } }",
        "query ($id: ID!) { collections(filter: { controlNumberId: $id }) { nodes { id } } }",
        "query ($id: ID!) { events(filter: { subjectId: $id }) { nodes { sequence } } }",
        "mutation ($id: ID!) { updateControlNumber(input: { controlNumberId: $id, active: false }) {
            controlNumber { id } errors { code message path } } }",
        "mutation ($id: ID!) { refreshControlNumber(input: { controlNumberId: $id }) {
            controlNumber { id } errors { code message path } } }",
    ] {
        let theirs = stranger.data(document, json!({ "id": id })).await;
        assert_eq!(theirs, stranger.data(document, json!({ "id": nothing })).await, "{document}");
    }
    for by in [json!({ "number": created["number"] }), json!({ "idempotencyKey": created["idempotencyKey"] })] {
        let document = "query ($by: ControlNumberBy!) { controlNumber(by: $by) { id } }";
        assert_eq!(stranger.data(document, json!({ "by": by })).await["controlNumber"], Value::Null, "{by}");
    }
    assert_eq!(count(stranger).await, 0);
    let lists = "{ collections { nodes { id } } events { nodes { sequence } } }";
    let nothing_listed = json!({ "collections": { "nodes": [] }, "events": { "nodes": [] } });
    assert_eq!(stranger.data(lists, json!({})).await, nothing_listed);
    let refusal = stranger.subscribe(UPDATED, json!({ "id": id })).await.refusal().await;
    assert_eq!(text(&refusal, "/0/extensions/code"), "BAD_USER_INPUT");
    let after = find(owner, id).await;
    assert_eq!((&after["status"], &after["acceptsPayments"]), (&created["status"], &created["acceptsPayments"]));
    assert!(list(&after, "/events").iter().all(|event| event["type"] != "CONTROL_NUMBER_UPDATED"), "{after}");
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn another_tenant_and_another_customer_learn_nothing_of_it(app: TestApp) {
        let owner = app.client_with(&app.token_for_customer(TENANT, "customer-1", COLLECTOR));
        let created = made(&owner, &order("8000")).await;
        let id = text(&created, "/id");
        assert_eq!(pay(&app, text(&created, "/number"), "8000").await, 200);
        let paid = wait_for_status(&owner, id, "PAID").await;
        assert_hidden(&owner, &app.client("umbrella", COLLECTOR), &paid).await;
        assert_hidden(&owner, &app.client_with(&app.token_for_customer(TENANT, "customer-2", COLLECTOR)), &paid).await;
        assert_eq!(find(&collector(&app), id).await["status"], "PAID", "the tenant itself sees its customers'");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn control_numbers_need_their_own_scopes(app: TestApp) {
        let created = made(&collector(&app), &order("8000")).await;
        let payer = app.client(TENANT, USER);
        for document in [
            "{ controlNumbers { nodes { id } } }", "{ collections { nodes { id } } }",
            "query ($id: ID!) { controlNumber(by: { id: $id }) { id } }", "query ($id: ID!) { node(id: $id) { id } }",
        ] {
            assert_eq!(payer.refused(document, json!({ "id": created["id"] })).await, "FORBIDDEN", "{document}");
        }
        let events = payer.data("{ events { nodes { sequence } } }", json!({})).await;
        assert_eq!(events["events"]["nodes"], json!([]), "events of what it may not read are not told");
        let reader = app.client(TENANT, "control_numbers:read");
        let create = "mutation ($input: CreateControlNumberInput!) { createControlNumber(input: $input) { replayed } }";
        assert_eq!(reader.refused(create, json!({ "input": order("5") })).await, "FORBIDDEN");
        let change = "mutation ($id: ID!) { updateControlNumber(input: { controlNumberId: $id, active: false }) {
            errors { code } } }";
        assert_eq!(reader.refused(change, json!({ "id": created["id"] })).await, "FORBIDDEN");
        let refresh = "mutation ($id: ID!) { refreshControlNumber(input: { controlNumberId: $id }) { errors { code } } }";
        assert_eq!(reader.refused(refresh, json!({ "id": created["id"] })).await, "FORBIDDEN");
        let refusal = payer.subscribe(UPDATED, json!({})).await.refusal().await;
        assert_eq!(text(&refusal, "/0/extensions/code"), "FORBIDDEN");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "proxied")]
    async fn whose_lease_ended_while_it_was_changed_stores_nothing(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let created = made(&client, &order("2500")).await;
        let (id, number) = (text(&created, "/id").to_owned(), text(&created, "/number").to_owned());
        let path: &'static str = Box::leak(format!("/billpay/{number}").into_boxed_str());
        app.proxy().next_of(Method::PATCH, path, Act::Late(Duration::from_millis(1_500)));
        let changing = tokio::spawn({
            let (client, id) = (client.clone(), id.clone());
            async move { update(&client, &id, json!({ "description": "the older" })).await }
        });
        tokio::time::sleep(Duration::from_millis(700)).await;
        // As if another process had claimed it, and changed it since.
        app.execute("UPDATE submissions SET fence = fence + 1").await;
        let payload = changing.await.expect("an answer");
        assert_eq!(payload["controlNumber"], Value::Null, "{payload}");
        assert_eq!(find(&client, &id).await["version"], created["version"]);
    }
}
