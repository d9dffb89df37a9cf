//! A3: receivers that take long hold up their own endpoints, and nobody else's.

use std::time::Duration;

use serde_json::{Value, json};

use super::endpoint::{create, done, keeper, schedule, scopes, wait_until_told};
use super::{KEY, TRIAL};
use crate::support::on_both_databases;
use crate::support::receiver::{Receiver, Reply};

/// How many endpoints of its own a tenant may have.
const MOST_ENDPOINTS: usize = 20;
/// How many of them have their turn at once where nobody else has any: a quarter of all turns.
const SHARE: usize = 16;
/// An answer is then waited for as long as ever: 15 seconds.
const LEASE: (&str, &str) = ("BILLPAY_WORKER__LEASE", "30s");
/// Longer than an attempt may take with more behind it in its turn.
const SLOW: Duration = Duration::from_millis(2_300);

on_both_databases! {
    with [KEY, TRIAL, LEASE]
    async fn a3_one_tenants_slow_receivers_hold_up_no_other_tenant(app: TestApp) {
        let (slow, swift) = (Receiver::start().await, Receiver::start().await);
        slow.always(Reply::Hang);
        let (client, other) = (keeper(&app), app.client("umbrella", &scopes()));
        for place in 0..MOST_ENDPOINTS {
            create(&client, json!({ "url": slow.url(&format!("/{place}")) })).await;
        }
        create(&other, json!({ "url": swift.url("/") })).await;
        schedule(&app, &client, &[]).await;
        slow.wait_for(SHARE).await;
        schedule(&app, &other, &[]).await;
        swift.wait_for(1).await;
        // An attempt that ends is recorded before its room is another's.
        let ended = app.scalar("SELECT count(*) FROM webhook_deliveries").await;
        assert_eq!(ended, 0, "it had to wait until a slow receiver was hung up on");
        assert_eq!(slow.received().len(), SHARE, "a tenant has its share of the turns");
    }
}

on_both_databases! {
    with [KEY, TRIAL, LEASE]
    async fn a3_a_slow_answer_ends_its_turn(app: TestApp) {
        let receiver = Receiver::start().await;
        receiver.always(Reply::Slow(SLOW));
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let switch = async |on: bool| -> Value {
            let input = json!({ "webhookEndpointId": made.id, "enabled": on });
            done(&client, "updateWebhookEndpoint", "__typename", input).await
        };
        switch(false).await;
        for _ in 0..2 {
            schedule(&app, &client, &[]).await;
        }
        switch(true).await;
        wait_until_told(&app, &made.id).await;
        assert_eq!(receiver.taken().len(), 2);
        // Each change by a person raises it, and each turn.
        let turns = app.scalar("SELECT fence FROM webhook_endpoints").await - 2;
        assert_eq!(turns, 2, "one for each slow answer");
    }
}
