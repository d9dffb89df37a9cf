//! What an attacker, or a provider at its worst, once got billpay to believe: each test keeps one such hole shut.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billpay::sandbox::{BILL_WEBHOOK_SECURITY_KEY, CLICKPESA_CHECKSUM_KEY};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::schedule::day_from_now;
use crate::support::app::{ALL, COLLECTOR, OPERATORS, TENANT};
use crate::support::client::{Client, new_key};
use crate::support::numbers::{ask_for, collections, find, made, made_at_provider, order, wait_for_status};
use crate::support::proxy::Act;
use crate::support::vendors::{
    FINAL, FREIGHT, HARBOR, THAMES, act, bank, bill_input, bills, bulk_input, calls, create, create_bulk,
    funding_account, pay, payment, wait_for, wait_for_bulk,
};
use crate::support::{TestApp, eventually, list, on_both_databases, statuses, text};

/// The ends of BILL's paths.
const PAYMENTS: &str = "/v3/payments";
const BULK: &str = "/v3/payments/bulk";
const CANCEL: &str = "/cancel";
/// Where a bulk stays.
const DONE: [&str; 4] = ["SUCCEEDED", "FAILED", "NEEDS_REVIEW", "MIXED"];
/// What an answer is made of on its way.
type Rewriting = fn(&mut Value);

/// Longer than anything may be looked for before a person is asked.
const LONG: Duration = Duration::from_secs(1_800);
/// A place where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/callbacks/bill";
/// A bill of which no bulk here asks.
const ANOTHER_BILL: &str = "00n01SANDBOXANOTHER1";

/// A bulk payment that was taken.
async fn made_bulk(client: &Client, input: &Value) -> Value {
    let mut payload = create_bulk(client, input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["bulkPayment"].take()
}

/// The ids of a bulk's payments.
fn ids(bulk: &Value) -> Vec<String> {
    list(bulk, "/payments").iter().map(|payment| text(payment, "/id").to_owned()).collect()
}

/// A bulk payment of which no payment is settled, after at least one look-up.
async fn assert_left_open(client: &Client, bulk: &Value) {
    for id in ids(bulk) {
        let open = eventually("a look-up", || async {
            let payment = payment(client, &id).await;
            (calls(&payment, "LOOKUP") > 0).then_some(payment)
        })
        .await;
        assert_eq!((text(&open, "/status"), &open["providerReference"]), ("UNKNOWN", &Value::Null), "{open}");
    }
}

/// A bulk payment that a person has to look at when patience ends; nothing was sent again or taken for it.
async fn assert_ends_in_review(app: &TestApp, tenant: &str, bulk: &Value) {
    app.clock().advance(LONG);
    let client = app.client(tenant, ALL);
    for id in ids(bulk) {
        let payment = wait_for(&client, &id, &FINAL).await;
        assert_eq!((text(&payment, "/status"), &payment["providerReference"]), ("NEEDS_REVIEW", &Value::Null));
        assert!(!statuses(&payment).contains(&"SUCCEEDED"), "{payment}");
        assert_eq!(calls(&payment, "SUBMIT"), 1, "{payment}");
    }
}

/// One error in BILL's form.
fn bill_error(code: &str, message: &str) -> Value {
    json!([{ "timestamp": "2026-11-22T03:00:00.000+00:00", "code": code, "severity": "ERROR",
        "category": "APPLICATION", "message": message }])
}

/// The payments of BILL's answer to a bulk.
fn made_by_bill(answer: &mut Value) -> &mut Vec<Value> {
    answer["payments"].as_array_mut().expect("the payments")
}

fn with_fewer_payments(answer: &mut Value) {
    made_by_bill(answer).pop();
}

fn with_another_bill(answer: &mut Value) {
    let mut more = made_by_bill(answer)[0].clone();
    more["id"] = json!("stp01SANDBOXANOTHER1");
    more["billId"] = json!(ANOTHER_BILL);
    more["billPayments"][0]["billId"] = json!(ANOTHER_BILL);
    made_by_bill(answer).push(more);
}

fn with_one_id_twice(answer: &mut Value) {
    let payments = made_by_bill(answer);
    payments[1]["id"] = payments[0]["id"].clone();
}

/// A payment that BILL holds for a later day.
async fn held(app: &TestApp, client: &Client, bill: &Value) -> Value {
    let mut input = bill_input(bill, "40", &bank(client).await);
    input["processDate"] = json!(day_from_now(app, 5));
    let payment = pay(client, &input).await;
    wait_for(client, text(&payment, "/id"), &["PENDING"]).await
}

/// The HMAC-SHA256 of a text.
pub fn mac(key: &str, signed: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.chain_update(signed).finalize().into_bytes().to_vec()
}

/// A value as ClickPesa signs it: sorted by name at every depth. Of texts, whole numbers, empty lists and objects only.
pub fn canonical(value: &Value) -> String {
    let Some(members) = value.as_object() else { return value.to_string() };
    let sorted: BTreeMap<_, _> = members.iter().collect();
    let member = |(name, value): (&String, &Value)| format!("{}:{}", json!(name), canonical(value));
    let members: Vec<String> = sorted.into_iter().map(member).collect();
    format!("{{{}}}", members.join(","))
}

/// A webhook with ClickPesa's own checksum.
pub fn sealed(mut webhook: Value) -> String {
    let checksum = hex::encode(mac(CLICKPESA_CHECKSUM_KEY, &canonical(&webhook)));
    webhook["checksum"] = json!(checksum);
    webhook["checksumMethod"] = json!("canonical");
    webhook.to_string()
}

/// Makes a control number at ClickPesa, past billpay, as somebody with the same account does.
async fn made_past_billpay(app: &TestApp, body: &Value) {
    let setting = |name: &str| app.variables()[&format!("BILLPAY_PROVIDERS__CLICKPESA__{name}")].clone();
    let base = setting("BASE_URL");
    let request = app.http().post(format!("{base}/generate-token"));
    let request = request.header("client-id", setting("CLIENT_ID")).header("api-key", setting("API_KEY"));
    let token: Value = request.send().await.expect("an answer").json().await.expect("a token");
    let request = app.http().post(format!("{base}/billpay/create-order-control-number"));
    let request = request.header("authorization", text(&token, "/token")).json(body);
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{body}: {}", answer.status());
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn a_bulk_of_two_tenants_is_one_and_its_payments_are_given_to_no_other(app: TestApp) {
        let (ours, theirs) = (app.admin(), app.client("other", ALL));
        let found = bills(&ours, FREIGHT).await;
        let mut input = bulk_input(&found[..2], "10", &bank(&ours).await);
        input["processDate"] = json!(day_from_now(&app, 9));
        let first = made_bulk(&ours, &input).await;
        for id in ids(&first) {
            wait_for(&ours, &id, &["PENDING"]).await;
        }
        let same = bills(&theirs, FREIGHT).await;
        assert_eq!(same[0]["providerReference"], found[0]["providerReference"], "bills are listed in one order");
        let input = bulk_input(&same[..2], "10", &bank(&theirs).await);
        let refused = create_bulk(&theirs, &input).await;
        assert_eq!((list(&refused, "/errors").len(), &refused["bulkPayment"]), (2, &Value::Null), "{refused}");
        for error in list(&refused, "/errors") {
            assert_eq!((text(error, "/code"), &error["payment"]), ("BILL_ALREADY_BEING_PAID", &Value::Null));
        }
        for id in ids(&first) {
            assert_eq!(act(&ours, "cancelPayment", &id, json!({})).await["errors"], json!([]));
            wait_for(&ours, &id, &["CANCELLED"]).await;
        }
        app.proxy().next(BULK, Act::Lose);
        let second = made_bulk(&theirs, &input).await;
        for id in ids(&second) {
            wait_for(&theirs, &id, &["UNKNOWN"]).await;
        }
        assert_left_open(&theirs, &second).await;
        assert_ends_in_review(&app, "other", &second).await;
        assert_eq!(app.proxy().posts(BULK), 2);
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn one_payment_without_bills_settles_no_bulk(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let told = json!({ "payments": [{ "id": "stp01SANDBOXANOTHER1", "singleStatus": "CLEARED", "amount": 20 }] });
        app.proxy().next(BULK, Act::Instead(201, told));
        let bulk = made_bulk(&client, &bulk_input(&found[..2], "10", &bank(&client).await)).await;
        assert_left_open(&client, &bulk).await;
        assert_ends_in_review(&app, TENANT, &bulk).await;
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn a_bulk_that_is_answered_with_other_payments_than_were_asked_for_goes_to_a_person(app: TestApp) {
        let client = app.admin();
        let (found, funding) = (bills(&client, FREIGHT).await, bank(&client).await);
        let changes: [(&str, Rewriting); 3] = [
            ("fewer payments", with_fewer_payments),
            ("another bill", with_another_bill),
            ("one id twice", with_one_id_twice),
        ];
        for (bills, (what, change)) in found.chunks(2).zip(changes) {
            app.proxy().next(BULK, Act::Rewrite(change));
            let bulk = made_bulk(&client, &bulk_input(bills, "10", &funding)).await;
            let bulk = wait_for_bulk(&client, text(&bulk, "/id"), &DONE).await;
            assert_eq!(list(&bulk, "/payments").len(), 2, "{what}: {bulk}");
            for payment in list(&bulk, "/payments") {
                let told = (text(payment, "/status"), payment.pointer("/review/reason"));
                assert_eq!(told, ("NEEDS_REVIEW", Some(&json!("MISMATCH"))), "{what}: {payment}");
                assert_eq!(calls(payment, "SUBMIT"), 1, "{what}: {payment}");
            }
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn a_status_that_leaves_it_open_fails_nothing_that_was_taken(app: TestApp) {
        let client = app.admin();
        let (found, funding) = (bills(&client, FREIGHT).await, bank(&client).await);
        // Nothing but a look-up may tell how it went.
        app.send_webhooks_to("bill", NOWHERE).await;
        let (mut singles, mut bulks) = (Vec::new(), Vec::new());
        for (bills, status) in found.chunks(3).zip([409, 425, 408]) {
            let error = bill_error("BDC_9999", "Something went wrong.");
            app.proxy().next(PAYMENTS, Act::Replace(status, error.clone()));
            singles.push(pay(&client, &bill_input(&bills[0], "20", &funding)).await);
            app.proxy().next(BULK, Act::Replace(status, error));
            bulks.push(made_bulk(&client, &bulk_input(&bills[1..], "20", &funding)).await);
        }
        let mut settled = Vec::new();
        for single in singles {
            settled.push(wait_for(&client, text(&single, "/id"), &FINAL).await);
        }
        for bulk in bulks {
            let mut bulk = wait_for_bulk(&client, text(&bulk, "/id"), &DONE).await;
            settled.append(bulk["payments"].as_array_mut().expect("payments"));
        }
        for payment in &settled {
            let told = statuses(payment);
            assert_eq!(text(payment, "/status"), "SUCCEEDED", "{payment}");
            assert!(told.contains(&"UNKNOWN") && !told.contains(&"FAILED"), "{payment}");
            assert_eq!(calls(payment, "SUBMIT"), 1, "{payment}");
        }
        let effects = app.effects_with("bill").await;
        let paid: BTreeSet<_> = effects.iter().map(|effect| text(effect, "/account")).collect();
        assert_eq!((settled.len(), effects.len(), paid.len()), (9, 9, 9), "{effects:?}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bulk_in_pounds_is_paid_with_its_rate(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, THAMES).await;
        let bulk = made_bulk(&client, &bulk_input(&found[..2], "100", &bank(&client).await)).await;
        let bulk = wait_for_bulk(&client, text(&bulk, "/id"), &DONE).await;
        assert_eq!(text(&bulk, "/status"), "SUCCEEDED", "{bulk}");
        assert_eq!(bulk["total"], json!({ "amount": "200.00", "currency": "GBP" }));
        for payment in list(&bulk, "/payments") {
            assert_eq!(payment["amount"], json!({ "amount": "100.00", "currency": "GBP" }));
            assert_eq!(text(payment, "/fundingAmount/currency"), "USD", "{payment}");
            let rate: rust_decimal::Decimal = text(payment, "/exchangeRate").parse().expect("a rate");
            assert!(rate > rust_decimal::Decimal::ONE, "{payment}");
            assert_eq!(calls(payment, "SUBMIT"), 1, "{payment}");
        }
        assert_eq!(app.effects_with("bill").await.len(), 2);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn money_for_somebody_elses_number_is_not_given_to_who_was_refused_it(app: TestApp) {
        let terms = json!({ "billReference": "ELSEWHERE1", "billAmount": 5000, "billPaymentMode": "EXACT" });
        made_past_billpay(&app, &terms).await;
        let client = app.client(TENANT, COLLECTOR);
        let mut input = order("5000");
        input["reference"] = json!("ELSEWHERE1");
        let payload = ask_for(&client, &input).await;
        let id = text(&payload, "/controlNumber/id");
        let refused = wait_for_status(&client, id, "FAILED").await;
        assert_eq!(text(&refused, "/failure/code"), "REFERENCE_IN_USE", "{refused}");
        assert_eq!(made_at_provider(&app, "ELSEWHERE1").await, 1);
        assert_eq!(crate::support::numbers::pay(&app, "ELSEWHERE1", "5000").await, 200);
        let document = "{ collections { nodes { number flags controlNumber { id } amount { amount } } } }";
        let operator = app.client(OPERATORS, &format!("{COLLECTOR} operator"));
        let seen = eventually("the money", || async {
            let found = operator.data(document, json!({})).await;
            list(&found, "/collections/nodes").first().cloned()
        })
        .await;
        assert_eq!((text(&seen, "/number"), &seen["flags"]), ("ELSEWHERE1", &json!(["UNKNOWN_NUMBER"])), "{seen}");
        assert_eq!(seen["controlNumber"], Value::Null);
        for other in [&client, &app.client(OPERATORS, COLLECTOR)] {
            assert_eq!(other.data(document, json!({})).await["collections"]["nodes"], json!([]));
        }
        let after = find(&client, id).await;
        assert_eq!((text(&after, "/status"), text(&after, "/amountReceived/amount")), ("FAILED", "0.00"), "{after}");
        assert!(collections(&after).is_empty(), "{after}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICKPESA", "on")]
    async fn c5_clickpesa_a_signed_webhook_that_cannot_be_used_is_kept_for_operators(app: TestApp) {
        let client = app.client(TENANT, COLLECTOR);
        let created = made(&client, &order("1000")).await;
        let number = text(&created, "/number");
        let operator = app.client(OPERATORS, "operator");
        let document = "{ callbacks { nodes { provider { code } verified ourReference subject { __typename } } } }";
        let long = "9".repeat(300);
        for (kept, (id, status)) in [(1, ("ODD1", "AUTHORIZED")), (2, (long.as_str(), "SUCCESS"))] {
            let webhook = sealed(json!({ "event": "PAYMENT RECEIVED", "data": {
                "id": id, "status": status, "paymentReference": "P1", "orderReference": number,
                "collectedAmount": "1000", "collectedCurrency": "TZS", "channel": "M-PESA" } }));
            for _ in 0..2 {
                assert_eq!(app.callback("clickpesa", webhook.clone()).await, 200, "{status}");
            }
            let seen = operator.data(document, json!({})).await;
            assert_eq!(list(&seen, "/callbacks/nodes").len(), kept, "{seen}");
            let newest = &list(&seen, "/callbacks/nodes")[0];
            assert_eq!((text(newest, "/provider/code"), &newest["verified"]), ("clickpesa", &json!(true)), "{seen}");
            assert_eq!((text(newest, "/ourReference"), &newest["subject"]), (number, &Value::Null), "{seen}");
        }
        assert_eq!(find(&client, text(&created, "/id")).await, created, "it counts nothing");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn c3_bill_a_notification_with_one_payments_number_and_anothers_id_settles_neither(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, HARBOR).await;
        let (one, other) = (held(&app, &client, &found[0]).await, held(&app, &client, &found[1]).await);
        for (named, meant) in [(&one, &other), (&other, &one)] {
            let looked = calls(&payment(&client, text(named, "/id")).await, "LOOKUP");
            let body = json!({
                "metadata": { "eventId": new_key(), "eventType": "payment.updated" },
                "payment": { "id": meant["providerReference"], "transactionNumber": named["ourReference"],
                    "status": "CLEARED" },
            })
            .to_string();
            let signature = BASE64_STANDARD.encode(mac(BILL_WEBHOOK_SECURITY_KEY, &body));
            let request = app.http().post(app.url("/callbacks/bill")).header("x-bill-sha-signature", signature);
            assert_eq!(request.body(body).send().await.expect("an answer").status(), 200);
            eventually("a look-up", || async {
                let now = payment(&client, text(named, "/id")).await;
                (calls(&now, "LOOKUP") > looked).then_some(())
            })
            .await;
            for before in [&one, &other] {
                let after = payment(&client, text(before, "/id")).await;
                assert_eq!(text(&after, "/status"), "PENDING", "{after}");
                assert_eq!(after["providerReference"], before["providerReference"], "{after}");
                assert_eq!(after["version"], before["version"], "{after}");
            }
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn a_cancellation_that_is_held_off_is_tried_few_times_and_done_in_the_end(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, HARBOR).await;
        let held = held(&app, &client, &found[0]).await;
        let id = text(&held, "/id");
        let busy = bill_error("BDC_1322", "Max number of concurrent requests per organization reached.");
        app.proxy().always(CANCEL, Act::Instead(429, busy));
        let looked = calls(&payment(&client, id).await, "LOOKUP");
        assert_eq!(act(&client, "cancelPayment", id, json!({})).await["errors"], json!([]));
        tokio::time::sleep(Duration::from_secs(10)).await;
        let tries = app.proxy().posts(CANCEL);
        assert!((1..=6).contains(&tries), "{tries} tries in ten seconds");
        let waiting = payment(&client, id).await;
        assert_eq!(text(&waiting, "/status"), "PENDING", "{waiting}");
        assert!(calls(&waiting, "LOOKUP") > looked, "look-ups go on: {waiting}");
        app.proxy().heal();
        app.clock().advance(Duration::from_secs(60));
        let cancelled = wait_for(&client, id, &FINAL).await;
        assert_eq!(text(&cancelled, "/status"), "CANCELLED", "{cancelled}");
        assert_eq!(text(&cancelled, "/cancellation/state"), "ACCEPTED");
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn a_bulk_refused_for_one_bill_that_is_not_named_blames_none(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        app.proxy().next(BULK, Act::Instead(400, bill_error("BDC_1159", "Cannot overpay a bill.")));
        let payload = create_bulk(&client, &bulk_input(&found[..3], "10", &bank(&client).await)).await;
        let [error] = list(&payload, "/errors") else { panic!("one error: {payload}") };
        assert_eq!((text(error, "/code"), &error["path"]), ("BULK_ROLLED_BACK", &json!(["input", "items"])));
        assert!(text(error, "/message").contains("did not tell which"), "{payload}");
        assert_eq!(text(&payload, "/bulkPayment/status"), "FAILED", "{payload}");
        assert_eq!(list(&payload, "/bulkPayment/payments").len(), 3);
        for payment in list(&payload, "/bulkPayment/payments") {
            let told = (text(payment, "/status"), text(payment, "/failure/code"));
            assert_eq!(told, ("FAILED", "BULK_ROLLED_BACK"), "{payment}");
        }
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_TEST_CLICK", "on")]
    async fn our_reference_is_what_the_provider_was_told(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let paid = pay(&client, &bill_input(&found[0], "20", &bank(&client).await)).await;
        let paid = wait_for(&client, text(&paid, "/id"), &FINAL).await;
        assert_eq!(text(&paid, "/status"), "SUCCEEDED", "{paid}");
        let effects = app.effects_with("bill").await;
        assert_eq!((effects.len(), &effects[0]["key"]), (1, &paid["ourReference"]));
        let payload = client
            .create(json!({
                "idempotencyKey": new_key(),
                "target": { "account": {
                    "billerId": client.biller("Saudi Electricity Company").await, "accountReference": "1111111" } },
                "amount": { "amount": "100.50", "currency": "SAR" },
                "payer": { "phoneNumber": "+966506966507" },
            }))
            .await;
        let paid = client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
        assert_eq!((text(&paid, "/status"), &paid["ourReference"]), ("SUCCEEDED", &Value::Null), "{paid}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_vendor_has_bills_and_so_no_bill_number(app: TestApp) {
        let client = app.admin();
        let document = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) {
            billNumber { id } errors { code path } } }";
        let input = json!({ "billerId": client.biller(HARBOR).await, "accountReference": "1234567" });
        let payload = client.data(document, json!({ "input": input })).await["saveBillNumber"].take();
        let expected = json!([{ "code": "BAD_USER_INPUT", "path": ["input", "billerId"] }]);
        assert_eq!((&payload["billNumber"], &payload["errors"]), (&Value::Null, &expected));
        let kept = client.data("{ billNumbers { nodes { id } } }", json!({})).await;
        assert_eq!(kept["billNumbers"]["nodes"], json!([]));
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_card_that_needs_a_purpose_is_refused_by_that_name(app: TestApp) {
        let client = app.admin();
        let card = funding_account(&client, "CARD_ACCOUNT", true).await;
        let found = bills(&client, HARBOR).await;
        let payload = create(&client, &bill_input(&found[0], "20", &card)).await;
        let [error] = list(&payload, "/errors") else { panic!("one error: {payload}") };
        assert_eq!(text(error, "/code"), "CAPABILITY_MISSING", "{payload}");
        assert_eq!(error["path"], json!(["input", "fundingAccountId"]));
        assert!(text(error, "/message").contains("cardFundingPurpose"), "{payload}");
        assert_eq!(text(&payload, "/payment/status"), "FAILED", "{payload}");
        assert_eq!(text(&payload, "/payment/failure/code"), "CAPABILITY_MISSING");
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}
