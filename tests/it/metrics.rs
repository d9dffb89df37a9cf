//! The metrics of a process of its own: what they say of money, age and load.
//!
//! A recorder of metrics is the process's, so that tests that run beside this one would count in it too.

use serde_json::json;

use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, new_key, payment_input};
use crate::support::program::Program;
use crate::support::{on_both_databases, text};

const ELECTRICITY: &str = "Saudi Electricity Company";
/// Never answered: nobody will know whether it was paid.
const TIMEOUT: &str = "6666666";
const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const BUSY: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "true");

on_both_databases! {
    with [IDLE, ("BILLPAY_TEST_CLICK", "on")]
    async fn money_in_doubt_and_ages_are_told(app: TestApp) {
        let program = Program::serve(&app, &[BUSY]).await;
        let client = app.client_at(program.address, &app.token(TENANT, ALL));
        let payload = client
            .create(json!({
                "idempotencyKey": new_key(),
                "target": { "account": { "billerId": client.biller(ELECTRICITY).await, "accountReference": TIMEOUT } },
                "amount": { "amount": "100.50", "currency": "SAR" },
            }))
            .await;
        client.wait_for_status(text(&payload, "/payment/id"), &["NEEDS_REVIEW"]).await;
        let labels = ["provider=\"click\"", "currency=\"SAR\"", "status=\"NEEDS_REVIEW\""];
        let in_doubt = "billpay_money_in_doubt_minor_units";
        program.figure(&app, in_doubt, &labels, |sum| sum == "10050").await;
        program.figure(&app, "billpay_payments", &["status=\"NEEDS_REVIEW\""], |count| count == "1").await;
        program.figure(&app, "billpay_oldest_review_age_seconds", &[], is_positive).await;
        program.figure(&app, "billpay_oldest_undecided_age_seconds", &[], |age| age == "0").await;
        program.figure(&app, "billpay_payments_stranded", &[], |count| count == "0").await;
        let calls = ["provider=\"click\"", "call=\"submit\"", "outcome=\"unknown\""];
        program.figure(&app, "billpay_provider_calls_total", &calls, |count| count == "1").await;
        program.figure(&app, "billpay_database_connections_most", &["pool="], is_positive).await;
        program.figure(&app, "billpay_provider_stopped", &["provider=\"click\""], |stopped| stopped == "0").await;
    }
}

on_both_databases! {
    with [IDLE]
    async fn what_waits_is_told_with_its_age(app: TestApp) {
        let fetching = Program::serve(&app, &[BUSY]).await;
        let client = app.client_at(fetching.address, &app.token(TENANT, ALL));
        let biller = client.biller(KPLC).await;
        drop(fetching);
        let idle = Program::serve(&app, &[]).await;
        let client = app.client_at(idle.address, &app.token(TENANT, ALL));
        let mut input = payment_input(&biller, "1111111", "15");
        input["wait"] = json!("RECORDED");
        let payload = client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        idle.figure(&app, "billpay_backlog", &["provider=\"almara\""], |waiting| waiting == "1").await;
        idle.figure(&app, "billpay_oldest_undecided_age_seconds", &[], is_positive).await;
        idle.figure(&app, "billpay_payments", &["status=\"READY\""], |count| count == "1").await;
        idle.figure(&app, "billpay_payments_stranded", &[], |count| count == "0").await;
    }
}

on_both_databases! {
    with [IDLE]
    async fn a_pause_that_is_over_is_no_stop(app: TestApp) {
        let idle = Program::serve(&app, &[]).await;
        let (stopped, almara) = ("billpay_provider_stopped", ["provider=\"almara\""]);
        app.execute("UPDATE providers SET submits_paused_until = 4000000000000000 WHERE code = 'almara'").await;
        idle.figure(&app, stopped, &almara, |stopped| stopped == "1").await;
        // Nobody sends anything, so that nobody finds out that it may be sent.
        app.execute("UPDATE providers SET submits_paused_until = 1 WHERE code = 'almara'").await;
        idle.figure(&app, stopped, &almara, |stopped| stopped == "0").await;
    }
}

on_both_databases! {
    with [IDLE, ("BILLPAY_TEST_CLICK", "on"), ("BILLPAY_TEST_CLICKPESA", "on")]
    async fn what_alerts_are_made_of_is_there_before_it_moves(app: TestApp) {
        let idle = Program::serve(&app, &[]).await;
        let begun: [(&str, &[&str]); 11] = [
            ("billpay_overloaded_total", &["reason=\"backlog\""]),
            ("billpay_overloaded_total", &["reason=\"busy\""]),
            ("billpay_overloaded_total", &["reason=\"disk\""]),
            ("billpay_callbacks_total", &["provider=\"almara\"", "outcome=\"refused\""]),
            ("billpay_callbacks_total", &["provider=\"clickpesa\"", "outcome=\"limited\""]),
            ("billpay_webhook_deliveries_total", &["outcome=\"failed\""]),
            ("billpay_webhook_deliveries_total", &["outcome=\"dead\""]),
            ("billpay_payment_transitions_refused_total", &[]),
            ("billpay_provider_forbidden_total", &["provider=\"click\""]),
            ("billpay_provider_environment_mismatch_total", &["provider=\"almara\""]),
            ("billpay_provider_unusable_collections_total", &["provider=\"clickpesa\""]),
        ];
        for (name, labels) in begun {
            idle.figure(&app, name, labels, |count| count == "0").await;
        }
        let answer = app.http().get(idle.url("/metrics")).send().await.expect("the metrics");
        let told = answer.text().await.expect("a text");
        let mut of_callbacks = told.lines().filter(|line| line.starts_with("billpay_callbacks_total"));
        assert!(of_callbacks.all(|line| !line.contains("provider=\"bill\"")), "BILL is off");
    }
}

fn is_positive(figure: &str) -> bool {
    figure.parse::<u64>().is_ok_and(|figure| figure > 0)
}
