//! Payments: each way in which one goes at the provider, from the first event to the last.

use serde_json::{Value, json};

use crate::support::app::{TENANT, USER};
use crate::support::client::{KPLC, PAYMENT, new_key, payment_input};
use crate::support::{TestApp, assert_whole_life, eventually, list, minor, number, on_both_databases, statuses, text};

const FINAL: [&str; 5] = ["SUCCEEDED", "FAILED", "CANCELLED", "REVERSED", "NEEDS_REVIEW"];

/// The kinds and states of a payment's attempts.
fn attempts(payment: &Value) -> Vec<(&str, &str)> {
    let attempts = list(payment, "/attempts").iter();
    attempts.map(|attempt| (text(attempt, "/kind"), text(attempt, "/state"))).collect()
}

fn submits(payment: &Value) -> usize {
    attempts(payment).iter().filter(|(kind, _)| *kind == "SUBMIT").count()
}

fn look_ups(payment: &Value) -> usize {
    attempts(payment).iter().filter(|(kind, _)| *kind == "LOOKUP").count()
}

on_both_databases! {
    async fn an_account_that_is_good_is_paid_at_once(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1111111", &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "PENDING", "SUCCEEDED"]);
        assert_whole_life(&payment);
        assert_eq!(payment["amount"], json!({ "amount": "15.00", "currency": "KES" }));
        assert_eq!(payment["failure"], Value::Null);
        assert_eq!(payment["review"], Value::Null);
        assert_eq!(payment["allowedActions"], json!([]));
        assert_eq!(text(&payment, "/receipt/providerReference"), text(&payment, "/providerReference"));
        assert_eq!(text(&payment, "/receipt/billerReference"), text(&payment, "/billerReference"));
        let actors: Vec<_> = list(&payment, "/events").iter().map(|event| text(event, "/actor")).collect();
        assert_eq!(actors, ["tester", "billpay", "almara", "almara"]);
        let effects = app.effects_of(&payment).await;
        assert_eq!(effects.len(), 1, "{effects:?}");
        assert_eq!(text(&effects[0], "/amount"), "15.00");
    }
}

on_both_databases! {
    async fn the_answer_waits_for_the_providers_first_word(app: TestApp) {
        let payment = app.admin().paid("2222222").await;
        assert_eq!(text(&payment, "/status"), "PENDING", "{payment}");
        assert!(payment["providerReference"].is_string());
    }
}

on_both_databases! {
    async fn recorded_answers_ready_without_waiting(app: TestApp) {
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "2222222", "15");
        input["wait"] = json!("RECORDED");
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/payment/status"), "READY", "{payload}");
        assert_eq!(number(&payload, "/payment/version"), 1);
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
    }
}

on_both_databases! {
    async fn what_is_paid_later_is_pending_until_then(app: TestApp) {
        let payment = app.admin().pay_until("2222222", &FINAL).await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "PENDING", "SUCCEEDED"]);
        assert_whole_life(&payment);
        assert_eq!(app.effects_of(&payment).await.len(), 1);
    }
}

on_both_databases! {
    async fn a_refusal_at_submission_is_final_and_moves_nothing(app: TestApp) {
        let payment = app.admin().pay_until("3333333", &FINAL).await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "FAILED"]);
        assert_whole_life(&payment);
        assert_eq!(text(&payment, "/failure/code"), "PROVIDER_REFUSED");
        assert_eq!(text(&payment, "/events/2/failure/code"), "PROVIDER_REFUSED");
        assert_eq!(payment["receipt"], Value::Null);
        assert_eq!(app.effects_of(&payment).await.len(), 0);
    }
}

on_both_databases! {
    async fn an_account_that_the_biller_does_not_know_is_named_in_the_failure(app: TestApp) {
        let client = app.admin();
        let payload = client.pay("0000000", "15", &new_key()).await;
        let payment = client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
        assert_eq!(text(&payment, "/status"), "FAILED");
        assert_eq!(text(&payload, "/errors/0/code"), "ACCOUNT_NOT_FOUND", "which input it was is told too: {payload}");
        assert_eq!(payload["errors"][0]["path"], json!(["input", "target", "account", "accountReference"]));
        assert_eq!(text(&payment, "/failure/code"), "ACCOUNT_NOT_FOUND");
        assert_eq!(app.effects_of(&payment).await.len(), 0);
    }
}

on_both_databases! {
    async fn an_amount_that_the_provider_refuses_is_named_in_the_failure(app: TestApp) {
        let client = app.admin();
        let payload = client.pay("1234567", "13", &new_key()).await;
        let payment = client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
        assert_eq!(text(&payment, "/failure/code"), "AMOUNT_NOT_ALLOWED", "{payment}");
        assert_eq!(app.effects_of(&payment).await.len(), 0);
    }
}

on_both_databases! {
    async fn what_is_declined_later_has_failed_and_moved_nothing(app: TestApp) {
        let payment = app.admin().pay_until("4444444", &FINAL).await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "PENDING", "FAILED"]);
        assert_whole_life(&payment);
        assert_eq!(text(&payment, "/failure/code"), "PROVIDER_REFUSED");
        assert_eq!(text(&payment, "/failure/providerCode"), "1");
        assert_eq!(app.effects_of(&payment).await.len(), 0);
    }
}

on_both_databases! {
    async fn f4_a_timeout_before_the_effect_is_found_out_and_the_same_is_sent_again(app: TestApp) {
        let client = app.admin();
        let payment = client.paid("5555555").await;
        assert_eq!(text(&payment, "/status"), "UNKNOWN", "a timeout is no failure: {payment}");
        let ours = text(&payment, "/ourReference").to_owned();
        let payment = client.wait_for_status(text(&payment, "/id"), &FINAL).await;
        assert_eq!(
            statuses(&payment),
            ["READY", "SUBMITTING", "UNKNOWN", "SUBMITTING", "PENDING", "SUCCEEDED"],
            "{payment}"
        );
        assert_whole_life(&payment);
        assert_eq!(attempts(&payment)[..2], [("SUBMIT", "UNKNOWN"), ("LOOKUP", "ACKNOWLEDGED")]);
        assert_eq!(text(&payment, "/attempts/1/providerCode"), "11");
        assert_eq!(submits(&payment), 2);
        assert_eq!(text(&payment, "/ourReference"), ours);
        assert_eq!(app.effects_of(&payment).await.len(), 1);
        assert_eq!(app.effects().await.len(), 1, "no other reference was used");
    }
}

on_both_databases! {
    async fn f4_an_error_before_the_effect_is_found_out_and_the_same_is_sent_again(app: TestApp) {
        let payment = app.admin().pay_until("7777000", &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_whole_life(&payment);
        assert_eq!(submits(&payment), 2);
        assert_eq!(app.effects().await.len(), 1);
    }
}

/// Paid, but the answer said nothing that can be believed: found by a look-up, never sent again.
async fn is_found_paid(app: TestApp, account: &str) {
    let payment = app.admin().pay_until(account, &FINAL).await;
    assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "UNKNOWN", "SUCCEEDED"], "{payment}");
    assert_whole_life(&payment);
    assert_eq!(submits(&payment), 1, "{payment}");
    assert_eq!(app.effects_of(&payment).await.len(), 1);
    assert_eq!(app.effects().await.len(), 1);
}

on_both_databases! {
    async fn f4_a_timeout_after_the_effect_is_found_paid(app: TestApp) {
        is_found_paid(app, "6666666").await;
    }
}

on_both_databases! {
    async fn f4_a_server_error_after_the_effect_is_found_paid(app: TestApp) {
        is_found_paid(app, "7777777").await;
    }
}

on_both_databases! {
    async fn f4_an_answer_that_breaks_off_is_found_paid(app: TestApp) {
        is_found_paid(app, "6161616").await;
    }
}

on_both_databases! {
    async fn f4_an_answer_that_cannot_be_read_is_found_paid(app: TestApp) {
        is_found_paid(app, "9999999").await;
    }
}

on_both_databases! {
    async fn f4_an_answer_that_comes_too_late_is_found_paid(app: TestApp) {
        is_found_paid(app, "8888888").await;
    }
}

on_both_databases! {
    async fn f7_callbacks_that_repeat_change_nothing_more(app: TestApp) {
        let payment = app.admin().pay_until("1212121", &FINAL).await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "PENDING", "SUCCEEDED"], "{payment}");
        eventually("the callback", || async { (app.scalar("SELECT COUNT(*) FROM inbox").await > 0).then_some(()) })
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(app.scalar("SELECT COUNT(*) FROM inbox").await, 1, "repeated ones are kept once");
        let after = app.admin().payment(text(&payment, "/id")).await;
        assert_eq!(after["version"], payment["version"]);
        assert_eq!(app.effects_of(&payment).await.len(), 1);
    }
}

on_both_databases! {
    async fn f7_an_old_callback_that_says_pending_does_not_undo_success(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1313131", &FINAL).await;
        eventually("the old callback", || async {
            (app.scalar("SELECT COUNT(*) FROM inbox").await == 2).then_some(())
        })
        .await;
        // It may cause a look-up, which finds what is known.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let after = client.payment(text(&payment, "/id")).await;
        assert_eq!(text(&after, "/status"), "SUCCEEDED");
        assert_eq!(after["version"], payment["version"]);
    }
}

on_both_databases! {
    async fn f20_another_amount_than_ours_needs_review_with_both_amounts_kept(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1414141", &FINAL).await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "PENDING", "NEEDS_REVIEW"], "{payment}");
        assert_whole_life(&payment);
        assert_eq!(text(&payment, "/review/reason"), "MISMATCH");
        assert_eq!(payment["review"]["safeActions"], json!(["REFRESH", "RESOLVE"]));
        assert_eq!(payment["allowedActions"], payment["review"]["safeActions"]);
        assert_eq!(payment["receipt"], Value::Null);
        assert_eq!(text(&payment, "/amount/amount"), "15.00", "ours is not changed");
        assert_eq!(app.scalar("SELECT MAX(amount_minor) FROM evidence").await, 1600, "theirs is kept");
        let again = client.pay("1414141", "15", &new_key()).await;
        assert_eq!(text(&again, "/errors/0/code"), "BILL_ALREADY_BEING_PAID", "a payment in review keeps its bill");
    }
}

on_both_databases! {
    async fn an_inconclusive_status_is_waited_out(app: TestApp) {
        let payment = app.admin().pay_until("1717171", &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_whole_life(&payment);
        assert_eq!(submits(&payment), 1);
        assert_eq!(app.effects_of(&payment).await.len(), 1);
    }
}

on_both_databases! {
    async fn a_third_party_that_is_unavailable_is_waited_out(app: TestApp) {
        let client = app.admin();
        let payload = client.pay("1234567", "16", &new_key()).await;
        let payment = client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
        assert_eq!(text(&payment, "/status"), "SUCCEEDED", "{payment}");
        assert_eq!(submits(&payment), 1);
        assert_eq!(app.effects_of(&payment).await.len(), 1);
    }
}

on_both_databases! {
    async fn the_acceptance_of_2021_with_minus_one_is_no_timeout(app: TestApp) {
        let payment = app.admin().pay_until("1616161", &FINAL).await;
        assert_eq!(statuses(&payment), ["READY", "SUBMITTING", "PENDING", "SUCCEEDED"], "{payment}");
        assert_eq!(submits(&payment), 1);
        assert_eq!(app.effects().await.len(), 1);
    }
}

on_both_databases! {
    async fn a2_a_prepaid_token_stands_in_the_receipt_and_nowhere_else(app: TestApp) {
        let client = app.admin();
        let mut payment = client.pay_until("1818181", &FINAL).await;
        let token = payment["receipt"]["token"].take();
        let token = token.as_str().expect("a token");
        assert!(token.len() >= 20, "{token}");
        let elsewhere = client
            .data(
                "{ events(first: 100) { nodes { sequence type actor reason subject { id } } } payments { nodes { id
                   description providerStatus providerReference billerReference attempts { providerCode providerMessage
                   providerTrace } receipt { number providerReference billerReference fields { name value } } } } }",
                json!({}),
            )
            .await;
        for place in [payment.to_string(), elsewhere.to_string(), app.metrics().await] {
            assert!(!place.contains(token), "{place}");
            assert!(!place.contains(&token.replace('-', "")), "{place}");
        }
        let in_events =
            format!("SELECT COUNT(*) FROM events WHERE reason LIKE '%{token}%' OR failure LIKE '%{token}%'");
        assert_eq!(app.scalar(&in_events).await, 0);
        let in_evidence = format!("SELECT COUNT(*) FROM evidence WHERE note LIKE '%{token}%'");
        assert_eq!(app.scalar(&in_evidence).await, 0);
    }
}

on_both_databases! {
    async fn a_bill_is_owed_less_once_it_is_paid(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let found = client
            .data(
                "query ($biller: ID!) { billLookup(billerId: $biller, accountReference: \"2222222\") {
                   bills { id amountDue { amount } } } }",
                json!({ "biller": biller }),
            )
            .await;
        let bill = text(&found, "/billLookup/bills/0/id").to_owned();
        let due = minor(&found, "/billLookup/bills/0/amountDue/amount");
        let mut input = payment_input(&biller, "", "100");
        input["target"] = json!({ "billId": bill });
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/payment/allocations/0/bill/id"), bill, "{payload}");
        let document = "query ($id: ID!) { bill(id: $id) { status openPayment { id } amountDue { amount }
            amountPaid { amount } amountScheduled { amount } } }";
        let open = client.data(document, json!({ "id": bill })).await["bill"].take();
        if open["openPayment"] != Value::Null {
            assert_eq!(open["openPayment"]["id"], payload["payment"]["id"]);
            assert_eq!(text(&open, "/amountScheduled/amount"), "100.00");
            assert_eq!(minor(&open, "/amountDue/amount"), due);
        }
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        let paid = client.data(document, json!({ "id": bill })).await["bill"].take();
        assert_eq!(minor(&paid, "/amountDue/amount"), due - 10_000, "{paid}");
        assert_eq!(text(&paid, "/amountPaid/amount"), "100.00");
        assert_eq!(text(&paid, "/amountScheduled/amount"), "0.00");
        assert_eq!(text(&paid, "/status"), "PARTIALLY_PAID");
        assert_eq!(paid["openPayment"], Value::Null);
    }
}

on_both_databases! {
    async fn m5_a_bill_on_which_nothing_is_owed_is_not_payable(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let look_up = "query ($biller: ID!) { billLookup(billerId: $biller, accountReference: \"2020202\") {
            bills { id } } }";
        client.data(look_up, json!({ "biller": biller })).await;
        let bills = client.data("{ bills { nodes { id amountDue { amount } } } }", json!({})).await;
        let mut input = payment_input(&biller, "", "100");
        input["target"] = json!({ "billId": text(&bills, "/bills/nodes/0/id") });
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/errors/0/code"), "BILL_NOT_PAYABLE", "{payload}");
        assert_eq!(payload["errors"][0]["path"], json!(["input", "target", "billId"]));
        assert_eq!(client.count_payments().await, 0);
    }
}

on_both_databases! {
    async fn a_payment_that_is_not_due_yet_is_cancelled_once_for_all(app: TestApp) {
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["processDate"] = json!(crate::schedule::day_from_now(&app, 7));
        let scheduled = client.create(input).await["payment"].take();
        assert_eq!(text(&scheduled, "/status"), "SCHEDULED");
        assert_eq!(scheduled["allowedActions"], json!(["CANCEL"]));
        let id = text(&scheduled, "/id");
        let cancelled = client.act("cancelPayment", id).await;
        assert_eq!(statuses(&cancelled["payment"]), ["SCHEDULED", "CANCELLED"], "{cancelled}");
        assert_whole_life(&cancelled["payment"]);
        let again = client.act("cancelPayment", id).await;
        assert_eq!(again, cancelled, "a repetition answers the payment as it is");
        let other = client.pay("1111111", "15", &new_key()).await;
        assert_eq!(other["errors"], json!([]), "the bill is free again");
        client.wait_for_status(text(&other, "/payment/id"), &["SUCCEEDED"]).await;
        assert_eq!(app.effects_of(&cancelled["payment"]).await.len(), 0);
    }
}

on_both_databases! {
    async fn a_payment_that_was_sent_cannot_be_cancelled(app: TestApp) {
        let client = app.admin();
        let payment = client.paid("1515151").await;
        let before = client.payment(text(&payment, "/id")).await;
        let payload = client.act("cancelPayment", text(&payment, "/id")).await;
        assert_eq!(payload["payment"], Value::Null);
        assert_eq!(text(&payload, "/errors/0/code"), "PAYMENT_NOT_CANCELLABLE");
        assert_eq!(payload["errors"][0]["path"], json!(["input", "paymentId"]));
        let after = client.payment(text(&payment, "/id")).await;
        assert_eq!(after["version"], before["version"]);
    }
}

on_both_databases! {
    async fn a_refresh_asks_the_provider_now(app: TestApp) {
        let client = app.admin();
        let payment = client.paid("1515151").await;
        assert_eq!(payment["allowedActions"], json!(["REFRESH"]));
        let before = look_ups(&client.payment(text(&payment, "/id")).await);
        let refreshed = client.act("refreshPayment", text(&payment, "/id")).await;
        assert_eq!(refreshed["errors"], json!([]));
        assert!(look_ups(&refreshed["payment"]) > before, "{refreshed}");
        assert_eq!(text(&refreshed, "/payment/status"), "PENDING");
        assert_eq!(refreshed["payment"]["version"], payment["version"], "nothing changed");
    }
}

on_both_databases! {
    async fn f18_a_bill_has_one_open_payment_unless_another_is_meant(app: TestApp) {
        let client = app.admin();
        let first = client.paid("1515151").await;
        let head = client.head().await;
        let second = client.pay("1515151", "15", &new_key()).await;
        assert_eq!(second["payment"], Value::Null);
        assert_eq!(text(&second, "/errors/0/code"), "BILL_ALREADY_BEING_PAID");
        assert_eq!(text(&second, "/errors/0/__typename"), "BeingPaidError");
        assert_eq!(second["errors"][0]["payment"]["id"], first["id"]);
        assert_eq!(client.head().await, head, "nothing was written");
        assert_eq!(client.count_payments().await, 1);
        let mut meant = payment_input(&client.biller(KPLC).await, "1515151", "15");
        meant["evenIfBeingPaid"] = json!(true);
        let third = client.create(meant).await;
        assert_eq!(third["errors"], json!([]), "{third}");
        assert_ne!(third["payment"]["id"], first["id"]);
    }
}

on_both_databases! {
    async fn f18_of_concurrent_payments_of_one_bill_one_is_made(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let tries = (0..10).map(|_| client.create(payment_input(&biller, "1515151", "15")));
        let payloads = futures_util::future::join_all(tries).await;
        let made = payloads.iter().filter(|payload| payload["payment"] != Value::Null).count();
        assert_eq!(made, 1, "{payloads:?}");
        for refused in payloads.iter().filter(|payload| payload["payment"] == Value::Null) {
            assert_eq!(text(refused, "/errors/0/code"), "BILL_ALREADY_BEING_PAID", "{refused}");
        }
        assert_eq!(client.count_payments().await, 1);
    }
}

on_both_databases! {
    async fn a_payment_is_found_by_its_key_and_by_the_providers_reference(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1111111", &FINAL).await;
        for by in [
            json!({ "id": payment["id"] }),
            json!({ "idempotencyKey": payment["idempotencyKey"] }),
            json!({ "providerReference": { "reference": payment["providerReference"] } }),
        ] {
            let document = format!("query ($by: PaymentBy!) {{ payment(by: $by) {{ ...P }} }} {PAYMENT}");
            let found = client.data(&document, json!({ "by": by })).await;
            assert_eq!(found["payment"]["id"], payment["id"], "{by}");
        }
    }
}

on_both_databases! {
    async fn what_is_for_administrators_is_not_shown_to_others(app: TestApp) {
        let refused = app.admin().pay_until("4444444", &FINAL).await;
        assert_eq!(text(&refused, "/failure/providerCode"), "1");
        assert!(!list(&refused, "/attempts").is_empty() && refused["providerStatus"].is_string());
        let seen = app.client(TENANT, USER).payment(text(&refused, "/id")).await;
        assert_eq!(seen["attempts"], json!([]));
        assert_eq!(seen["providerStatus"], Value::Null);
        assert_eq!(seen["failure"]["providerCode"], Value::Null);
        assert_eq!(seen["failure"]["providerMessage"], Value::Null);
        assert_eq!(seen["failure"]["message"], refused["failure"]["message"]);
        assert_eq!(seen["status"], refused["status"]);
    }
}

on_both_databases! {
    async fn g12_pages_of_payments_are_bounded_and_joined_without_gap(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        for account in 0..7 {
            let mut input = payment_input(&biller, &format!("900000{account}"), "15");
            input["wait"] = json!("RECORDED");
            client.create(input).await;
        }
        let document = "query ($first: Int, $last: Int, $after: String, $before: String) {
            payments(first: $first, last: $last, after: $after, before: $before) {
                nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
        let page = async |variables: Value| client.data(document, variables).await["payments"].take();
        let all = page(json!({ "first": 100 })).await;
        let all: Vec<_> = list(&all, "/nodes").to_vec();
        assert_eq!(all.len(), 7);
        let first = page(json!({ "first": 3 })).await;
        assert_eq!(list(&first, "/nodes"), &all[..3]);
        assert_eq!(first["pageInfo"]["hasNextPage"], json!(true));
        let second = page(json!({ "first": 100, "after": first["pageInfo"]["endCursor"] })).await;
        assert_eq!(list(&second, "/nodes"), &all[3..]);
        assert_eq!(second["pageInfo"]["hasNextPage"], json!(false));
        let last = page(json!({ "last": 2, "before": second["pageInfo"]["startCursor"] })).await;
        assert_eq!(list(&last, "/nodes"), &all[1..3]);
        assert_eq!(last["pageInfo"]["hasPreviousPage"], json!(true));
        for bad in [
            json!({ "first": -1 }),
            json!({ "first": 101 }),
            json!({ "first": 2_147_483_648_u64 }),
            json!({ "last": 101 }),
            json!({ "first": 1, "last": 1 }),
            json!({ "after": "forged" }),
            json!({ "after": "blr_01m80g5rxcfq9s4swzcexz6v59" }),
        ] {
            assert_eq!(client.refused(document, bad.clone()).await, "BAD_USER_INPUT", "{bad}");
        }
    }
}
