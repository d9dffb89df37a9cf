//! Click: nothing comes back and nothing can be asked, so that whatever is unclear is a person's to decide.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::post;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, new_key};
use crate::support::program::Program;
use crate::support::{TestApp, assert_whole_life, list, on_both_databases, statuses, text};

const ELECTRICITY: &str = "Saudi Electricity Company";
/// Calls in the air together; as many failures in a row would stop submissions.
const AT_ONCE: usize = 8;
const FINAL: [&str; 4] = ["SUCCEEDED", "FAILED", "CANCELLED", "NEEDS_REVIEW"];

async fn pay(client: &Client, account: &str) -> Value {
    let payment = create(client, account.to_owned(), "SUBMITTED").await;
    client.wait_for_status(text(&payment, "/id"), &FINAL).await
}

async fn create(client: &Client, account: String, wait: &str) -> Value {
    let mut payload = client
        .create(json!({
            "idempotencyKey": new_key(),
            "target": { "account": { "billerId": client.biller(ELECTRICITY).await, "accountReference": account } },
            "amount": { "amount": "100.50", "currency": "SAR" },
            "payer": { "phoneNumber": "+966506966507" },
            "wait": wait,
        }))
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["payment"].take()
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
    with [("BILLPAY_TEST_CLICK", "on"), ("BILLPAY_WORKER__ENABLED", "false")]
    async fn a_token_that_ends_under_many_calls_is_one_failure_and_stops_nobody(app: TestApp) {
        // It fetches the catalogue, and is gone.
        let first = Program::serve(&app, &[("BILLPAY_WORKER__ENABLED", "true")]).await;
        app.client_at(first.address, &app.token(TENANT, ALL)).biller(ELECTRICITY).await;
        drop(first);
        let client = app.admin();
        let accounts = (0..AT_ONCE).map(|number| format!("600{number:04}"));
        let created = join_all(accounts.map(|account| create(&client, account, "RECORDED"))).await;
        let click = forgetful_click().await;
        let changes = [("BILLPAY_WORKER__ENABLED", "true"), ("BILLPAY_PROVIDERS__CLICK__BASE_URL", click.as_str())];
        let program = Program::serve(&app, &changes).await;
        for payment in &created {
            let paid = client.wait_for_status(text(payment, "/id"), &FINAL).await;
            assert_eq!(text(&paid, "/status"), "SUCCEEDED", "{paid}");
        }
        assert!(!program.log().contains("submissions pause"), "{}", program.log());
        assert_eq!(app.scalar("SELECT count(*) FROM attempts WHERE http_status = 401").await, AT_ONCE as i64);
    }
}

/// A Click at which the first token ends while so many calls with it are in the air.
async fn forgetful_click() -> String {
    let (calls, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(AT_ONCE)));
    let pay = async move || {
        if calls.fetch_add(1, Ordering::SeqCst) >= AT_ONCE {
            return (StatusCode::CREATED, "{}");
        }
        all.wait().await;
        (StatusCode::UNAUTHORIZED, "")
    };
    let signed_in = [(header::AUTHORIZATION, "Bearer t.o.k")];
    let app = Router::new()
        .route("/api/v1/accounts/sign_in.json", post(async move || (StatusCode::CREATED, signed_in, "{}")))
        .route("/api/v1/bill_payments.json", post(pay));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
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
