//! The metrics of a process of its own: what they say of money, age and load.
//!
//! A recorder of metrics is the process's, so that tests that run beside this one would count in it too.

use serde_json::json;

use crate::support::app::{ALL, TENANT, free_address};
use crate::support::client::{KPLC, new_key, payment_input};
use crate::support::program::Program;
use crate::support::receiver::Receiver;
use crate::support::{TestApp, on_both_databases, text};
use crate::webhooks::{KEY, TRIAL};

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

const LAG: &str = "billpay_webhook_lag_seconds";
const BEHIND: &str = "billpay_events_behind";

on_both_databases! {
    with [IDLE, KEY, TRIAL]
    async fn what_a_receiver_has_not_taken_is_told_with_its_age_until_it_is_there_no_more(app: TestApp) {
        let program = Program::serve(&app, &[BUSY]).await;
        let keeper = app.client_at(program.address, &app.token(TENANT, &format!("{ALL} webhooks:write")));
        let taken = Receiver::start().await;
        let create = "mutation ($url: URL!) { createWebhookEndpoint(input: { url: $url }) {
            webhookEndpoint { id } errors { message } } }";
        keeper.data(create, json!({ "url": taken.url("/hooks") })).await;
        keeper.pay_until("1111111", &["SUCCEEDED"]).await;
        taken.wait_for(4).await;
        program.figure(&app, LAG, &[], |lag| lag == "0").await;
        let nobody = format!("http://{}/hooks", free_address());
        let made = keeper.data(create, json!({ "url": nobody })).await;
        keeper.pay_until("2222222", &["SUCCEEDED"]).await;
        program.figure(&app, LAG, &[], |lag| lag.parse::<f64>().is_ok_and(|lag| lag > 0.0)).await;
        let remove = "mutation ($id: ID!) { removeWebhookEndpoint(input: { webhookEndpointId: $id }) {
            errors { message } } }";
        keeper.data(remove, json!({ "id": text(&made, "/createWebhookEndpoint/webhookEndpoint/id") })).await;
        program.figure(&app, LAG, &[], |lag| lag == "0").await;
    }
}

on_both_databases! {
    with [IDLE]
    async fn events_that_a_process_has_not_noticed_are_told_until_it_has(app: TestApp) {
        let program = Program::serve(&app, &[BUSY]).await;
        let client = app.client_at(program.address, &app.token(TENANT, ALL));
        let document = "subscription { paymentsUpdated(after: \"0\") { status } }";
        let mut heard = client.subscribe(document, json!({})).await;
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        heard.until_status("paymentsUpdated", "SUCCEEDED").await;
        program.figure(&app, BEHIND, &[], |behind| behind == "0").await;
        tokio::select! {
            _ = program.figure(&app, BEHIND, &[], is_positive) => {}
            () = grow_untold(&app) => panic!("a log that grows all the time was never behind"),
        }
        program.figure(&app, BEHIND, &[], |behind| behind == "0").await;
    }
}

/// Has the log grow as by a process that tells nobody: what is not looked for is not noticed. It looks once a second.
async fn grow_untold(app: &TestApp) {
    for _more_than_there_is_time_for in 0..1_000_000 {
        app.execute(&format!("UPDATE event_heads SET sequence = sequence + 1 WHERE tenant_id = '{TENANT}'")).await;
    }
}

fn is_positive(figure: &str) -> bool {
    figure.parse::<u64>().is_ok_and(|figure| figure > 0)
}
