//! BILL: payments of vendors' bills, each way in which one goes.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::schedule::day_from_now;
use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, new_key};
use crate::support::vendors::{
    CEDAR, FINAL, FREIGHT, HARBOR, THAMES, bank, bill_input, bills, calls, create, funding_account, pay, wait_for,
};
use crate::support::{TestApp, assert_whole_life, eventually, list, on_both_databases, statuses, text};

/// Longer than anything may be looked for before a person is asked.
const LONG: Duration = Duration::from_secs(1_800);

/// Pays an amount that chooses a scenario, of one bill of a vendor, and waits for one of these statuses.
async fn pay_until(client: &Client, vendor: &str, amount: &str, wanted: &[&str]) -> Value {
    let found = bills(client, vendor).await;
    let payment = pay(client, &bill_input(&found[0], amount, &bank(client).await)).await;
    wait_for(client, text(&payment, "/id"), wanted).await
}

/// The money that moved under our reference, which BILL takes without hyphens.
async fn effects(app: &TestApp, payment: &Value) -> Vec<Value> {
    let ours = text(payment, "/ourReference").replace('-', "");
    let effects = app.effects_with("bill").await;
    effects.into_iter().filter(|effect| text(effect, "/key").replace('-', "") == ours).collect()
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bill_is_paid_in_parts(app: TestApp) {
        let client = app.admin();
        let payment = pay_until(&client, HARBOR, "100", &FINAL).await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "PENDING", "SUCCEEDED"], "{payment}");
        assert_whole_life(&payment);
        assert_eq!(text(&payment, "/disbursement/method"), "ACH");
        assert!(text(&payment, "/confirmationNumber").starts_with('P'), "{payment}");
        assert!(text(&payment, "/providerReference").starts_with("stp"), "{payment}");
        assert_eq!(text(&payment, "/fundingAccount/kind"), "BANK_ACCOUNT");
        let moved = effects(&app, &payment).await;
        assert_eq!(moved.len(), 1, "{moved:?}");
        assert_eq!(text(&moved[0], "/amount"), "100.00");
        let bill = payment["allocations"][0]["bill"]["id"].clone();
        let document = "query ($id: ID!) { bill(id: $id) { status amountPaid { amount } amountRule { kind } } }";
        let bill = client.data(document, json!({ "id": bill })).await["bill"].take();
        assert_eq!((text(&bill, "/status"), text(&bill, "/amountPaid/amount")), ("PARTIALLY_PAID", "100.00"));
        assert_eq!(text(&bill, "/amountRule/kind"), "UP_TO");
        let rest = pay_until(&client, HARBOR, "50", &FINAL).await;
        assert_eq!(text(&rest, "/status"), "SUCCEEDED", "the rest is another payment: {rest}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn m3_more_than_is_due_is_refused_before_anything_is_written(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, HARBOR).await;
        let payload = create(&client, &bill_input(&found[0], "99999", &bank(&client).await)).await;
        assert_eq!(text(&payload, "/errors/0/code"), "AMOUNT_NOT_ALLOWED", "{payload}");
        assert_eq!(payload["payment"], Value::Null);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_payment_makes_its_bill_and_so_claims_none(app: TestApp) {
        let client = app.admin();
        let input = json!({
            "idempotencyKey": new_key(),
            "target": { "newBill": { "billerId": client.biller(CEDAR).await, "description": "Business cards" } },
            "amount": { "amount": "77", "currency": "USD" },
            "fundingAccountId": bank(&client).await,
        });
        let mut endless = input.clone();
        endless["target"]["newBill"]["description"] = json!("d".repeat(71));
        let refused = create(&client, &endless).await;
        assert_eq!(refused["errors"][0]["path"], json!(["input", "target", "newBill", "description"]), "{refused}");
        let mut twin = input.clone();
        twin["idempotencyKey"] = json!(new_key());
        for input in [input, twin] {
            let payment = pay(&client, &input).await;
            let payment = wait_for(&client, text(&payment, "/id"), &FINAL).await;
            assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
            assert_eq!(effects(&app, &payment).await.len(), 1);
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_vendor_is_paid_as_fast_as_its_way_allows(app: TestApp) {
        let client = app.admin();
        let funding = bank(&client).await;
        for (vendor, speed, other) in [(HARBOR, "FASTER", "ONE_DAY"), (CEDAR, "TWO_DAYS", "FASTER")] {
            let document = "query ($id: ID!) { biller(id: $id) { deliverySpeeds disbursementMethod } }";
            let biller = client.data(document, json!({ "id": client.biller(vendor).await })).await["biller"].take();
            assert!(list(&biller, "/deliverySpeeds").contains(&json!(speed)), "{biller}");
            assert!(!list(&biller, "/deliverySpeeds").contains(&json!(other)), "{biller}");
            let found = bills(&client, vendor).await;
            let mut input = bill_input(&found[0], "20", &funding);
            input["deliverySpeed"] = json!(other);
            let refused = create(&client, &input).await;
            assert_eq!(text(&refused, "/errors/0/code"), "CAPABILITY_MISSING", "{refused}");
            input["deliverySpeed"] = json!(speed);
            let payment = pay(&client, &input).await;
            let payment = wait_for(&client, text(&payment, "/id"), &FINAL).await;
            assert_eq!((text(&payment, "/status"), text(&payment, "/deliverySpeed")), ("SUCCEEDED", speed));
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bill_in_another_currency_shows_what_it_costs_and_by_which_rate(app: TestApp) {
        let payment = pay_until(&app.admin(), THAMES, "100", &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(text(&payment, "/amount/currency"), "GBP");
        assert_eq!(text(&payment, "/fundingAmount/currency"), "USD");
        let rate: rust_decimal::Decimal = text(&payment, "/exchangeRate").parse().expect("a rate");
        assert!(rate > rust_decimal::Decimal::ONE, "{payment}");
        assert_eq!(text(&payment, "/disbursement/method"), "INTERNATIONAL");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_wallet_pays_too(app: TestApp) {
        let client = app.admin();
        let wallet = funding_account(&client, "WALLET", true).await;
        let found = bills(&client, HARBOR).await;
        let payment = pay(&client, &bill_input(&found[1], "30", &wallet)).await;
        let payment = wait_for(&client, text(&payment, "/id"), &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(text(&payment, "/fundingAccount/kind"), "WALLET");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_funding_account_is_told_known_and_active(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, HARBOR).await;
        let mut input = bill_input(&found[0], "10", &funding_account(&client, "BANK_ACCOUNT", false).await);
        let inactive = create(&client, &input).await;
        input["fundingAccountId"] = Value::Null;
        let absent = create(&client, &input).await;
        input["fundingAccountId"] = json!("fac_01m80g5rxcfq9s4swzcexz6v59");
        let unknown = create(&client, &input).await;
        for (payload, code) in
            [(inactive, "FUNDING_ACCOUNT_INACTIVE"), (absent, "FUNDING_ACCOUNT_REQUIRED"), (unknown, "NOT_FOUND")]
        {
            assert_eq!(text(&payload, "/errors/0/code"), code, "{payload}");
            assert_eq!(payload["errors"][0]["path"], json!(["input", "fundingAccountId"]));
            assert_eq!(payload["payment"], Value::Null);
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn what_bill_refuses_has_a_code_of_ours(app: TestApp) {
        let client = app.admin();
        for (amount, code) in [("13.02", "NOT_FOUND"), ("13.03", "FUNDING_ACCOUNT_INACTIVE")] {
            let found = bills(&client, HARBOR).await;
            let payload = create(&client, &bill_input(&found[0], amount, &bank(&client).await)).await;
            let payment = wait_for(&client, text(&payload, "/payment/id"), &FINAL).await;
            assert_eq!((text(&payment, "/status"), text(&payment, "/failure/code")), ("FAILED", code), "{payment}");
        }
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_bill_that_someone_else_has_scheduled_is_not_overpaid(app: TestApp) {
        let other = app.client("other", ALL);
        let theirs = bills(&other, HARBOR).await;
        let due = text(&theirs[0], "/amountDue/amount");
        let mut input = bill_input(&theirs[0], due, &bank(&other).await);
        input["processDate"] = json!(day_from_now(&app, 9));
        // A bill of BILL's is one for all tenants: without this it would be claimed.
        input["evenIfBeingPaid"] = json!(true);
        let held = pay(&other, &input).await;
        wait_for(&other, text(&held, "/id"), &["PENDING"]).await;
        let client = app.client(TENANT, ALL);
        let ours = bills(&client, HARBOR).await;
        let payload = create(&client, &bill_input(&ours[0], due, &bank(&client).await)).await;
        let payment = wait_for(&client, text(&payload, "/payment/id"), &FINAL).await;
        assert_eq!(text(&payment, "/failure/code"), "AMOUNT_NOT_ALLOWED", "{payment}");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn what_was_cleared_and_then_returned_goes_to_a_person(app: TestApp) {
        let payment = pay_until(&app.admin(), FREIGHT, "13.21", &["NEEDS_REVIEW"]).await;
        assert!(statuses(&payment).contains(&"SUCCEEDED"), "{payment}");
        assert_eq!(text(&payment, "/review/reason"), "DISBURSEMENT_FAILED");
        assert_whole_life(&payment);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn what_bill_voids_is_reversed(app: TestApp) {
        let payment = pay_until(&app.admin(), FREIGHT, "13.22", &["REVERSED"]).await;
        assert!(statuses(&payment).contains(&"SUCCEEDED"), "{payment}");
        assert_whole_life(&payment);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn funding_that_fails_is_a_failure_or_a_persons_business(app: TestApp) {
        let client = app.admin();
        let voided = pay_until(&client, FREIGHT, "13.19", &FINAL).await;
        assert_eq!(text(&voided, "/status"), "FAILED", "{voided}");
        assert_eq!(effects(&app, &voided).await.len(), 0);
        let disbursed = pay_until(&client, FREIGHT, "13.20", &FINAL).await;
        assert_eq!(text(&disbursed, "/status"), "NEEDS_REVIEW", "{disbursed}");
        assert_eq!(text(&disbursed, "/review/reason"), "FUNDING_FAILED");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn f20_another_amount_needs_review(app: TestApp) {
        let payment = pay_until(&app.admin(), FREIGHT, "13.25", &FINAL).await;
        assert_eq!(text(&payment, "/status"), "NEEDS_REVIEW", "{payment}");
        assert_eq!(text(&payment, "/review/reason"), "MISMATCH");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn f4_what_was_paid_without_a_usable_answer_is_found_and_never_sent_again(app: TestApp) {
        let client = app.admin();
        let (found, funding) = (bills(&client, FREIGHT).await, bank(&client).await);
        let amounts = ["13.06", "13.07", "13.09", "13.10", "13.11", "13.13"];
        let inputs = found.iter().zip(amounts).map(|(bill, amount)| bill_input(bill, amount, &funding));
        let inputs: Vec<_> = inputs.collect();
        for payment in join_all(inputs.iter().map(|input| pay(&client, input))).await {
            let payment = wait_for(&client, text(&payment, "/id"), &FINAL).await;
            assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
            assert_eq!(calls(&payment, "SUBMIT"), 1, "{payment}");
            assert_eq!(effects(&app, &payment).await.len(), 1);
            assert_whole_life(&payment);
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn f4_what_is_not_found_goes_to_a_person_and_is_never_sent_again(app: TestApp) {
        let client = app.admin();
        let (found, funding) = (bills(&client, FREIGHT).await, bank(&client).await);
        let amounts = ["13.05", "13.08", "13.12"];
        let inputs = found.iter().zip(amounts).map(|(bill, amount)| bill_input(bill, amount, &funding));
        let inputs: Vec<_> = inputs.collect();
        let payments = join_all(inputs.iter().map(|input| pay(&client, input))).await;
        for payment in &payments {
            wait_for(&client, text(payment, "/id"), &["UNKNOWN"]).await;
        }
        app.clock().advance(LONG);
        let client = app.admin();
        for payment in payments {
            let payment = wait_for(&client, text(&payment, "/id"), &FINAL).await;
            assert_eq!(text(&payment, "/status"), "NEEDS_REVIEW", "{payment}");
            assert_eq!(calls(&payment, "SUBMIT"), 1, "{payment}");
            assert_eq!(effects(&app, &payment).await.len(), 0);
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn what_bill_did_not_process_is_sent_again(app: TestApp) {
        let client = app.admin();
        for amount in ["13.14", "13.15"] {
            let payment = pay_until(&client, FREIGHT, amount, &FINAL).await;
            assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{amount}: {payment}");
            assert_eq!(text(&payment, "/attempts/0/state"), "NOT_SENT", "{amount}: {payment}");
            assert_eq!(effects(&app, &payment).await.len(), 1, "{amount}");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn calls_of_an_hour_that_are_spent_are_waited_out(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let payment = pay(&client, &bill_input(&found[0], "13.16", &bank(&client).await)).await;
        let id = text(&payment, "/id").to_owned();
        eventually("an attempt", || async {
            let payment = crate::support::vendors::payment(&client, &id).await;
            (calls(&payment, "SUBMIT") == 1 && payment["status"] == "READY").then_some(())
        })
        .await;
        app.clock().advance(Duration::from_secs(3_700));
        let payment = wait_for(&app.admin(), &id, &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(effects(&app, &payment).await.len(), 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn f7_repeated_old_and_forged_notifications_change_nothing(app: TestApp) {
        let client = app.admin();
        for amount in ["13.26", "13.27", "13.28"] {
            let payment = pay_until(&client, FREIGHT, amount, &["SUCCEEDED"]).await;
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let after = crate::support::vendors::payment(&client, text(&payment, "/id")).await;
            assert_eq!(statuses(&after), ["READY", "SUBMITTING", "PENDING", "SUCCEEDED"], "{amount}: {after}");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_status_that_no_page_knows_is_waited_out(app: TestApp) {
        let payment = pay_until(&app.admin(), FREIGHT, "13.24", &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(calls(&payment, "SUBMIT"), 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_PROVIDERS__BILL__DEVICE", "another-device")]
    async fn a_session_that_is_not_trusted_pays_nothing_and_health_says_so(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, HARBOR).await;
        let head = client.head().await;
        let payload = create(&client, &bill_input(&found[0], "20", &bank(&client).await)).await;
        assert_eq!(text(&payload, "/errors/0/code"), "PROVIDER_NOT_TRUSTED", "{payload}");
        let bulk = json!({ "idempotencyKey": "untrusted", "fundingAccountId": bank(&client).await,
            "items": [{ "billId": found[0]["id"], "amount": { "amount": "20", "currency": "USD" } }] });
        let document = "mutation ($input: CreateBulkPaymentInput!) { createBulkPayment(input: $input) {
            bulkPayment { id } errors { code } } }";
        let payload = client.data(document, json!({ "input": bulk })).await;
        assert_eq!(text(&payload, "/createBulkPayment/errors/0/code"), "PROVIDER_NOT_TRUSTED", "{payload}");
        assert_eq!(client.head().await, head, "nothing was written");
        let data = client.data("{ providers { code health { state reason } } }", json!({})).await;
        let bill = list(&data, "/providers").iter().find(|provider| provider["code"] == "bill").expect("BILL");
        assert_eq!(text(bill, "/health/state"), "MISCONFIGURED");
        assert!(text(bill, "/health/reason").contains("PROVIDER_NOT_TRUSTED"), "{bill}");
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}
