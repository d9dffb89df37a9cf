//! F18, late: a payment was given up as FAILED, the same account was paid again, and then both turn out to be paid. In
//! whichever order that is heard, both go to a person, since the money has moved twice.
//!
//! That a payment is FAILED although its provider made it is no state that the product reaches by itself: it takes a
//! provider that took its word back. So it is made by hand. Of each payment the server dies between the provider's
//! answer and its storing, so that nobody knows yet that it is paid; a callback tells when it is to be found out.

use std::time::Duration;

use serde_json::{Value, json};

use super::{BUSY, IDLE};
use crate::callbacks::completed;
use crate::support::app::OPERATORS;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::vendors::{self, NORTHWIND, bank, bill_input, bills, bulk_input, create_bulk, wait_for_bulk};
use crate::support::{TestApp, assert_whole_life, list, on_both_databases, text};

/// Paid at once.
const ACCOUNT: &str = "7300001";
const DIES: (&str, &str) = ("BILLPAY_CRASH_AT", "send.after");
/// How long a server may live that is to die over the next payment.
const PATIENCE: Duration = Duration::from_secs(20);
/// A name that the provider never gave: a callback is found by ours.
const THEIRS: &str = "01000000-0000-0a00-0000-000000000000";
/// A place where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/callbacks/bill";
const SYNC: &str = "mutation { syncBillers(input: {}) { errors { code } } }";
/// As if the provider had refused it: it is over, and its account is free.
const GIVE_UP: [&str; 2] =
    ["UPDATE payments SET status = 'FAILED' WHERE status = 'SUBMITTING'", "DELETE FROM bill_claims"];
const LOOK_UP_WHAT_WAS_GIVEN_UP: &str = "UPDATE submissions SET look_up_requests = look_up_requests + 1, \
    next_action_at = 1 WHERE id IN (SELECT submission_id FROM payments WHERE status = 'FAILED')";
/// Nobody looks at any of them before somebody asks.
const REST: &str = "UPDATE submissions SET lease_owner = NULL, lease_until = NULL, next_action_at = NULL, \
    look_up_requests_met = look_up_requests";

on_both_databases! {
    with [IDLE]
    #[cfg_attr(not(debug_assertions), ignore = "a release build does not die where a test wants")]
    async fn f18_a_late_success_before_its_rivals_sends_both_to_a_person(app: TestApp) {
        let (given_up, rival) = two_of_one_account(&app).await;
        let program = Program::serve(&app, &[BUSY]).await;
        let client = app.admin();
        tell(&app, &given_up).await;
        // The rival rests, and nobody tells of it: the late success itself has it looked up.
        assert_both_are_for_a_person(&app, &client, [&given_up, &rival]).await;
        let late = client.payment(text(&given_up, "/id")).await;
        assert!(list(&late, "/events").iter().any(|event| event["type"] == "LATE_SUCCESS"), "{late}");
        drop(program);
    }
}

on_both_databases! {
    with [IDLE]
    #[cfg_attr(not(debug_assertions), ignore = "a release build does not die where a test wants")]
    async fn f18_a_late_success_after_its_rivals_sends_both_to_a_person(app: TestApp) {
        let (given_up, rival) = two_of_one_account(&app).await;
        let program = Program::serve(&app, &[BUSY]).await;
        let client = app.admin();
        tell(&app, &rival).await;
        client.wait_for_status(text(&rival, "/id"), &["SUCCEEDED"]).await;
        assert_eq!(client.payment(text(&given_up, "/id")).await["status"], "FAILED", "nothing was heard of it yet");
        tell(&app, &given_up).await;
        assert_both_are_for_a_person(&app, &client, [&given_up, &rival]).await;
        drop(program);
    }
}

on_both_databases! {
    with [IDLE, ("BILLPAY_TEST_BILL", "on")]
    #[cfg_attr(not(debug_assertions), ignore = "a release build does not die where a test wants")]
    async fn f18_a_late_success_beside_a_payment_that_combines_its_bill_sends_both_to_a_person(app: TestApp) {
        let client = app.admin();
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        let (found, bank) = (bills(&client, NORTHWIND).await, bank(&client).await);
        app.send_webhooks_to("bill", NOWHERE).await;
        let mut doomed = Program::serve(&app, &[BUSY, DIES]).await;
        let given_up = vendors::pay(&client, &bill_input(&found[0], "20", &bank)).await;
        assert!(doomed.ended(PATIENCE).await.is_some(), "it lives on\n{}", doomed.log());
        app.execute(REST).await;
        for sql in GIVE_UP {
            app.execute(sql).await;
        }
        let program = Program::serve(&app, &[BUSY]).await;
        let bulk = create_bulk(&client, &bulk_input(&found[..2], "10", &bank)).await;
        let bulk = wait_for_bulk(&client, text(&bulk, "/bulkPayment/id"), &["SUCCEEDED"]).await;
        let [combined] = list(&bulk, "/payments") else { panic!("one payment of two bills: {bulk}") };
        assert_eq!(vendors::payment(&client, text(&given_up, "/id")).await["status"], "FAILED", "nothing was heard of it");
        app.execute(LOOK_UP_WHAT_WAS_GIVEN_UP).await;
        for payment in [&given_up, combined] {
            let payment = client.wait_for_status(text(payment, "/id"), &["NEEDS_REVIEW"]).await;
            assert_eq!(text(&payment, "/review/reason"), "DUPLICATE_SUSPECTED", "{payment}");
        }
        drop(program);
    }
}

/// A payment that was given up, and another of the same account that was made after that. Both are paid, and nobody
/// knows.
async fn two_of_one_account(app: &TestApp) -> (Value, Value) {
    app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
    let given_up = sent_and_unheard(app).await;
    for sql in GIVE_UP {
        app.execute(sql).await;
    }
    let rival = sent_and_unheard(app).await;
    for payment in [&given_up, &rival] {
        assert_eq!(app.effects_of(payment).await.len(), 1, "{payment}");
    }
    (given_up, rival)
}

/// A payment that the provider made, and whose answer died with the server.
async fn sent_and_unheard(app: &TestApp) -> Value {
    let mut program = Program::serve(app, &[BUSY, DIES]).await;
    let client = app.admin();
    let mut input = payment_input(&client.biller(KPLC).await, ACCOUNT, "15");
    input["wait"] = json!("RECORDED");
    let mut payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let payment = payload["payment"].take();
    let ended = program.ended(PATIENCE).await;
    assert!(ended.is_some(), "it lives on\n{}", program.log());
    app.execute(REST).await;
    assert_eq!(client.payment(text(&payment, "/id")).await["status"], "SUBMITTING");
    payment
}

/// The provider tells that a payment is paid, which is then looked up.
async fn tell(app: &TestApp, payment: &Value) {
    let told = completed(text(payment, "/ourReference"), THEIRS, "15.00");
    assert_eq!(app.callback("almara", told).await, 200);
}

async fn assert_both_are_for_a_person(app: &TestApp, client: &Client, both: [&Value; 2]) {
    for payment in both {
        let payment = client.wait_for_status(text(payment, "/id"), &["NEEDS_REVIEW"]).await;
        assert_eq!(text(&payment, "/review/reason"), "DUPLICATE_SUSPECTED", "{payment}");
        assert_eq!(app.effects_of(&payment).await.len(), 1, "{payment}");
        assert_whole_life(&payment);
    }
    assert_eq!(app.effects().await.len(), 2, "nothing was paid once more");
}
