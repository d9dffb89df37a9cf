//! Idempotency keys: one intention, one payment, however often it is sent.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{TENANT, USER};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::{on_both_databases, text};

/// Asserts that a key was refused and that nothing was shown.
#[track_caller]
fn assert_reused(payload: &Value) {
    assert_eq!(text(payload, "/errors/0/code"), "IDEMPOTENCY_KEY_REUSED", "{payload}");
    assert_eq!(payload["errors"][0]["path"], json!(["input", "idempotencyKey"]));
    assert_eq!(payload["payment"], Value::Null);
    assert_eq!(payload["replayed"], json!(false));
}

async fn input(client: &Client) -> Value {
    payment_input(&client.biller(KPLC).await, "1111111", "15")
}

on_both_databases! {
    async fn m9_the_same_key_and_input_answer_the_same_payment_for_ever(app: TestApp) {
        let client = app.admin();
        let input = input(&client).await;
        let first = client.create(input.clone()).await;
        assert_eq!(first["replayed"], json!(false));
        let id = text(&first, "/payment/id");
        let again = client.create(input.clone()).await;
        assert_eq!((text(&again, "/payment/id"), &again["replayed"]), (id, &json!(true)));
        let payment = client.wait_for_status(id, &["SUCCEEDED"]).await;
        let after = client.create(input).await;
        assert_eq!(after["replayed"], json!(true));
        for name in ["id", "status", "version", "receipt"] {
            assert_eq!(after["payment"][name], payment[name], "it is answered in its present state");
        }
        assert_eq!(client.count_payments().await, 1);
        assert_eq!(app.effects().await.len(), 1);
    }
}

on_both_databases! {
    async fn f16_thirty_at_once_with_one_key_make_one_payment(app: TestApp) {
        let client = app.admin();
        let input = input(&client).await;
        let payloads = join_all((0..30).map(|_| client.create(input.clone()))).await;
        let ids: BTreeSet<_> = payloads.iter().map(|payload| text(payload, "/payment/id")).collect();
        assert_eq!(ids.len(), 1, "{payloads:?}");
        assert_eq!(payloads.iter().filter(|payload| payload["replayed"] == json!(false)).count(), 1);
        client.wait_for_status(text(&payloads[0], "/payment/id"), &["SUCCEEDED"]).await;
        assert_eq!(client.count_payments().await, 1);
        assert_eq!(app.effects().await.len(), 1);
    }
}

on_both_databases! {
    async fn f17_the_same_key_with_another_input_is_refused_and_nothing_is_written(app: TestApp) {
        let client = app.admin();
        let good = input(&client).await;
        let id = text(&client.create(good.clone()).await, "/payment/id").to_owned();
        client.wait_for_status(&id, &["SUCCEEDED"]).await;
        let head = client.head().await;
        for (pointer, other) in [
            ("/amount/amount", json!("16")),
            ("/target/account/accountReference", json!("1111112")),
            ("/payer/name", json!("Someone Else")),
            ("/payer/phoneNumber", json!("+254710000001")),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).expect("a place") = other;
            assert_reused(&client.create(bad).await);
        }
        for (name, other) in [
            ("description", json!("another")),
            ("saveBillNumber", json!(true)),
            ("evenIfBeingPaid", json!(true)),
            ("callbackUrl", json!("https://example.com/")),
        ] {
            let mut bad = good.clone();
            bad[name] = other;
            assert_reused(&client.create(bad).await);
        }
        assert_eq!(client.head().await, head);
        assert_eq!(client.count_payments().await, 1);
        assert_eq!(app.effects().await.len(), 1);
    }
}

on_both_databases! {
    async fn t2_another_tenants_same_key_is_another_key(app: TestApp) {
        let (ours, theirs) = (app.admin(), app.client("umbrella", USER));
        let input = input(&ours).await;
        let one = ours.create(input.clone()).await;
        let other = theirs.create(input).await;
        assert_eq!((&one["replayed"], &other["replayed"]), (&json!(false), &json!(false)));
        assert_ne!(one["payment"]["id"], other["payment"]["id"]);
        ours.wait_for_status(text(&one, "/payment/id"), &["SUCCEEDED"]).await;
        theirs.wait_for_status(text(&other, "/payment/id"), &["SUCCEEDED"]).await;
        assert_eq!(app.effects().await.len(), 2);
    }
}

on_both_databases! {
    async fn the_same_key_of_another_customer_is_refused(app: TestApp) {
        let one = app.client_with(&app.token_for_customer(TENANT, "customer-1", USER));
        let other = app.client_with(&app.token_for_customer(TENANT, "customer-2", USER));
        let input = input(&one).await;
        let made = one.create(input.clone()).await;
        assert_reused(&other.create(input.clone()).await);
        assert_reused(&app.admin().create(input).await);
        one.wait_for_status(text(&made, "/payment/id"), &["SUCCEEDED"]).await;
        assert_eq!(app.effects().await.len(), 1);
    }
}

on_both_databases! {
    async fn waiting_and_trailing_zeros_make_no_other_input(app: TestApp) {
        let client = app.admin();
        let input = input(&client).await;
        let made = client.create(input.clone()).await;
        let mut same = input;
        same["amount"]["amount"] = json!("15.00");
        same["wait"] = json!("RECORDED");
        same["evenIfBeingPaid"] = json!(false);
        same["deliverySpeed"] = json!("STANDARD");
        let again = client.create(same).await;
        assert_eq!(again["replayed"], json!(true), "{again}");
        assert_eq!(again["payment"]["id"], made["payment"]["id"]);
    }
}

on_both_databases! {
    async fn a_key_is_looked_up_before_anything_else_is_checked(app: TestApp) {
        let client = app.admin();
        let key = new_key();
        let made = client.pay("1515151", "15", &key).await;
        let again = client.pay("1515151", "15", &key).await;
        assert_eq!(again["replayed"], json!(true), "its own claim does not stand in its way: {again}");
        assert_eq!(again["payment"]["id"], made["payment"]["id"]);
    }
}

on_both_databases! {
    async fn a_key_that_was_refused_with_bad_input_is_still_free(app: TestApp) {
        let client = app.admin();
        let mut input = input(&client).await;
        input["amount"]["amount"] = json!("0");
        assert_eq!(text(&client.create(input.clone()).await, "/errors/0/code"), "BAD_USER_INPUT");
        input["amount"]["amount"] = json!("15");
        let made = client.create(input).await;
        assert_eq!((&made["errors"], &made["replayed"]), (&json!([]), &json!(false)));
    }
}
