//! Subscriptions over WebSocket: live, resumed by sequence, and scoped.

use serde_json::{Value, json};

use crate::support::app::{OPERATORS, TENANT, USER};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{number, on_both_databases, statuses, text};

const SYNC: &str = "mutation { syncBillers(input: {}) { errors { code } } }";
const ALL: &str = "subscription ($after: Sequence, $filter: PaymentFilter) {
    paymentsUpdated(after: $after, filter: $filter) { sequence version status type payment { id } } }";
const ONE: &str = "subscription ($id: ID!, $after: Sequence) {
    paymentUpdated(id: $id, after: $after) { sequence version status type payment { id status } } }";

fn sequences(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| number(event, "/sequence")).collect()
}

fn statuses_of(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| text(event, "/status")).collect()
}

/// Pays an account without waiting; answers the payment's id.
async fn pay_without_waiting(client: &Client, account: &str) -> String {
    let mut input = payment_input(&client.biller(KPLC).await, account, "15");
    input["wait"] = json!("RECORDED");
    let payload = client.create(input).await;
    text(&payload, "/payment/id").to_owned()
}

on_both_databases! {
    async fn a_payments_whole_life_is_heard_live(app: TestApp) {
        let client = app.admin();
        let mut heard = client.subscribe(ALL, json!({ "after": client.head().await })).await;
        let id = pay_without_waiting(&client, "2222222").await;
        let events = heard.until_status("paymentsUpdated", "SUCCEEDED").await;
        assert_eq!(statuses_of(&events), ["READY", "SUBMITTING", "PENDING", "SUCCEEDED"]);
        assert!(events.iter().all(|event| text(event, "/payment/id") == id), "{events:?}");
        let payment = client.payment(&id).await;
        assert_eq!(statuses_of(&events), statuses(&payment), "the same as the payment's own events");
        let versions: Vec<_> = events.iter().map(|event| number(event, "/version")).collect();
        assert_eq!(versions, [1, 2, 3, 4]);
    }
}

on_both_databases! {
    async fn f24_who_comes_back_with_the_last_sequence_misses_nothing_and_hears_nothing_twice(app: TestApp) {
        let client = app.admin();
        let mut after = client.head().await;
        let (mut heard, mut payments) = (Vec::new(), Vec::new());
        for account in ["1111111", "2222222", "5555555", "3333333", "7777777", "1212121"] {
            // Hang up after each event, so that most of them happen while nobody listens.
            payments.push(pay_without_waiting(&client, account).await);
            for _ in 0..3 {
                let mut subscription = client.subscribe(ALL, json!({ "after": after })).await;
                let event = subscription.next().await["paymentsUpdated"].take();
                after = text(&event, "/sequence").to_owned();
                heard.push(number(&event, "/sequence"));
            }
        }
        let mut subscription = client.subscribe(ALL, json!({ "after": after })).await;
        for id in &payments {
            client.wait_for_status(id, &["SUCCEEDED", "FAILED"]).await;
        }
        let head: i64 = client.head().await.parse().expect("a number");
        while heard.last() != Some(&head) {
            heard.push(number(&subscription.next().await, "/paymentsUpdated/sequence"));
        }
        assert_eq!(heard, (1..=head).collect::<Vec<_>>());
    }
}

on_both_databases! {
    with [("BILLPAY_WORKER__ENABLED", "false")]
    async fn who_begins_after_a_failover_hears_the_log_as_it_is_though_another_has_heard_it_otherwise(app: TestApp) {
        let client = app.admin();
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        pay_without_waiting(&client, "1111111").await;
        let mut before = client.subscribe(ALL, json!({ "after": "0" })).await;
        assert_eq!(number(&before.next().await, "/paymentsUpdated/sequence"), 1);
        // Heard live, so that it is kept for all who follow.
        pay_without_waiting(&client, "2222222").await;
        assert_eq!(text(&before.next().await, "/paymentsUpdated/status"), "READY");
        // A replica took over that had not got the last event; its log has grown by another since.
        app.execute("UPDATE events SET status = 'CANCELLED' WHERE sequence = 2").await;
        let mut behind = client.subscribe(ALL, json!({ "after": "1" })).await;
        let heard = behind.next().await["paymentsUpdated"].take();
        assert_eq!((number(&heard, "/sequence"), text(&heard, "/status")), (2, "CANCELLED"));
    }
}

on_both_databases! {
    with [("BILLPAY_WORKER__ENABLED", "false")]
    async fn who_begins_after_a_failover_hears_what_lies_further_back_as_it_is(app: TestApp) {
        let client = app.admin();
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        for account in ["1111111", "2222222", "3333333"] {
            pay_without_waiting(&client, account).await;
        }
        let from_the_beginning = json!({ "after": "0" });
        // Neither hears it live: it is read once for both, if nothing happens meanwhile.
        let mut before = client.subscribe(ALL, from_the_beginning.clone()).await;
        for sequence in 1..=3 {
            assert_eq!(number(&before.next().await, "/paymentsUpdated/sequence"), sequence);
        }
        app.execute("UPDATE events SET status = 'CANCELLED' WHERE sequence > 1").await;
        let mut behind = client.subscribe(ALL, from_the_beginning).await;
        for status in ["READY", "CANCELLED", "CANCELLED"] {
            assert_eq!(text(&behind.next().await, "/paymentsUpdated/status"), status);
        }
    }
}

on_both_databases! {
    with [("BILLPAY_WORKER__ENABLED", "false")]
    async fn who_has_heard_more_than_the_log_holds_is_told_so_by_every_way(app: TestApp) {
        let client = app.admin();
        app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
        for account in ["1111111", "2222222", "3333333"] {
            pay_without_waiting(&client, account).await;
        }
        // An older backup was put back.
        app.execute("DELETE FROM events WHERE sequence > 1").await;
        app.execute("UPDATE event_heads SET sequence = 1").await;
        let page = "query ($after: Sequence) { events(after: $after) { head } }";
        for after in ["2", "3", "500", "9223372036854775807"] {
            let variables = json!({ "after": after });
            let errors = client.subscribe(ALL, variables.clone()).await.refusal().await;
            let told = (text(&errors, "/0/extensions/code"), text(&errors, "/0/extensions/oldest"));
            assert_eq!(told, ("RESYNC_REQUIRED", "1"), "{after}: {errors}");
            assert_eq!(client.refused(page, variables.clone()).await, "RESYNC_REQUIRED", "{after}");
            for accept in ["text/event-stream", "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0"] {
                let request = app.http().post(app.url("/graphql")).bearer_auth(app.token(TENANT, USER));
                let request = request.header("accept", accept).json(&json!({ "query": ALL, "variables": variables }));
                // A stream that went on would have no end in time.
                let body = request.send().await.expect("an answer").text().await.expect("a stream that ends");
                assert!(body.contains("RESYNC_REQUIRED"), "{accept}: {body}");
            }
        }
        let mut heard = client.subscribe(ALL, json!({ "after": "1" })).await;
        pay_without_waiting(&client, "5555555").await;
        assert_eq!(number(&heard.next().await, "/paymentsUpdated/sequence"), 2, "the end is no gap");
    }
}

on_both_databases! {
    async fn one_payment_is_heard_from_its_beginning(app: TestApp) {
        let client = app.admin();
        let other = client.pay_until("1111111", &["SUCCEEDED"]).await;
        let payment = client.pay_until("4444444", &["FAILED"]).await;
        let mut heard = client.subscribe(ONE, json!({ "id": payment["id"] })).await;
        let events = heard.until_status("paymentUpdated", "FAILED").await;
        assert_eq!(statuses_of(&events), ["READY", "SUBMITTING", "PENDING", "FAILED"]);
        assert!(events.iter().all(|event| event["payment"]["id"] == payment["id"]));
        assert_eq!(text(&events[0], "/payment/status"), "FAILED", "`payment` is the present one");
        let second = sequences(&events)[1].to_string();
        let mut resumed = client.subscribe(ONE, json!({ "id": payment["id"], "after": second })).await;
        let rest = resumed.until_status("paymentUpdated", "FAILED").await;
        assert_eq!(statuses_of(&rest), ["PENDING", "FAILED"]);
        let mut first = client.subscribe(ONE, json!({ "id": other["id"], "after": "0" })).await;
        assert_eq!(number(&first.next().await, "/paymentUpdated/version"), 1);
    }
}

on_both_databases! {
    async fn two_subscribers_hear_the_same(app: TestApp) {
        let client = app.admin();
        let after = json!({ "after": client.head().await });
        let mut one = client.subscribe(ALL, after.clone()).await;
        let mut other = app.client(TENANT, USER).subscribe(ALL, after).await;
        pay_without_waiting(&client, "1111111").await;
        let (one, other) = tokio::join!(
            one.until_status("paymentsUpdated", "SUCCEEDED"),
            other.until_status("paymentsUpdated", "SUCCEEDED")
        );
        assert_eq!(one, other);
    }
}

on_both_databases! {
    async fn a_filter_by_status_is_of_the_event(app: TestApp) {
        let client = app.admin();
        let filter = json!({ "statuses": ["PENDING", "SUCCEEDED"] });
        let mut heard = client.subscribe(ALL, json!({ "after": "0", "filter": filter })).await;
        client.pay_until("2222222", &["SUCCEEDED"]).await;
        let events = heard.until_status("paymentsUpdated", "SUCCEEDED").await;
        assert_eq!(statuses_of(&events), ["PENDING", "SUCCEEDED"]);
    }
}

on_both_databases! {
    async fn every_event_of_the_tenant_is_heard_in_one_stream(app: TestApp) {
        let client = app.admin();
        let document = "subscription { events(after: \"0\") { sequence type ... on PaymentEvent { status } } }";
        let mut heard = client.subscribe(document, json!({})).await;
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["saveBillNumber"] = json!(true);
        client.create(input).await;
        let mut types = Vec::new();
        let mut sequences = Vec::new();
        while types.last().map(String::as_str) != Some("PAYMENT_SUCCEEDED") {
            let event = heard.next().await["events"].take();
            types.push(text(&event, "/type").to_owned());
            sequences.push(number(&event, "/sequence"));
        }
        assert_eq!(types[..2], ["BILL_NUMBER_SAVED", "PAYMENT_CREATED"]);
        let last = i64::try_from(types.len()).expect("a length");
        assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
    }
}

on_both_databases! {
    async fn a_customer_hears_of_its_own_payments_only(app: TestApp) {
        let one = app.client_with(&app.token_for_customer(TENANT, "customer-1", USER));
        let other = app.client_with(&app.token_for_customer(TENANT, "customer-2", USER));
        let mut heard = other.subscribe(ALL, json!({ "after": "0" })).await;
        one.pay_until("1111111", &["SUCCEEDED"]).await;
        let own = other.pay_until("3333333", &["FAILED"]).await;
        let events = heard.until_status("paymentsUpdated", "FAILED").await;
        assert!(events.iter().all(|event| event["payment"]["id"] == own["id"]), "{events:?}");
        assert_eq!(events.len(), 3);
    }
}

on_both_databases! {
    async fn another_tenant_hears_nothing_of_it(app: TestApp) {
        let (ours, theirs) = (app.admin(), app.client("umbrella", USER));
        let mut heard = theirs.subscribe(ALL, json!({ "after": "0" })).await;
        ours.pay_until("1111111", &["SUCCEEDED"]).await;
        let own = theirs.pay_until("3333333", &["FAILED"]).await;
        let events = heard.until_status("paymentsUpdated", "FAILED").await;
        assert!(events.iter().all(|event| event["payment"]["id"] == own["id"]), "{events:?}");
        assert_eq!(sequences(&events), [1, 2, 3], "each tenant's log is numbered for itself");
    }
}

on_both_databases! {
    async fn a_subscription_needs_its_scope(app: TestApp) {
        let mut refused = app.client(TENANT, "billers:read").subscribe(ALL, json!({})).await;
        assert_eq!(text(&refused.refusal().await, "/0/extensions/code"), "FORBIDDEN");
    }
}
