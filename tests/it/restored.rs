//! A restored database: what was READY may have been sent in the life that was forgotten.

use serde_json::{Value, json};

use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::{Db, TestApp, list, run, text};

const SETTINGS: [(&str, &str); 2] = [("BILLPAY_TEST_CLICK", "on"), ("BILLPAY_WORKER__ENABLED", "false")];

/// A payment that is stored and not sent, since nobody works.
async fn recorded(client: &Client, biller: &str, currency: &str) -> String {
    let mut input = payment_input(&client.biller(biller).await, "900001", "15");
    input["idempotencyKey"] = json!(new_key());
    input["wait"] = json!("RECORDED");
    input["amount"]["currency"] = json!(currency);
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    text(&payload, "/payment/id").to_owned()
}

async fn fetch_catalogues(app: &TestApp) {
    let operator = app.client("ops", "operator");
    let answer = operator.data("mutation { syncBillers(input: {}) { errors { code } } }", json!({})).await;
    assert_eq!(answer["syncBillers"]["errors"], json!([]));
}

async fn confirm(app: &TestApp) -> String {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_billpay"))
        .args(["confirm-restore", "--evidence", "the provider's statement of the day lacks them"])
        .envs(app.variables().iter().filter(|(name, _)| !name.starts_with("BILLPAY_TEST_")))
        .env("BILLPAY_PUBLIC_URL", "http://127.0.0.1:1")
        .output()
        .await
        .expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f30_after_a_restore_nothing_is_sent_before_it_was_looked_up_or_confirmed() {
    run(Db::Postgres, &SETTINGS, restored).await;
}

async fn restored(app: TestApp) {
    fetch_catalogues(&app).await;
    let client = app.admin();
    let findable = recorded(&client, KPLC, "KES").await;
    let not_findable = recorded(&client, "Saudi Electricity Company", "SAR").await;
    // What a restored backup looks like: the timeline on record is not that of the cluster.
    app.execute("UPDATE db_epoch SET timeline = timeline + 7").await;
    app.start_peer().await;
    assert_eq!(text(&client.payment(&findable).await, "/status"), "UNKNOWN");
    let held = client.payment(&not_findable).await;
    assert_eq!(text(&held, "/review/reason"), "RESTORED", "{held}");
    assert_eq!(confirm(&app).await, "1 payments may be sent again\n");
    let released = client.payment(&not_findable).await;
    assert_eq!((text(&released, "/status"), &released["review"]), ("READY", &Value::Null));
    assert_eq!(text(list(&released, "/events").last().expect("an event"), "/actor"), "operator");
    assert_eq!(confirm(&app).await, "0 payments may be sent again\n", "it may be repeated");
}
