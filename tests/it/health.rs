//! Health: what a load balancer and a scraper see.

use crate::support::{TestApp, on_both_databases};

async fn get(app: &TestApp, path: &str) -> (u16, String) {
    let answer = app.http().get(app.url(path)).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

on_both_databases! {
    async fn a_server_that_runs_is_alive_and_ready(app: TestApp) {
        assert_eq!(get(&app, "/healthz").await, (200, "ok\n".to_owned()));
        assert_eq!(get(&app, "/readyz").await, (200, "ready\n".to_owned()));
    }
}

on_both_databases! {
    async fn the_metrics_name_payments_calls_and_what_must_be_nothing(app: TestApp) {
        app.admin().pay_until("1111111", &["SUCCEEDED"]).await;
        let (status, metrics) = get(&app, "/metrics").await;
        assert_eq!(status, 200);
        for wanted in ["billpay_payments{status=\"SUCCEEDED\"}", "billpay_payments{status=\"NEEDS_REVIEW\"}"] {
            assert!(metrics.contains(wanted), "{wanted} is missing: {metrics}");
        }
        assert!(metrics.contains("\nbillpay_payments_stranded 0"), "{metrics}");
    }
}

on_both_databases! {
    async fn without_a_playground_the_root_is_empty(app: TestApp) {
        assert_eq!(get(&app, "/").await.0, 404);
        assert_eq!(get(&app, "/playground/config.json").await.0, 404);
    }
}
