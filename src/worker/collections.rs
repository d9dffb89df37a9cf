//! The sweep: money that no callback told of is found among the provider's newest payments.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::app::App;

/// How often it is asked whether a sweep is due; the database tells, for all processes.
const LOOK: Duration = Duration::from_secs(2);

/// Runs until the stop.
pub(super) async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match app.sweep_collections().await {
            Ok(0) => {}
            Ok(news) => tracing::info!(news, "the sweep found news of money"),
            Err(error) => tracing::warn!(%error, "the newest payments could not be read"),
        }
        pause(LOOK, &shutdown).await;
    }
}
