//! Submissions: claims what is due and carries each a step further.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::WorkerOptions;
use crate::app::App;
use crate::app::engine::{Claimed, Found};
use crate::store::StoreError;
use crate::telemetry::spans;

/// Once in so many looks at all that is due what was never sent is not taken first, so that it cannot hold up what is to
/// be looked up.
const FAIR_TURN: u64 = 4;
/// How long there is between two of those looks: what was never sent is taken meanwhile.
const GATHER: Duration = Duration::from_millis(20);

/// Runs until the stop, and then until every step that was begun has ended.
pub(super) async fn run(app: App, options: WorkerOptions, shutdown: CancellationToken) {
    let mut steps = Steps::new(app.clone(), options.concurrency);
    while !shutdown.is_cancelled() {
        let rest = match steps.begin_due(&shutdown).await {
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
    steps.under_way.close();
    steps.under_way.wait().await;
}

/// The steps that are under way, and how many more there may be.
struct Steps {
    app: App,
    permits: Arc<Semaphore>,
    under_way: TaskTracker,
    /// Whether something may be due for which there was no room.
    is_short: Arc<AtomicBool>,
    looks: u64,
    looked_at: Option<Instant>,
}

impl Steps {
    fn new(app: App, concurrency: usize) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency));
        Self { app, permits, under_way: TaskTracker::new(), is_short: Arc::default(), looks: 0, looked_at: None }
    }

    /// Begins as much as is due and there is room for; tells how long nothing will be due. A stop ends it before the next
    /// claim, also where there is always more to do.
    async fn begin_due(&mut self, shutdown: &CancellationToken) -> Result<Option<Duration>, StoreError> {
        while !shutdown.is_cancelled() {
            // Set before the room is looked at: a step that ends between the two nudges in vain, and never fails to.
            self.is_short.store(true, Ordering::Release);
            if self.room() == 0 {
                // A step that ends nudges.
                return Ok(None);
            }
            let too_soon = self.looked_at.and_then(|at| GATHER.checked_sub(at.elapsed()));
            self.looks += 1;
            if too_soon.is_some() || !self.looks.is_multiple_of(FAIR_TURN) {
                let unsent = self.app.claim_unsent(self.room()).await?;
                self.begin(unsent).await;
            }
            if self.room() == 0 {
                return Ok(None);
            }
            if too_soon.is_some() {
                self.is_short.store(false, Ordering::Release);
                return Ok(too_soon);
            }
            let due_in = self.app.store.next_due_in().await?;
            if due_in != Some(Duration::ZERO) {
                self.looked_at = Some(Instant::now());
                self.is_short.store(false, Ordering::Release);
                return Ok(due_in);
            }
            let claimed = self.app.claim(self.room()).await?;
            if claimed.is_empty() {
                // Others were faster.
                return Ok(Some(Duration::from_millis(50)));
            }
            self.begin(claimed).await;
        }
        Ok(None)
    }

    fn room(&self) -> u64 {
        self.permits.available_permits() as u64
    }

    /// Begins a step for each, in a task of its own.
    async fn begin(&self, claimed: Vec<Claimed>) {
        // Where it cannot be found now, each step looks for itself.
        let mut found = self.app.find(&claimed).await.unwrap_or_default();
        for claimed in claimed {
            let Ok(permit) = self.permits.clone().acquire_owned().await else { return };
            let found = found.remove(&claimed.submission.id);
            let (app, is_short) = (self.app.clone(), Arc::clone(&self.is_short));
            self.under_way.spawn(async move {
                advance(&app, &claimed, found).await;
                drop(permit);
                if is_short.load(Ordering::Acquire) {
                    app.store.heads().nudge_work();
                }
            });
        }
    }
}

/// A step that fails or panics leaves its lease to run out; the row comes due again by itself.
async fn advance(app: &App, claimed: &Claimed, found: Option<Found>) {
    let submission = &claimed.submission;
    let span = spans::step(&submission.id, submission.provider.as_str());
    match AssertUnwindSafe(app.advance(claimed, found)).catch_unwind().instrument(span.clone()).await {
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
