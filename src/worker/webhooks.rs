//! Webhooks: claims endpoints that have something to send and gives each its turn.
//!
//! Woken by commits of this process and of others, and by time. An endpoint that has nothing to send costs nothing but
//! its part of one statement a second. Who takes long to answer holds up nobody else: there is room for many at once,
//! of which one tenant never has all, and whoever was slow once stands in line again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pause;
use crate::app::App;
use crate::app::webhooks::ClaimedLane;
use crate::store::StoreError;

/// How often it looks when nothing wakes it.
const LOOK: Duration = Duration::from_secs(1);
/// How many endpoints have their turn at once in this process. A turn takes no thread, and most of it waits.
const AT_ONCE: usize = 64;
/// How long commits are gathered before it looks: many may concern one endpoint.
const GATHER: Duration = Duration::from_millis(20);

/// Runs until the stop, and then until every request that was begun has ended.
pub(super) async fn run(app: App, shutdown: CancellationToken) {
    if !app.delivers_webhooks() {
        return;
    }
    let turns = TaskTracker::new();
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    while !shutdown.is_cancelled() {
        if let Err(error) = run_once(&app, &permits, &turns, &shutdown).await {
            tracing::error!(%error, "the worker could not look for webhooks to deliver");
            pause(LOOK, &shutdown).await;
        }
        tokio::select! {
            () = app.store.heads().deliveries() => pause(GATHER, &shutdown).await,
            () = tokio::time::sleep(LOOK) => {}
            () = shutdown.cancelled() => {}
        }
    }
    turns.close();
    turns.wait().await;
}

/// Claims as many lanes as there is room for, and gives each its turn in a task of its own.
async fn run_once(
    app: &App,
    permits: &Arc<Semaphore>,
    turns: &TaskTracker,
    shutdown: &CancellationToken,
) -> Result<(), StoreError> {
    let room = permits.available_permits();
    // A turn that ends nudges.
    if room == 0 || !app.store.webhooks_due().await? {
        return Ok(());
    }
    for claimed in app.claim_lanes(room as u64).await? {
        let Ok(permit) = permits.clone().acquire_owned().await else { return Ok(()) };
        let (app, shutdown) = (app.clone(), shutdown.clone());
        turns.spawn(async move {
            let nudges = take_turn(&app, claimed, &shutdown).await;
            drop(permit);
            if nudges {
                app.store.heads().nudge_deliveries();
            }
        });
    }
    Ok(())
}

/// Whether there may be more to do at once. A turn that fails or panics leaves its lease to run out.
async fn take_turn(app: &App, claimed: ClaimedLane, shutdown: &CancellationToken) -> bool {
    let id = claimed.id();
    match AssertUnwindSafe(app.deliver(claimed, shutdown)).catch_unwind().await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(webhook_endpoint.id = %id, %error, "webhooks could not be delivered");
            false
        }
        Err(_panic) => {
            tracing::error!(webhook_endpoint.id = %id, "the delivery of webhooks panicked");
            false
        }
    }
}
