//! New payments that arrive together are stored together.
//!
//! Purpose: a commit costs the database the same for one payment as for many. Mechanism: whoever has a payment to store
//! is served [together](super::together) with those who come meanwhile. Guarantee: each is told after its own commit, and
//! what it would have been told alone.

use std::sync::LazyLock;

use metrics::Histogram;

use super::overload::refused;
use super::together::NotDone;
use super::{App, AppError};
use crate::domain::overload::Overload;
use crate::store::{Created, NewSubmission, StoreError};
use crate::telemetry::metric;

/// What became of a payment.
pub(super) type Outcome = Result<Created, StoreError>;

/// Found once and kept: finding a figure takes longer than adding to it.
static BATCH_SIZES: LazyLock<Histogram> = LazyLock::new(|| metrics::histogram!(metric::CREATION_BATCH));

impl App {
    /// Stores a new payment with those that arrive beside it, unless there is too much to do. Whoever asks tells what
    /// the database could not give; whoever goes away meanwhile asks again with the same key.
    pub(super) async fn store_payment(&self, new: NewSubmission) -> Result<Created, AppError> {
        let _place = self.load.enter([new.submission.provider]).map_err(refused)?;
        let store = self.store.clone();
        let create = move |batch: Vec<NewSubmission>| {
            let store = store.clone();
            async move {
                BATCH_SIZES.record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
                store.create(&batch).await
            }
        };
        match self.creations.with_others(new, self.store.batches_at_once(), create).await {
            Ok(outcome) => Ok(outcome?),
            Err(NotDone::Full) => Err(refused(Overload::Busy).into()),
            Err(NotDone::Unheard) => Err(StoreError::unheard().into()),
        }
    }
}
