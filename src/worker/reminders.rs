//! Reminders: tells of due dates, at the start and then once a minute.
//!
//! The minute is one of the injected clock, which the days go by too; the pause between two looks at that clock is the
//! worker's usual one. It does not matter who looks, nor how often: a reminder is told once.

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{WorkerOptions, pause};
use crate::app::App;

/// How often reminders are looked for.
const EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Runs until the stop.
pub(super) async fn run(app: App, options: WorkerOptions, shutdown: CancellationToken) {
    let mut looked_at: Option<Timestamp> = None;
    while !shutdown.is_cancelled() {
        let now = app.clock.now();
        // A clock that was put back is no reason to wait until it has caught up.
        if looked_at.is_none_or(|before| now.duration_since(before).abs() >= EVERY) {
            looked_at = Some(now);
            run_once(&app).await;
        }
        pause(options.poll_interval, &shutdown).await;
    }
}

async fn run_once(app: &App) {
    match app.remind().await {
        Ok(0) => {}
        Ok(told) => tracing::info!(told, "reminders told"),
        Err(error) => tracing::warn!(%error, "reminders could not be told; they are looked for again in a minute"),
    }
}
