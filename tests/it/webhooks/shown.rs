//! What is shown of endpoints and their deliveries, to whom, and within which bounds.

use std::time::Duration;

use serde_json::{Value, json};

use super::endpoint::{
    WHOLE, ask, callbacks_endpoint, create, done, endpoint, keeper, refused, schedule, scopes, wait_for,
    wait_until_told,
};
use super::{KEY, TRIAL};
use crate::support::app::{ALL, TENANT};
use crate::support::receiver::{Receiver, Reply};
use crate::support::{list, number, on_both_databases, text};

/// How many endpoints of its own a tenant may have.
const MOST_ENDPOINTS: usize = 20;
/// Many in one moment, so that an order by chance is seldom the right one.
const DELIVERIES: usize = 8;

on_both_databases! {
    with [KEY, TRIAL]
    async fn endpoints_are_listed_newest_first_from_both_ends(app: TestApp) {
        let client = keeper(&app);
        let mut ids = Vec::new();
        for place in 0..MOST_ENDPOINTS {
            // Ids of the same millisecond stand in no order.
            app.clock().advance(Duration::from_millis(2));
            ids.push(create(&client, json!({ "url": format!("http://127.0.0.1/{place}") })).await.id);
        }
        ids.reverse();
        let again = json!({ "url": "http://127.0.0.1/more" });
        assert_eq!(refused(&client, "createWebhookEndpoint", again.clone()).await.1, "input", "twenty at most");
        done(&client, "removeWebhookEndpoint", "__typename", json!({ "webhookEndpointId": ids.remove(3) })).await;
        let document = "query ($first: Int, $after: String, $last: Int, $before: String) {
            webhookEndpoints(first: $first, after: $after, last: $last, before: $before) {
                nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }";
        let page = async |arguments: Value| {
            let mut data = client.data(document, arguments).await;
            let ids: Vec<String> =
                list(&data, "/webhookEndpoints/nodes").iter().map(|node| text(node, "/id").to_owned()).collect();
            (ids, data["webhookEndpoints"]["pageInfo"].take())
        };
        let (first, info) = page(json!({ "first": 10 })).await;
        assert_eq!((first.as_slice(), &info["hasNextPage"]), (&ids[..10], &json!(true)));
        let (rest, info) = page(json!({ "after": info["endCursor"] })).await;
        assert_eq!((rest.as_slice(), &info["hasNextPage"]), (&ids[10..], &json!(false)));
        let (last, info) = page(json!({ "last": 2 })).await;
        assert_eq!((last.as_slice(), &info["hasPreviousPage"]), (&ids[17..], &json!(true)));
        create(&client, again).await;
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn deliveries_are_listed_by_state_and_found_by_their_ids(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        receiver.next(Reply::Status(410));
        let paid = schedule(&app, &client, &[("callbackUrl", json!(receiver.url("/gone")))]).await;
        let callbacks = callbacks_endpoint(&app).await;
        receiver.wait_for(1).await;
        schedule(&app, &client, &[("callbackUrl", json!(receiver.url("/here")))]).await;
        receiver.wait_for(2).await;
        let are_done = |found: &Value| {
            let all = list(found, "/deliveries/nodes");
            all.len() == 2 && all.iter().all(|delivery| delivery["state"] != "WAITING")
        };
        let found = wait_for(&app, &callbacks, "both", are_done).await;
        let document = "query ($id: ID!, $state: WebhookDeliveryState, $first: Int, $after: String) { node(id: $id) {
            ... on WebhookEndpoint { deliveries(filter: { state: $state }, first: $first, after: $after) {
                nodes { id state } pageInfo { hasNextPage endCursor } } } } }";
        let by = async |variables: Value| {
            let mut variables = variables;
            variables["id"] = json!(callbacks);
            client.data(document, variables).await["node"]["deliveries"].take()
        };
        for (state, count) in [("DEAD", 1), ("DELIVERED", 1), ("WAITING", 0)] {
            let listed = by(json!({ "state": state })).await;
            let states: Vec<&str> = list(&listed, "/nodes").iter().map(|delivery| text(delivery, "/state")).collect();
            assert_eq!(states, vec![state; count]);
        }
        let first = by(json!({ "first": 1 })).await;
        let second = by(json!({ "first": 1, "after": first["pageInfo"]["endCursor"] })).await;
        let both: Vec<&Value> = [&first, &second].map(|page| &page["nodes"][0]["id"]).to_vec();
        let all: Vec<&Value> = list(&found, "/deliveries/nodes").iter().map(|delivery| &delivery["id"]).collect();
        assert_eq!(both, all);
        let dead = by(json!({ "state": "DEAD" })).await;
        let node = "query ($id: ID!) { node(id: $id) { ... on WebhookDelivery { httpStatus payment { id } } } }";
        let shown = client.data(node, json!({ "id": dead["nodes"][0]["id"] })).await;
        assert_eq!((&shown["node"]["payment"]["id"], number(&shown, "/node/httpStatus")), (&paid["id"], 410));
        let narrow = app.client(TENANT, "webhooks:write");
        let shown = narrow.query(node, json!({ "id": dead["nodes"][0]["id"] })).await;
        assert_eq!(text(&shown, "/errors/0/extensions/code"), "FORBIDDEN", "a payment needs its own scope: {shown}");
        assert_eq!((&shown["data"]["node"]["payment"], number(&shown, "/data/node/httpStatus")), (&Value::Null, 410));
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn deliveries_stand_in_the_order_of_the_log_however_fast_they_were_made(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let url = [("callbackUrl", json!(receiver.url("/")))];
        schedule(&app, &client, &url).await;
        let callbacks = callbacks_endpoint(&app).await;
        let switch = async |on: bool| {
            let input = json!({ "webhookEndpointId": callbacks, "enabled": on });
            done(&client, "updateWebhookEndpoint", "__typename", input).await
        };
        // What happens meanwhile is made deliveries all at once.
        switch(false).await;
        for _ in 1..DELIVERIES {
            schedule(&app, &client, &url).await;
        }
        switch(true).await;
        let are_done = |found: &Value| {
            let all = list(found, "/deliveries/nodes");
            all.len() == DELIVERIES && all.iter().all(|delivery| delivery["state"] == "DELIVERED")
        };
        let found = wait_for(&app, &callbacks, "all to be called", are_done).await;
        let all: Vec<i64> = list(&found, "/deliveries/nodes").iter().map(|one| number(one, "/sequence")).collect();
        assert!(all.is_sorted_by(|newer, older| newer > older), "{all:?}");
        let document = "query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $id) {
            ... on WebhookEndpoint { deliveries(
                filter: { state: DELIVERED }, first: $first, after: $after, last: $last, before: $before
            ) { nodes { sequence } pageInfo { hasNextPage endCursor } } } } }";
        let page = async |variables: Value| {
            let mut variables = variables;
            variables["id"] = json!(callbacks);
            let page = client.data(document, variables).await["node"]["deliveries"].take();
            let told: Vec<i64> = list(&page, "/nodes").iter().map(|one| number(one, "/sequence")).collect();
            (told, page)
        };
        let (mut paged, mut after) = (Vec::new(), Value::Null);
        while paged.len() < DELIVERIES {
            let (told, found) = page(json!({ "first": 3, "after": after })).await;
            paged.extend(told);
            after = found["pageInfo"]["endCursor"].clone();
            assert_eq!(found["pageInfo"]["hasNextPage"], json!(paged.len() < DELIVERIES));
        }
        assert_eq!(paged, all);
        let (last, _) = page(json!({ "last": 2, "before": after })).await;
        assert_eq!(last, all[DELIVERIES - 3..DELIVERIES - 1]);
        for cursor in ["whd_01m80g5rxcfq9s4swzcexz6v59", "", "newest"] {
            let variables = json!({ "id": callbacks, "after": cursor });
            assert_eq!(client.refused(document, variables).await, "BAD_USER_INPUT", "{cursor}");
        }
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn everything_needs_its_scope_and_another_tenants_endpoint_is_none(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let plain = app.client(TENANT, ALL);
        assert_eq!(plain.refused("{ webhookEndpoints { nodes { id } } }", json!({})).await, "FORBIDDEN");
        let node = "query ($id: ID!) { node(id: $id) { id } }";
        assert_eq!(plain.refused(node, json!({ "id": made.id })).await, "FORBIDDEN");
        let stranger = app.client("umbrella", &scopes());
        assert_eq!(stranger.data(node, json!({ "id": made.id })).await["node"], Value::Null);
        for (mutation, more) in [
            ("updateWebhookEndpoint", json!({ "enabled": false })),
            ("removeWebhookEndpoint", json!({})),
            ("rotateWebhookSecret", json!({})),
            ("sendTestWebhook", json!({})),
            ("replayWebhooks", json!({ "from": "1" })),
        ] {
            let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
            let document = format!("mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ __typename }} }}");
            let mut input = more;
            input["webhookEndpointId"] = json!(made.id);
            assert_eq!(plain.refused(&document, json!({ "input": input })).await, "FORBIDDEN", "{mutation}");
            let theirs = ask(&stranger, mutation, "__typename", input.clone()).await;
            input["webhookEndpointId"] = json!("whe_01m80g5rxcfq9s4swzcexz6v59");
            assert_eq!(theirs, ask(&stranger, mutation, "__typename", input).await, "{mutation}");
            assert_eq!(text(&theirs, "/errors/0/code"), "NOT_FOUND", "{mutation}");
        }
        assert_eq!(receiver.received().len(), 0);
        assert_eq!(text(&endpoint(&app, &made.id).await, "/state"), "ACTIVE");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn what_is_absent_from_an_update_stays(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let types = json!(["PAYMENT_FAILED"]);
        let input = json!({ "url": receiver.url("/"), "description": "  The shop ", "eventTypes": types });
        let made = create(&client, input).await;
        let update = async |more: Value| {
            let mut input = more;
            input["webhookEndpointId"] = json!(made.id);
            done(&client, "updateWebhookEndpoint", WHOLE, input).await["webhookEndpoint"].take()
        };
        let same = update(json!({})).await;
        assert_eq!((text(&same, "/description"), &same["eventTypes"]), ("The shop", &types));
        assert_eq!((text(&same, "/url"), &same["enabled"]), (receiver.url("/").as_str(), &json!(true)));
        let bare = update(json!({ "description": null, "url": null, "eventTypes": null, "enabled": null })).await;
        assert_eq!((&bare["description"], &bare["eventTypes"], &bare["url"]), (&Value::Null, &types, &same["url"]));
        let long = "x".repeat(201);
        let input = json!({ "webhookEndpointId": made.id, "description": long, "url": "mailto:someone@example.com" });
        let payload = ask(&client, "updateWebhookEndpoint", "__typename", input).await;
        let places: Vec<&Value> = list(&payload, "/errors").iter().map(|error| &error["path"]).collect();
        assert_eq!(places, [&json!(["input", "url"]), &json!(["input", "description"])], "all at once");
        assert_eq!(text(&wait_until_told(&app, &made.id).await, "/url"), receiver.url("/"));
    }
}

on_both_databases! {
    with [KEY, TRIAL, ("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "4")]
    async fn m10_what_is_sent_on_request_counts_as_what_is_made(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let types = json!(["PAYMENT_FAILED", "PAYMENT_SUCCEEDED", "PAYMENT_CREATED", "PAYMENT_PENDING"]);
        let made = create(&client, json!({ "url": receiver.url("/"), "eventTypes": types })).await;
        let test = "mutation ($id: ID!) { sendTestWebhook(input: { webhookEndpointId: $id }) { delivered } }";
        for _ in 0..3 {
            assert_eq!(client.data(test, json!({ "id": made.id })).await["sendTestWebhook"]["delivered"], true);
        }
        assert_eq!(client.refused(test, json!({ "id": made.id })).await, "RATE_LIMITED");
        assert_eq!(receiver.received().len(), 3);
    }
}
