//! New payments that arrive together are stored together.
//!
//! Purpose: a commit costs the database the same for one payment as for many. Mechanism: whoever has a payment to store
//! stands in a [`Line`], and a drain stores what waits as one batch. Guarantee: each is told after its own commit, and
//! what it would have been told alone; a drain is a task of its own, which nobody who goes away ends.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;

use futures_util::FutureExt;
use metrics::Histogram;

use super::line::{Batch, Joined, Line};
use super::overload::refused;
use super::{App, AppError};
use crate::store::{Created, NewSubmission, StoreError};
use crate::telemetry::metric;

/// What became of a payment.
type Outcome = Result<Created, StoreError>;

/// Found once and kept: finding a figure takes longer than adding to it.
static BATCH_SIZES: LazyLock<Histogram> = LazyLock::new(|| metrics::histogram!(metric::CREATION_BATCH));

/// The payments that wait to be stored.
#[derive(Default)]
pub struct Creations {
    line: Line<NewSubmission, Outcome>,
}

/// Of payments nothing is shown, least of all whose accounts they pay.
impl fmt::Debug for Creations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Creations").finish_non_exhaustive()
    }
}

impl App {
    /// Stores a new payment with those that arrive beside it, unless there is too much to do. Whoever asks tells what
    /// the database could not give.
    pub(super) async fn store_payment(&self, new: NewSubmission) -> Result<Created, AppError> {
        let _place = self.load.enter([new.submission.provider]).map_err(refused)?;
        let (joined, answered) = self.creations.line.join(new, self.store.batches_at_once()).map_err(refused)?;
        match joined {
            Joined::BeginDrain => drop(tokio::spawn(self.clone().drain_creations())),
            Joined::BeServed => {}
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::unheard())).map_err(AppError::from)
    }

    async fn drain_creations(self) {
        while let Some(batch) = self.creations.line.next_batch() {
            // Of a batch that falls over nobody is told anything, and so each learns that the outcome is unknown.
            if AssertUnwindSafe(self.store_batch(batch)).catch_unwind().await.is_err() {
                tracing::error!("storing new payments fell over; what became of them is unknown");
            }
        }
    }

    /// Whoever went away meanwhile asks again with the same key.
    async fn store_batch(&self, batch: Batch<NewSubmission, Outcome>) {
        let size = u32::try_from(batch.wanted.len()).unwrap_or(u32::MAX);
        BATCH_SIZES.record(f64::from(size));
        let outcomes = self.store.create(&batch.wanted).await;
        batch.tell(outcomes);
    }
}
