//! Scopes: each field asks for its own, however it is reached.

use serde_json::{Value, json};

use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, new_key, payment_input};
use crate::support::{eventually, on_both_databases, text};

const REFUSED: &str = "/errors/0/extensions/code";

on_both_databases! {
    async fn what_is_reached_through_another_object_needs_its_own_scope(app: TestApp) {
        let client = app.client(TENANT, ALL);
        let mut input = payment_input(&client.biller(KPLC).await, "900001", "15");
        input["idempotencyKey"] = json!(new_key());
        input["saveBillNumber"] = json!(true);
        assert_eq!(client.create(input.clone()).await["errors"], json!([]));
        let bills = app.client(TENANT, "bills:read");
        let answer = bills.query("{ billNumbers { nodes { payments { nodes { id receipt { token } } } } } }", json!({})).await;
        assert_eq!(text(&answer, REFUSED), "FORBIDDEN", "{answer}");
        let payments = app.client(TENANT, "payments:read");
        let answer = payments.query("{ payments { nodes { id billNumber { phoneNumber } } } }", json!({})).await;
        assert_eq!(text(&answer, REFUSED), "FORBIDDEN", "{answer}");
        assert_eq!(answer["data"]["payments"]["nodes"][0]["billNumber"], Value::Null, "null for itself, not for its parent");
        input["idempotencyKey"] = json!(new_key());
        let payer = app.client(TENANT, "payments:write payments:read");
        assert_eq!(payer.create_refused(input).await, "FORBIDDEN", "saving a bill number needs bills:write");
    }
}

on_both_databases! {
    async fn what_an_unsigned_callback_says_is_not_kept(app: TestApp) {
        app.admin().pay_until("1818181", &["SUCCEEDED"]).await;
        eventually("the callback", || async { (app.scalar("SELECT count(*) FROM inbox").await > 0).then_some(()) }).await;
        assert_eq!(app.scalar("SELECT count(*) FROM inbox WHERE length(raw) > 300").await, 0, "references, no token");
    }
}
