//! Click: nothing comes back and nothing can be asked, so that whatever is unclear is a person's to decide.

use serde_json::{Value, json};

use crate::support::client::{Client, new_key};
use crate::support::{TestApp, assert_whole_life, list, on_both_databases, statuses, text};

const ELECTRICITY: &str = "Saudi Electricity Company";
const FINAL: [&str; 4] = ["SUCCEEDED", "FAILED", "CANCELLED", "NEEDS_REVIEW"];

async fn pay(client: &Client, account: &str) -> Value {
    let mut payload = client
        .create(json!({
            "idempotencyKey": new_key(),
            "target": { "account": { "billerId": client.biller(ELECTRICITY).await, "accountReference": account } },
            "amount": { "amount": "100.50", "currency": "SAR" },
            "payer": { "phoneNumber": "+966506966507" },
        }))
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let payment = payload["payment"].take();
    client.wait_for_status(text(&payment, "/id"), &FINAL).await
}

/// The money that moved for one account.
async fn effects(app: &TestApp, account: &str) -> usize {
    let effects = app.effects_with("click").await;
    effects.iter().filter(|effect| effect["account"] == account).count()
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn an_empty_answer_is_a_payment_without_a_reference(app: TestApp) {
        let payment = pay(&app.admin(), "1111111").await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "SUCCEEDED"]);
        assert_whole_life(&payment);
        assert_eq!(payment["providerReference"], Value::Null);
        assert_eq!(effects(&app, "1111111").await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn a_refusal_is_definite_in_json_and_in_ruby(app: TestApp) {
        for account in ["3333333", "3434343", "4030403"] {
            let payment = pay(&app.admin(), account).await;
            assert_eq!(text(&payment, "/status"), "FAILED", "{account}: {payment}");
            assert_eq!(effects(&app, account).await, 0);
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn an_unclear_answer_goes_to_a_person_and_is_never_sent_again(app: TestApp) {
        for (account, moved) in [("6666666", 1), ("5555555", 0), ("7777777", 1), ("9999999", 1), ("2121212", 1)] {
            let payment = pay(&app.admin(), account).await;
            assert_eq!(text(&payment, "/status"), "NEEDS_REVIEW", "{account}: {payment}");
            assert_eq!(text(&payment, "/review/reason"), "NO_SAFE_ACTION");
            assert_eq!(payment["review"]["safeActions"], json!(["RESOLVE"]));
            assert_eq!(list(&payment, "/attempts").len(), 1, "{payment}");
            assert_eq!(effects(&app, account).await, moved, "{account}");
        }
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn a_token_that_has_ended_is_renewed_and_the_payment_sent_once(app: TestApp) {
        let payment = pay(&app.admin(), "4010401").await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(effects(&app, "4010401").await, 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn an_inquiry_that_tells_nothing_is_not_verified(app: TestApp) {
        let client = app.admin();
        let document = "query ($biller: ID!) { billLookup(billerId: $biller, accountReference: \"1111111\") {
            verified amountDue { amount } bills { id } errors { code } } }";
        let found = client.data(document, json!({ "biller": client.biller(ELECTRICITY).await })).await;
        let nothing = json!({ "verified": false, "amountDue": null, "bills": [], "errors": [] });
        assert_eq!(found["billLookup"], nothing);
    }
}
