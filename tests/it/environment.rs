//! A provider that answers for another environment than is set: real money may be moving where a trial was meant.

use serde_json::{Value, json};

use crate::support::client::{KPLC, new_key, payment_input};
use crate::support::{TestApp, eventually, list, on_both_databases, text};

/// How well the way to Almara works.
async fn health(app: &TestApp) -> Value {
    let data = app.admin().data("{ providers { code health { state reason } } }", json!({})).await;
    let found = list(&data, "/providers").iter().find(|provider| provider["code"] == "almara");
    found.expect("the provider")["health"].clone()
}

on_both_databases! {
    with [("BILLPAY_PROVIDERS__ALMARA__ENVIRONMENT", "LIVE")]
    async fn nothing_that_it_says_settles_a_payment_and_nothing_more_is_sent(app: TestApp) {
        let client = app.admin();
        let first = client.paid("1111111").await;
        assert_eq!(text(&first, "/status"), "UNKNOWN", "{first}");
        let mut input = payment_input(&client.biller(KPLC).await, "900001", "15");
        input["idempotencyKey"] = json!(new_key());
        input["wait"] = json!("RECORDED");
        let second = client.create(input).await;
        let state = eventually("the alert", || async {
            let health = health(&app).await;
            (health["state"] == "MISCONFIGURED").then_some(health)
        })
        .await;
        assert!(text(&state, "/reason").contains("another environment"), "{state}");
        assert_eq!(text(&client.payment(text(&second, "/payment/id")).await, "/status"), "READY");
        assert_eq!(text(&client.payment(text(&first, "/id")).await, "/status"), "UNKNOWN");
        assert_eq!(app.effects().await.len(), 1, "only what was sent before anybody could know");
    }
}
