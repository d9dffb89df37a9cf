//! The load: how much waits for each provider, and how much room the disk has, looked at again and again.
//!
//! Every process looks, also one that does no other work: each refuses by what it knows itself.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::app::App;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// So many times as long as looking took, it is left alone.
const REST: u32 = 20;

/// Runs until the stop.
pub(super) async fn run(app: App, shutdown: CancellationToken) {
    let mut rest = EVERY;
    loop {
        pause(rest, &shutdown).await;
        if shutdown.is_cancelled() {
            return;
        }
        let began = Instant::now();
        if let Err(error) = app.refresh_load().await {
            tracing::warn!(%error, "the load could not be looked at");
        }
        rest = EVERY.max(began.elapsed() * REST);
    }
}
