//! Resolving: a person decides a payment in review, with evidence.

use serde_json::{Value, json};

use crate::support::app::{TENANT, USER};
use crate::support::client::{Client, PAYMENT, new_key};
use crate::support::{assert_whole_life, list, on_both_databases, statuses, text};

const EVIDENCE: &str = "Almara's statement of today shows the payment, line 17.";

/// What resolvePayment answers.
async fn resolve(client: &Client, payment: &Value, outcome: &str, evidence: &str) -> Value {
    let variables = json!({ "id": payment["id"], "outcome": outcome, "evidence": evidence });
    client.data(&document(), variables).await["resolvePayment"].take()
}

fn document() -> String {
    format!(
        "mutation ($id: ID!, $outcome: PaymentOutcome!, $evidence: String!) {{
            resolvePayment(input: {{ paymentId: $id, outcome: $outcome, evidence: $evidence }}) {{
                payment {{ ...P }} errors {{ code path }} }} }} {PAYMENT}"
    )
}

on_both_databases! {
    async fn a_payment_in_review_is_resolved_as_paid(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1414141", &["NEEDS_REVIEW"]).await;
        let resolved = resolve(&client, &payment, "SUCCEEDED", EVIDENCE).await;
        assert_eq!(resolved["errors"], json!([]), "{resolved}");
        let after = &resolved["payment"];
        assert_eq!(statuses(after).last(), Some(&"SUCCEEDED"));
        assert_whole_life(after);
        let last = list(after, "/events").last().expect("an event");
        assert_eq!((text(last, "/actor"), text(last, "/reason")), ("tester", EVIDENCE));
        assert_eq!(after["review"], Value::Null);
        assert!(after["receipt"].is_object());
        let again = resolve(&client, &payment, "SUCCEEDED", EVIDENCE).await;
        assert_eq!(again["payment"]["version"], after["version"], "a repetition answers the payment as it is");
        let contrary = resolve(&client, &payment, "FAILED", EVIDENCE).await;
        assert_eq!(contrary["payment"], Value::Null);
        assert_eq!(contrary["errors"][0]["path"], json!(["input", "paymentId"]));
        assert_eq!(text(&client.payment(text(&payment, "/id")).await, "/status"), "SUCCEEDED");
    }
}

on_both_databases! {
    async fn a_payment_in_review_is_resolved_as_not_paid_and_its_bill_is_free(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1414141", &["NEEDS_REVIEW"]).await;
        let resolved = resolve(&client, &payment, "FAILED", EVIDENCE).await;
        assert_eq!(text(&resolved, "/payment/status"), "FAILED", "{resolved}");
        assert!(resolved["payment"]["failure"]["message"].is_string());
        let another = client.pay("1414141", "15", &new_key()).await;
        assert_eq!(another["errors"], json!([]), "{another}");
    }
}

on_both_databases! {
    async fn a_reference_that_is_none_resolves_nothing(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1414141", &["NEEDS_REVIEW"]).await;
        let document = "mutation ($input: ResolvePaymentInput!) {
            resolvePayment(input: $input) { payment { id } errors { code path } } }";
        for reference in [String::new(), "r".repeat(201), "a\u{0}".to_owned()] {
            let input = json!({
                "paymentId": payment["id"],
                "outcome": "SUCCEEDED",
                "evidence": EVIDENCE,
                "providerReference": reference,
            });
            let told = client.data(document, json!({ "input": input })).await["resolvePayment"].take();
            assert_eq!(told["errors"][0]["path"], json!(["input", "providerReference"]), "{told}");
        }
        assert_eq!(text(&client.payment(text(&payment, "/id")).await, "/status"), "NEEDS_REVIEW");
    }
}

on_both_databases! {
    async fn a4_nothing_is_resolved_without_evidence_or_outside_of_review(app: TestApp) {
        let client = app.admin();
        let in_review = client.pay_until("1414141", &["NEEDS_REVIEW"]).await;
        for evidence in ["", "   ", "paid", &"x".repeat(4_001)] {
            let refused = resolve(&client, &in_review, "FAILED", evidence).await;
            assert_eq!(text(&refused, "/errors/0/code"), "BAD_USER_INPUT", "{evidence:.20}");
            assert_eq!(refused["errors"][0]["path"], json!(["input", "evidence"]));
        }
        let pending = client.paid("1515151").await;
        let paid = client.pay_until("1111111", &["SUCCEEDED"]).await;
        for payment in [&pending, &paid] {
            let refused = resolve(&client, payment, "FAILED", EVIDENCE).await;
            assert_eq!(refused["payment"], Value::Null, "{refused}");
            assert_eq!(text(&refused, "/errors/0/code"), "BAD_USER_INPUT");
        }
        assert_eq!(text(&client.payment(text(&in_review, "/id")).await, "/status"), "NEEDS_REVIEW");
        assert_eq!(text(&client.payment(text(&pending, "/id")).await, "/status"), "PENDING");
    }
}

on_both_databases! {
    async fn only_an_administrator_resolves(app: TestApp) {
        let payment = app.admin().pay_until("1414141", &["NEEDS_REVIEW"]).await;
        let user = app.client(TENANT, USER);
        let variables = json!({ "id": payment["id"], "outcome": "SUCCEEDED", "evidence": EVIDENCE });
        assert_eq!(user.refused(&document(), variables).await, "FORBIDDEN");
        let seen = user.payment(text(&payment, "/id")).await;
        assert_eq!(seen["allowedActions"], json!(["REFRESH"]), "it is not offered either");
    }
}
