//! F16, F17, F18 in numbers: many callers with one key, another input under it, and many keys for one bill.
//!
//! BILLPAY_TEST_KEYS (6) is how many keys there are, BILLPAY_TEST_CALLERS (20) how many ask with each at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{NO_CREATE_RATE, NO_RATE, assert_log_is_whole, setting};
use crate::schedule::day_from_now;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{Db, TestApp, on_both_databases, text};

const KEYS: usize = 6;
const CALLERS: usize = 20;
const MANY_KEYS: usize = 500;
const MANY_CALLERS: usize = 200;
/// Callers with keys of their own who want one bill paid.
const RIVALS: usize = 10;
/// Another amount, and another account.
const OTHERS: [(&str, &str); 2] = [("/amount/amount", "16"), ("/target/account/accountReference", "6999999")];
/// So many connections come from one address.
const ROOM: (&str, &str) = ("BILLPAY_HTTP__MAX_CONNECTIONS_PER_IP", "4096");

on_both_databases! {
    with [ROOM, NO_RATE, NO_CREATE_RATE]
    async fn f16_f17_f18_many_callers_and_keys_make_one_payment_each(app: TestApp) {
        crowd(&app, setting("BILLPAY_TEST_KEYS", KEYS), setting("BILLPAY_TEST_CALLERS", CALLERS)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes: make rows"]
async fn f16_long() {
    for db in [Db::Sqlite, Db::Postgres] {
        let app = TestApp::start(db, &[ROOM, NO_RATE, NO_CREATE_RATE]).await;
        crowd(&app, setting("BILLPAY_TEST_KEYS", MANY_KEYS), setting("BILLPAY_TEST_CALLERS", MANY_CALLERS)).await;
        app.stop().await;
    }
}

async fn crowd(app: &TestApp, keys: usize, callers: usize) {
    let biller = app.admin().biller(KPLC).await;
    let mut ids = Vec::new();
    for number in 0..keys {
        // A token may end in a long run.
        let client = app.admin();
        ids.push(one_key(&client, &payment_input(&biller, &format!("68{number:05}"), "15"), callers).await);
        one_bill(app, &client, &biller, &format!("69{number:05}")).await;
    }
    let client = app.admin();
    for id in &ids {
        client.wait_for_status(id, &["SUCCEEDED"]).await;
    }
    println!("{keys} keys, {callers} callers with each, {RIVALS} keys for each of {keys} bills: one payment each");
    assert_eq!(app.scalar("SELECT count(*) FROM payments").await, i64::try_from(2 * keys).expect("few"));
    assert_eq!(app.effects().await.len(), ids.len());
    assert_log_is_whole(app).await;
}

/// F16, then F17: all are told of one payment, and each other input under its key is refused.
async fn one_key(client: &Client, input: &Value, callers: usize) -> String {
    let payloads = join_all((0..callers).map(|_| client.create(input.clone()))).await;
    let ids: BTreeSet<_> = payloads.iter().map(|payload| text(payload, "/payment/id")).collect();
    assert_eq!(ids.len(), 1, "{payloads:?}");
    assert_eq!(payloads.iter().filter(|payload| payload["replayed"] == json!(false)).count(), 1);
    for (pointer, another) in OTHERS {
        let mut other = input.clone();
        *other.pointer_mut(pointer).expect("a place") = json!(another);
        let refused = client.create(other).await;
        assert_eq!(text(&refused, "/errors/0/code"), "IDEMPOTENCY_KEY_REUSED", "{refused}");
    }
    text(&payloads[0], "/payment/id").to_owned()
}

/// F18: of many who want the same account paid at once, one is let in as long as its payment is open: until tomorrow.
async fn one_bill(app: &TestApp, client: &Client, biller: &str, account: &str) {
    let day = day_from_now(app, 1);
    let payloads = join_all((0..RIVALS).map(|_| {
        let mut input = payment_input(biller, account, "15");
        input["processDate"] = json!(day);
        client.create(input)
    }))
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| payload["payment"] != Value::Null);
    assert_eq!(made.len(), 1, "{payloads:?}");
    for payload in refused {
        assert_eq!(text(payload, "/errors/0/code"), "BILL_ALREADY_BEING_PAID", "{payload}");
        assert_eq!(payload["errors"][0]["payment"]["id"], made[0]["payment"]["id"]);
    }
}
