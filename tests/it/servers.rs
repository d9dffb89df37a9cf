//! Two servers on one database: they share the work, and whoever listens at one hears of the other's.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, payment_input};
use crate::support::{Db, TestApp, run, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_two_servers_on_one_postgres_send_each_payment_once() {
    run(Db::Postgres, &[], share).await;
}

async fn share(app: TestApp) {
    let peer = app.start_peer().await;
    let token = app.token(TENANT, ALL);
    let clients = [app.admin(), app.client_at(peer, &token)];
    let biller = clients[0].biller(KPLC).await;
    clients[1].biller(KPLC).await;
    let payloads = join_all((0..40).map(|number| {
        let mut input = payment_input(&biller, &format!("90000{number:02}"), "15");
        input["wait"] = json!("RECORDED");
        clients[number % 2].create(input)
    }))
    .await;
    for payload in &payloads {
        let id = text(payload, "/payment/id");
        let payment = clients[0].wait_for_status(id, &["SUCCEEDED", "FAILED", "NEEDS_REVIEW"]).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(app.effects_of(&payment).await.len(), 1, "{payment}");
        assert_eq!(clients[1].payment(id).await["status"], payment["status"], "both tell the same");
    }
    assert_eq!(app.effects().await.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_at_one_server_hears_what_the_other_did() {
    run(Db::Postgres, &[], hear).await;
}

async fn hear(app: TestApp) {
    let peer = app.start_peer().await;
    let here = app.admin();
    let there = app.client_at(peer, &app.token(TENANT, ALL));
    let document = "subscription { paymentsUpdated(after: \"0\") { sequence status payment { id } } }";
    let mut heard = there.subscribe(document, json!({})).await;
    let payment = here.paid("2222222").await;
    let events = heard.until_status("paymentsUpdated", "SUCCEEDED").await;
    let sequences: Vec<_> = events.iter().map(|event| text(event, "/sequence")).collect();
    assert_eq!(sequences, ["1", "2", "3", "4"]);
    assert!(events.iter().all(|event| event["payment"]["id"] == payment["id"]), "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f16_one_key_at_two_servers_makes_one_payment() {
    run(Db::Postgres, &[], race).await;
}

async fn race(app: TestApp) {
    let peer = app.start_peer().await;
    let clients = [app.admin(), app.client_at(peer, &app.token(TENANT, ALL))];
    let input = payment_input(&clients[0].biller(KPLC).await, "1111111", "15");
    clients[1].biller(KPLC).await;
    let payloads = join_all((0..20).map(|number| clients[number % 2].create(input.clone()))).await;
    let made = payloads.iter().filter(|payload| payload["replayed"] == json!(false)).count();
    assert_eq!(made, 1, "{payloads:?}");
    let id = text(&payloads[0], "/payment/id");
    assert!(payloads.iter().all(|payload| text(payload, "/payment/id") == id), "{payloads:?}");
    clients[1].wait_for_status(id, &["SUCCEEDED"]).await;
    assert_eq!(app.effects().await.len(), 1);
}
