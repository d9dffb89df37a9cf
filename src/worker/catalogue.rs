//! The catalogues: fetched when they are missing or a day old, and read again when another process fetched them.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::app::App;

/// How soon a change by another process is noticed.
const NOTICE: Duration = Duration::from_secs(2);
/// How often the age of the catalogues is checked, in notices.
const CHECK_AGE_EVERY: u32 = 30;

/// Runs until the stop.
pub(super) async fn run(app: App, fetches: bool, shutdown: CancellationToken) {
    let mut round = 0_u32;
    while !shutdown.is_cancelled() {
        if fetches
            && round.is_multiple_of(CHECK_AGE_EVERY)
            && let Err(error) = app.sync_stale().await
        {
            tracing::warn!(%error, "the catalogues could not be brought up to date");
        }
        if let Err(error) = app.catalogue.refresh(&app.store).await {
            tracing::warn!(%error, "the billers could not be read");
        }
        round = round.wrapping_add(1);
        pause(NOTICE, &shutdown).await;
    }
}
