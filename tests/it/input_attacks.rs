//! Bad input, tokens and tenants: the rows of the attacks that stand in no other file (M1, M5, M7, M8, J8, T3, T5).

use std::path::Path;
use std::process::Stdio;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::schedule::day_from_now;
use crate::support::app::{ALL, TENANT, free_address};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::vendors::{FINAL, HARBOR, bank, bill_input, bills, create, pay, wait_for};
use crate::support::{Db, TestApp, eventually, list, on_both_databases, run, text};

/// Characters that mean something in JSON, XML, CSV, a header or a form, and nothing in an account.
const TROUBLE: &str = r#"7"1'<2>&3;4,5=6|7\8%0d%0a{9}--b"#;
const ELECTRICITY: &str = "Saudi Electricity Company";
/// How many tenants ask at once.
const TENANTS: usize = 100;

on_both_databases! {
    async fn m1_ten_is_ten_however_it_is_written_and_kept_in_minor_units(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        for (account, amount) in [("900001", "10"), ("900002", "10.0"), ("900003", "10.00")] {
            let payload = client.create(payment_input(&biller, account, amount)).await;
            assert_eq!(payload["errors"], json!([]), "{payload}");
            assert_eq!(payload["payment"]["amount"], json!({ "amount": "10.00", "currency": "KES" }), "{amount}");
        }
        assert_eq!(app.scalar("SELECT COUNT(*) FROM payments WHERE amount_minor = 1000").await, 3);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn m5_a_bill_that_was_paid_is_not_payable_again(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, HARBOR).await;
        let funding = bank(&client).await;
        let due = text(&found[0], "/amountDue/amount");
        let paid = pay(&client, &bill_input(&found[0], due, &funding)).await;
        let paid = wait_for(&client, text(&paid, "/id"), &FINAL).await;
        assert_eq!(text(&paid, "/status"), "SUCCEEDED", "{paid}");
        let again = create(&client, &bill_input(&found[0], "1", &funding)).await;
        assert_eq!(text(&again, "/errors/0/code"), "BILL_NOT_PAYABLE", "{again}");
        assert_eq!(again["payment"], Value::Null);
        assert_eq!(app.effects_with("bill").await.len(), 1);
    }
}

on_both_databases! {
    async fn m5_another_tenants_bill_is_not_found(app: TestApp) {
        let (owner, stranger) = (app.admin(), app.client("umbrella", ALL));
        let biller = owner.biller(KPLC).await;
        let look_up = "query ($biller: ID!) { billLookup(billerId: $biller, accountReference: \"900001\") {
            bills { id amountDue { amount } } } }";
        let found = owner.data(look_up, json!({ "biller": biller })).await;
        let mut input = payment_input(&biller, "", "15");
        input["target"] = json!({ "billId": text(&found, "/billLookup/bills/0/id") });
        let payload = stranger.create(input).await;
        assert_eq!(text(&payload, "/errors/0/code"), "NOT_FOUND", "{payload}");
        assert_eq!(payload["errors"][0]["path"], json!(["input", "target", "billId"]));
        assert_eq!((payload["payment"].clone(), stranger.count_payments().await), (Value::Null, 0));
        assert_eq!(app.effects().await.len(), 0);
    }
}

on_both_databases! {
    async fn m7_there_is_no_room_for_metadata(app: TestApp) {
        let client = app.admin();
        let good = payment_input(&client.biller(KPLC).await, "1111111", "15");
        let mut many = good.clone();
        many["metadata"] = (0..10_000).map(|number| (format!("k{number}"), json!("v"))).collect();
        assert_eq!(client.create_refused(many).await, "BAD_USER_INPUT");
        let mut large = good;
        large["description"] = json!("x".repeat(256 * 1024));
        let body = json!({ "query": "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
            errors { code } } }", "variables": { "input": large } });
        let request = app.http().post(app.url("/graphql")).bearer_auth(app.token(TENANT, ALL)).json(&body);
        assert_eq!(request.send().await.expect("an answer").status(), 413);
        assert_eq!(client.count_payments().await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn m8_what_means_something_elsewhere_reaches_the_provider_as_it_is(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until(TROUBLE, &FINAL).await;
        assert_eq!((text(&payment, "/status"), text(&payment, "/accountReference")), ("SUCCEEDED", TROUBLE));
        let moved = app.effects_of(&payment).await;
        assert_eq!((moved.len(), text(&moved[0], "/account"), text(&moved[0], "/amount")), (1, TROUBLE, "15.00"));
        let mut input = payment_input(&client.biller(ELECTRICITY).await, TROUBLE, "100.50");
        input["amount"]["currency"] = json!("SAR");
        input.as_object_mut().expect("an object").remove("payer");
        let payload = client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        let payment = client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        let moved = app.effects_with("click").await;
        assert_eq!((moved.len(), text(&moved[0], "/account"), text(&moved[0], "/amount")), (1, TROUBLE, "100.50"));
    }
}

on_both_databases! {
    async fn t3_of_a_hundred_tenants_at_once_with_one_key_each_sees_its_own(app: TestApp) {
        let biller = app.admin().biller(KPLC).await;
        let mut input = payment_input(&biller, "1515151", "15");
        input["processDate"] = json!(day_from_now(&app, 7));
        input["wait"] = json!("RECORDED");
        let tenants = (0..TENANTS).map(|number| cross(&app, format!("tenant-{number}"), &input));
        let mut ids = join_all(tenants).await;
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), TENANTS, "one payment each");
    }
}

/// Makes a payment and reads it in several ways, while others do the same; answers its id.
async fn cross(app: &TestApp, tenant: String, input: &Value) -> String {
    let client = app.client(&tenant, ALL);
    let payload = client.create(input.clone()).await;
    assert_eq!((&payload["errors"], &payload["replayed"]), (&json!([]), &json!(false)), "{tenant}: {payload}");
    let id = text(&payload, "/payment/id").to_owned();
    let document = "query ($id: ID!, $key: String!) { viewer { tenant eventsHead } payments { nodes { id } }
        payment(by: { idempotencyKey: $key }) { id } node(id: $id) { id } events { nodes { sequence } } }";
    for _ in 0..3 {
        let seen = client.data(document, json!({ "id": id, "key": input["idempotencyKey"] })).await;
        assert_eq!((text(&seen, "/viewer/tenant"), text(&seen, "/viewer/eventsHead")), (tenant.as_str(), "1"));
        assert_eq!(seen["payments"]["nodes"], json!([{ "id": id }]), "{tenant}: {seen}");
        assert_eq!((text(&seen, "/payment/id"), text(&seen, "/node/id")), (id.as_str(), id.as_str()));
        assert_eq!(list(&seen, "/events/nodes").len(), 1);
    }
    id
}

on_both_databases! {
    async fn t5_no_token_ends_the_hold_after_a_restore(app: TestApp) {
        let document = "{ __type(name: \"Mutation\") { fields { name } } }";
        let found = app.admin().data(document, json!({})).await;
        let names: Vec<_> = list(&found, "/__type/fields").iter().map(|field| text(field, "/name")).collect();
        assert!(names.contains(&"resolvePayment"), "{names:?}");
        assert!(!names.iter().any(|name| name.to_lowercase().contains("restore")), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j8_no_token_and_no_account_is_in_any_log() {
    run(Db::Sqlite, &[], log_what_is_done).await;
}

async fn log_what_is_done(app: TestApp) {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let address = free_address();
    let errors = std::fs::File::create(&log).expect("a file");
    let mut server = tokio::process::Command::new(env!("CARGO_BIN_EXE_billpay"))
        .arg("serve")
        .envs(app.variables().iter().filter(|(name, _)| !name.starts_with("BILLPAY_TEST_")))
        .env("BILLPAY_LISTEN", address.to_string())
        .env("BILLPAY_PUBLIC_URL", format!("http://{address}"))
        .env("BILLPAY_LOG__FILTER", "debug,billpay=trace")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .kill_on_drop(true)
        .spawn()
        .expect("the server starts");
    eventually("the server", || async { app.http().get(format!("http://{address}/healthz")).send().await.ok() }).await;
    let token = app.token(TENANT, ALL);
    let client = app.client_at(address, &token);
    let query = format!("/graphql?query=%7Bviewer%7Btenant%7D%7D&access_token={token}");
    let answer = app.http().get(format!("http://{address}{query}")).send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    let answer = app
        .http()
        .post(format!("http://{address}/graphql"))
        .bearer_auth(&forged)
        .json(&json!({ "query": "{ __typename }" }));
    assert_eq!(answer.send().await.expect("an answer").status(), 401);
    pay_in_secret(&client).await;
    let callback = app
        .http()
        .post(format!("http://{address}/callbacks/almara"))
        .body("{\"originatorConversationId\":\"word-of-a-callback\"}");
    assert_eq!(callback.send().await.expect("an answer").status(), 200);
    server.kill().await.expect("killed");
    assert_keeps_quiet(&log, &token);
}

async fn pay_in_secret(client: &Client) {
    let mut input = payment_input(&client.biller(KPLC).await, "4711471147", "15");
    input["idempotencyKey"] = json!(new_key());
    input["payer"]["name"] = json!("Zebediah Quill");
    input["description"] = json!("a secret purpose");
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
}

/// Asserts that a log tells what was done, and by none of these words.
fn assert_keeps_quiet(log: &Path, token: &str) {
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("billpay listens"), "{log}");
    let (signed, signature) = token.rsplit_once('.').expect("a token");
    let claims = signed.rsplit_once('.').expect("a token").1;
    let words = ["4711471147", "Zebediah", "a secret purpose", "word-of-a-callback", crate::support::app::SECRET];
    for word in [claims, &signature[..20]].iter().chain(&words) {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "a log holds {word}");
    }
}
