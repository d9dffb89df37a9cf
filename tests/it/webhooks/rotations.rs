//! F29 in numbers: a secret is renewed again and again while webhooks are on their way, and a receiver that changes over
//! only when it first sees the new signature refuses none.
//!
//! BILLPAY_TEST_ROTATIONS (100) is how often.

use std::time::Duration;

use serde_json::json;

use super::endpoint::{create, keeper, rotate, schedule, sequences, wait_until_told};
use super::{KEY, TRIAL};
use crate::support::receiver::{Received, Receiver};
use crate::support::{Db, TestApp};

const ROTATIONS: usize = 100;
/// Events on their way while the secret is renewed.
const EVENTS: usize = 5;
/// By then a renewal is no longer the one before it, asked for again.
const SETTLED: Duration = Duration::from_secs(11 * 60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make rows"]
async fn f29_long() {
    let text = std::env::var("BILLPAY_TEST_ROTATIONS").ok().filter(|text| !text.is_empty());
    let rotations = text.map_or(ROTATIONS, |text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}")));
    for db in [Db::Sqlite, Db::Postgres] {
        let app = TestApp::start(db, &[KEY, TRIAL]).await;
        renew_again_and_again(&app, rotations).await;
        app.stop().await;
    }
}

async fn renew_again_and_again(app: &TestApp, rotations: usize) {
    let receiver = Receiver::start().await;
    let made = create(&keeper(app), json!({ "url": receiver.url("/") })).await;
    let (mut held, mut seen, mut refused) = (made.secret.clone(), 0, 0);
    for _ in 0..rotations {
        // A token ends where the clock is moved past it.
        let client = keeper(app);
        let events = async {
            for _ in 0..EVENTS {
                schedule(app, &client, &[]).await;
            }
        };
        let ((), renewed) = tokio::join!(events, rotate(&client, &made.id));
        schedule(app, &client, &[]).await;
        let is_new = |all: &[Received]| all[seen..].iter().any(|one| one.is_signed_by(&renewed));
        let received = receiver.wait_until("a new signature", is_new).await;
        refused += received[seen..].iter().filter(|one| !one.is_signed_by(&held)).count();
        (held, seen) = (renewed, received.len());
        wait_until_told(app, &made.id).await;
        app.clock().advance(SETTLED);
    }
    let received = receiver.received();
    refused += received[seen..].iter().filter(|one| !one.is_signed_by(&held)).count();
    let mut told = sequences(&received);
    // What was under way when the secret was renewed may have come twice.
    told.dedup();
    println!("{rotations} renewals: {} events, {refused} of them refused", told.len());
    assert_eq!(refused, 0);
    assert_eq!(told.len(), rotations * (EVENTS + 1), "each is told");
    assert!(told.is_sorted_by(|one, next| next - one == 1), "all, in order: {told:?}");
}
