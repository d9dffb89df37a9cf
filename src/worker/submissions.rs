//! Submissions: claims what is due and carries each a step further.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::WorkerOptions;
use crate::app::App;
use crate::app::engine::{Claimed, Places};
use crate::store::StoreError;

/// Once in so many looks at all that is due what was never sent is not taken first, so that it cannot hold up what is to
/// be looked up.
const FAIR_TURN: u64 = 4;
/// How long there is between two of those looks: what was never sent is taken meanwhile.
const GATHER: Duration = Duration::from_millis(20);

/// Runs until the stop, and then until every step that was begun has ended.
pub(super) async fn run(app: App, options: WorkerOptions, shutdown: CancellationToken) {
    app.steps.open();
    let mut worker = Worker { app: app.clone(), looks: 0, looked_at: None };
    while !shutdown.is_cancelled() {
        let rest = match worker.begin_due(&shutdown).await {
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
    app.steps.close().await;
}

struct Worker {
    app: App,
    looks: u64,
    looked_at: Option<Instant>,
}

impl Worker {
    /// Begins as much as is due and there is room for; tells how long nothing will be due. A stop ends it before the next
    /// claim, also where there is always more to do.
    async fn begin_due(&mut self, shutdown: &CancellationToken) -> Result<Option<Duration>, StoreError> {
        while !shutdown.is_cancelled() {
            // Said before the room is looked at: a step that ends between the two nudges in vain, and never fails to.
            self.app.steps.set_short(true);
            let mut places = self.app.steps.places();
            if places.is_empty() {
                // A step that ends nudges.
                return Ok(None);
            }
            let too_soon = self.looked_at.and_then(|at| GATHER.checked_sub(at.elapsed()));
            self.looks += 1;
            if too_soon.is_some() || !self.looks.is_multiple_of(FAIR_TURN) {
                let unsent = self.app.claim_unsent(places.len()).await?;
                self.begin(unsent, &mut places).await;
                // Else what is to be looked up would have the fair turn alone.
                places.top_up();
            }
            if places.is_empty() {
                return Ok(None);
            }
            if too_soon.is_some() {
                self.app.steps.set_short(false);
                return Ok(too_soon);
            }
            let due_in = self.app.store.next_due_in().await?;
            if due_in != Some(Duration::ZERO) {
                self.looked_at = Some(Instant::now());
                self.app.steps.set_short(false);
                return Ok(due_in);
            }
            let claimed = self.app.claim(places.len()).await?;
            if claimed.is_empty() {
                // Others were faster.
                return Ok(Some(Duration::from_millis(50)));
            }
            self.begin(claimed, &mut places).await;
        }
        Ok(None)
    }

    /// Begins a step for each.
    async fn begin(&self, claimed: Vec<Claimed>, places: &mut Places) {
        // Where it cannot be found now, each step looks for itself.
        let mut found = self.app.find(&claimed).await.unwrap_or_default();
        for claimed in claimed {
            let Some(place) = places.take() else { return };
            let found = found.remove(&claimed.submission.id);
            self.app.begin_step(place, claimed, std::future::ready(found));
        }
    }
}
