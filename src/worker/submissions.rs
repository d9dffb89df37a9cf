//! Submissions: claims what is due and carries each a step further.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::WorkerOptions;
use crate::app::App;
use crate::app::engine::Claimed;
use crate::store::StoreError;
use crate::telemetry::spans;

/// Runs until the stop, and then until every step that was begun has ended.
pub(super) async fn run(app: App, options: WorkerOptions, shutdown: CancellationToken) {
    let steps = TaskTracker::new();
    let permits = Arc::new(Semaphore::new(options.concurrency));
    while !shutdown.is_cancelled() {
        let rest = match run_once(&app, &permits, &steps, &shutdown).await {
            Ok(rest) => rest.map_or(options.poll_interval, |rest| rest.min(options.poll_interval)),
            Err(error) => {
                tracing::error!(%error, "the worker could not look for due work");
                options.poll_interval
            }
        };
        tokio::select! {
            () = app.store.heads().work() => {}
            () = tokio::time::sleep(rest) => {}
            () = shutdown.cancelled() => {}
        }
    }
    steps.close();
    steps.wait().await;
}

/// Claims as much as there is room for; tells how long nothing will be due. A stop ends it before the next claim, also
/// where there is always more to do.
async fn run_once(
    app: &App,
    permits: &Arc<Semaphore>,
    steps: &TaskTracker,
    shutdown: &CancellationToken,
) -> Result<Option<Duration>, StoreError> {
    loop {
        if shutdown.is_cancelled() {
            return Ok(None);
        }
        let due_in = app.store.next_due_in().await?;
        if due_in != Some(Duration::ZERO) {
            return Ok(due_in);
        }
        let room = permits.available_permits();
        if room == 0 {
            // A step that ends nudges.
            return Ok(None);
        }
        let claimed = app.claim(room as u64).await?;
        if claimed.is_empty() {
            // Others were faster.
            return Ok(Some(Duration::from_millis(50)));
        }
        for claimed in claimed {
            let Ok(permit) = permits.clone().acquire_owned().await else { return Ok(None) };
            let app = app.clone();
            steps.spawn(async move {
                advance(&app, &claimed).await;
                drop(permit);
                app.store.heads().nudge_work();
            });
        }
    }
}

/// A step that fails or panics leaves its lease to run out; the row comes due again by itself.
async fn advance(app: &App, claimed: &Claimed) {
    let submission = &claimed.submission;
    let span = spans::step(&submission.id, submission.provider.as_str());
    match AssertUnwindSafe(app.advance(claimed)).catch_unwind().instrument(span.clone()).await {
        Ok(Ok(())) => spans::ended(&span, "stored"),
        Ok(Err(error)) => {
            spans::failed(&span, "not_stored");
            let source = std::error::Error::source(&error).map(tracing::field::display);
            tracing::error!(submission.id = %submission.id, %error, source, "a step could not be stored");
        }
        Err(_panic) => {
            spans::failed(&span, "panicked");
            tracing::error!(submission.id = %submission.id, "a step panicked");
        }
    }
}
