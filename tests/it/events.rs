//! The log: gap-free, paged by sequence.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{list, number, on_both_databases, text};

const PAGE: &str = "query ($after: Sequence, $first: Int, $filter: EventFilter) {
    events(after: $after, first: $first, filter: $filter) {
        head nodes { sequence type ... on PaymentEvent { version status payment { id } } }
        pageInfo { hasNextPage endCursor } } }";

/// Every event that pages of `size` give, read on from the last sequence each time.
async fn read_all(client: &Client, size: u32) -> Vec<Value> {
    let mut events = Vec::new();
    let mut after = Value::Null;
    loop {
        let page = client.data(PAGE, json!({ "after": after, "first": size })).await["events"].take();
        events.extend_from_slice(list(&page, "/nodes"));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            assert_eq!(page["head"], after, "the last event is the head");
            return events;
        }
        assert_eq!(list(&page, "/nodes").len(), usize::try_from(size).expect("a size"));
    }
}

/// Pays twenty accounts at once and waits until all are paid.
async fn pay_twenty(client: &Client) {
    let biller = client.biller(KPLC).await;
    let paid = join_all((0..20).map(|account| {
        let input = payment_input(&biller, &format!("90000{account:02}"), "15");
        client.create(input)
    }))
    .await;
    for payload in &paid {
        client.wait_for_status(text(payload, "/payment/id"), &["SUCCEEDED"]).await;
    }
}

on_both_databases! {
    async fn sequences_and_versions_have_no_gap_under_twenty_payments_at_once(app: TestApp) {
        let client = app.admin();
        pay_twenty(&client).await;
        let events = read_all(&client, 7).await;
        let sequences: Vec<_> = events.iter().map(|event| number(event, "/sequence")).collect();
        let head: i64 = client.head().await.parse().expect("a number");
        assert_eq!(sequences, (1..=head).collect::<Vec<_>>());
        let mut versions = BTreeMap::<&str, Vec<i64>>::new();
        for event in &events {
            versions.entry(text(event, "/payment/id")).or_default().push(number(event, "/version"));
        }
        assert_eq!(versions.len(), 20);
        for (payment, versions) in versions {
            let last = i64::try_from(versions.len()).expect("a length");
            assert_eq!(versions, (1..=last).collect::<Vec<_>>(), "{payment}");
        }
        assert_eq!(app.effects().await.len(), 20);
    }
}

on_both_databases! {
    async fn the_log_is_read_on_from_any_sequence(app: TestApp) {
        let client = app.admin();
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        let all = read_all(&client, 100).await;
        assert_eq!(all.len(), 4);
        for after in 0..=4 {
            let page = client.data(PAGE, json!({ "after": after.to_string() })).await;
            assert_eq!(list(&page, "/events/nodes"), &all[after..], "after {after}");
            assert_eq!(text(&page, "/events/head"), "4");
        }
    }
}

on_both_databases! {
    async fn a_filter_leaves_what_is_wanted(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1111111", &["SUCCEEDED"]).await;
        client.pay_until("3333333", &["FAILED"]).await;
        let filter = json!({ "types": ["PAYMENT_SUCCEEDED", "PAYMENT_FAILED"] });
        let ends = client.data(PAGE, json!({ "filter": filter })).await;
        let statuses: Vec<_> = list(&ends, "/events/nodes").iter().map(|event| text(event, "/status")).collect();
        assert_eq!(statuses, ["SUCCEEDED", "FAILED"]);
        let one = client.data(PAGE, json!({ "filter": { "subjectId": payment["id"] } })).await;
        assert_eq!(list(&one, "/events/nodes").len(), 4);
        assert_eq!(text(&one, "/events/head"), "7", "the head is the log's");
    }
}

on_both_databases! {
    async fn a_sequence_without_the_form_of_one_is_refused(app: TestApp) {
        let client = app.admin();
        for after in [json!("-1"), json!("1.5"), json!("x"), json!(""), json!("99999999999999999999")] {
            assert_eq!(client.refused(PAGE, json!({ "after": after })).await, "BAD_USER_INPUT", "{after}");
        }
    }
}

on_both_databases! {
    async fn the_log_is_read_from_its_end_too(app: TestApp) {
        let client = app.admin();
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        let document = "query ($first: Int, $after: Sequence, $last: Int, $before: Sequence) {
            events(first: $first, after: $after, last: $last, before: $before) {
                nodes { sequence } pageInfo { hasPreviousPage hasNextPage } } }";
        for (page, wanted, has_previous, has_next) in [
            (json!({ "last": 2 }), &["3", "4"][..], true, false),
            (json!({ "last": 2, "before": "4" }), &["2", "3"], true, true),
            (json!({ "last": 9, "before": "3" }), &["1", "2"], false, true),
            (json!({ "first": 1, "after": "1", "before": "4" }), &["2"], true, true),
            (json!({ "last": 5, "after": "3" }), &["4"], false, false),
        ] {
            let found = client.data(document, page.clone()).await;
            let sequences: Vec<_> = list(&found, "/events/nodes").iter().map(|event| text(event, "/sequence")).collect();
            assert_eq!(sequences, wanted, "{page}");
            let ends = json!({ "hasPreviousPage": has_previous, "hasNextPage": has_next });
            assert_eq!(found["events"]["pageInfo"], ends, "{page}");
        }
        assert_eq!(client.refused(document, json!({ "first": 1, "last": 1 })).await, "BAD_USER_INPUT");
    }
}
