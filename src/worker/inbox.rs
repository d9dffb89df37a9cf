//! The inbox: callbacks that came before their payment was known are tried again.
//!
//! All of them, at each later callback that this process stores, and in any case every quarter of a minute. Callbacks
//! that come close together are one reason to try, not many.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::app::App;

const EVERY: Duration = Duration::from_secs(15);
/// How long callbacks are gathered before those that wait are tried again.
const GATHER: Duration = Duration::from_secs(1);

/// Runs until the stop.
pub(super) async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = app.callbacks.notified() => pause(GATHER, &shutdown).await,
            () = pause(EVERY, &shutdown) => {}
        }
        for &provider in app.providers.keys() {
            match app.match_callbacks(provider).await {
                Ok(0) => {}
                Ok(matched) => tracing::info!(provider.name = %provider, matched, "callbacks found their payments"),
                Err(error) => tracing::warn!(provider.name = %provider, %error, "the inbox could not be read"),
            }
        }
    }
}
