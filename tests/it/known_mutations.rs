//! Mutations that were valid once: sent again with other values they are judged as if they had never been seen.

use serde_json::{Value, json};

use crate::support::app::OPERATORS;
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::on_both_databases;

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const SYNC: &str = "mutation { syncBillers(input: {}) { added errors { code } } }";
const CREATE: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
    replayed payment { id } errors { code path } } }";

/// Inputs that the good one becomes by one change. None of them may be executed.
fn bad_inputs(good: &Value) -> Vec<Value> {
    let changed = |pointer: &str, value: Value| {
        let mut input = good.clone();
        *input.pointer_mut(pointer).expect("a member of the input") = value;
        input
    };
    let with = |pointer: &str, name: &str, value: Value| {
        let mut input = good.clone();
        input.pointer_mut(pointer).expect("a member of the input")[name] = value;
        input
    };
    let mut without_key = good.clone();
    without_key.as_object_mut().expect("an object").remove("idempotencyKey");
    vec![
        without_key,
        changed("/idempotencyKey", json!(null)),
        changed("/idempotencyKey", json!(7)),
        changed("/target", json!({})),
        changed("/target/account", json!(null)),
        changed("/target/account/accountReference", json!(["7000001"])),
        with("/target", "billId", json!("x")),
        with("/target/account", "unheardOf", json!("x")),
        changed("/amount/amount", json!("fifteen")),
        changed("/amount/amount", json!(15)),
        changed("/amount/currency", json!("shillings")),
        changed("/payer/phoneNumber", json!("0710")),
        changed("/wait", json!("FOR_EVER")),
        with("", "processDate", json!("2026-02-30")),
        with("", "callbackUrl", json!("nowhere")),
        with("", "deliverySpeed", json!("YESTERDAY")),
        with("", "unheardOf", json!("x")),
        json!(null),
        json!("x"),
    ]
}

/// What is answered, but for what belongs to the one request.
async fn answer(client: &Client, document: &str, variables: Value) -> Value {
    let mut answer = client.query(document, variables).await;
    for error in answer["errors"].as_array_mut().into_iter().flatten() {
        if let Some(extensions) = error["extensions"].as_object_mut() {
            extensions.remove("requestId");
        }
    }
    answer
}

on_both_databases! {
    with [IDLE]
    async fn a_mutation_that_is_known_refuses_what_a_new_one_refuses(app: TestApp) {
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let good = |account: &str| {
            let mut input = payment_input(&biller, account, "15");
            input["idempotencyKey"] = json!(new_key());
            input["wait"] = json!("RECORDED");
            input
        };
        for account in ["7000001", "7000002"] {
            let data = client.data(CREATE, json!({ "input": good(account) })).await;
            assert_eq!(data.pointer("/createPayment/errors"), Some(&json!([])), "{data}");
        }
        let mut variables: Vec<_> =
            bad_inputs(&good("7000003")).into_iter().map(|input| json!({ "input": input })).collect();
        variables.push(json!({}));
        for (place, variables) in variables.into_iter().enumerate() {
            let known = answer(&client, CREATE, variables.clone()).await;
            let fresh = answer(&client, &format!("{CREATE} # {place}"), variables.clone()).await;
            assert_eq!(known, fresh, "{variables}");
            assert!(known["data"].is_null() && known["errors"][0]["extensions"]["code"].is_string(), "{known}");
        }
        assert_eq!(app.scalar("SELECT count(*) FROM payments").await, 2);
        // What the values mean is still told in the payload, and what is good still done.
        let none = json!({ "input": payment_input(&biller, "7000003", "0") });
        let data = client.data(CREATE, none).await;
        assert_eq!(data.pointer("/createPayment/errors/0/path/1"), Some(&json!("amount")), "{data}");
        let data = client.data(CREATE, json!({ "input": good("7000003") })).await;
        assert_eq!(data.pointer("/createPayment/errors"), Some(&json!([])), "{data}");
        assert_eq!(app.scalar("SELECT count(*) FROM payments").await, 3);
    }
}
