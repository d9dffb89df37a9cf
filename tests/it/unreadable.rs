//! A row that holds what only a newer version knows: it is passed over, and everybody else is paid.

use serde_json::json;

use crate::support::client::{KPLC, new_key, payment_input};
use crate::support::{TestApp, on_both_databases, text};

on_both_databases! {
    async fn one_row_that_cannot_be_read_stops_nobody_else(app: TestApp) {
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "900001", "15");
        input["idempotencyKey"] = json!(new_key());
        input["processDate"] = json!(tomorrow(&app));
        assert_eq!(text(&client.create(input).await, "/payment/status"), "SCHEDULED");
        // What a newer version could leave behind, due at once.
        app.execute("UPDATE submissions SET last_look_up_verdict = 'A_NEW_WORD', last_look_up_at = 1, next_action_at = 1").await;
        let other = client.pay_until("1111111", &["SUCCEEDED"]).await;
        assert_eq!(app.effects_of(&other).await.len(), 1);
        assert_eq!(app.effects().await.len(), 1);
    }
}

fn tomorrow(app: &TestApp) -> String {
    let now = app.clock().now().in_tz("Africa/Nairobi").expect("a time zone");
    now.date().tomorrow().expect("a day").to_string()
}
