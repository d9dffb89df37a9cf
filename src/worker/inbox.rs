//! The inbox: callbacks that came before their payment was known are tried again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::app::App;

const EVERY: Duration = Duration::from_secs(15);

/// Runs until the stop.
pub(super) async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        pause(EVERY, &shutdown).await;
        for &provider in app.providers.keys() {
            match app.match_callbacks(provider).await {
                Ok(0) => {}
                Ok(matched) => tracing::info!(provider.name = %provider, matched, "callbacks found their payments"),
                Err(error) => tracing::warn!(provider.name = %provider, %error, "the inbox could not be read"),
            }
        }
    }
}
