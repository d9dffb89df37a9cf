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

fn is_positive(figure: &str) -> bool {
    figure.parse::<u64>().is_ok_and(|figure| figure > 0)
}
