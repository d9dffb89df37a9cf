//! New payments that arrive together are stored together, and those that are due are claimed as they are stored.
//!
//! Purpose: a commit costs the database the same for one payment as for many, and whoever stores a payment has in memory
//! all that its first step needs. Mechanism: whoever has a payment to store is served [together](super::together) with
//! those who come meanwhile; where this process has a [place](super::engine::Place) for its first step, the payment is
//! stored as claimed, and the step begins behind the commit. Guarantee: each is told after its own commit, and what it
//! would have been told alone; should this process die in between, the lease runs out as that of any claim.

use std::sync::LazyLock;

use metrics::Histogram;

use super::engine::{Claimed, Place, found_at_birth};
use super::overload::refused;
use super::together::NotDone;
use super::{App, AppError};
use crate::domain::ids::SubmissionId;
use crate::domain::overload::Overload;
use crate::domain::payment::status::PaymentStatus;
use crate::ports::clock::Deadline;
use crate::store::{Created, Lease, NewSubmission, StoreError, Stored};
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
        let app = self.clone();
        let create = move |batch: Vec<NewSubmission>| {
            let app = app.clone();
            async move { app.store_batch(batch).await }
        };
        match self.creations.with_others(new, self.store.batches_at_once(), create).await {
            Ok(outcome) => Ok(outcome?),
            Err(NotDone::Full) => Err(refused(Overload::Busy).into()),
            Err(NotDone::Unheard) => Err(StoreError::unheard().into()),
        }
    }

    /// Stores a batch, and begins the first steps of what was claimed.
    async fn store_batch(&self, mut batch: Vec<NewSubmission>) -> Vec<Outcome> {
        BATCH_SIZES.record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        let places: Vec<Option<Place>> = batch.iter_mut().map(|new| self.place_of(new)).collect();
        // Taken before the claim, so that it is never later than the lease's end.
        let deadline = self.claim_deadline();
        let outcomes = self.store.create(&batch).await;
        let mut unheard = Vec::new();
        for ((new, place), outcome) in batch.into_iter().zip(places).zip(&outcomes) {
            match (place, outcome) {
                (Some(place), Ok(Created::Stored(stored))) if stored.is_claimed => {
                    self.begin_first_step(place, deadline, new, *stored);
                }
                (Some(place), Err(StoreError::OutcomeUnknown(_))) => unheard.push((new.submission.id, place)),
                (_, _) => {}
            }
        }
        if !unheard.is_empty() {
            drop(tokio::spawn(self.clone().give_back(unheard)));
        }
        outcomes
    }

    /// The step looks itself for what all processes know of the way to its provider: nobody waits for that with the
    /// answer.
    fn begin_first_step(&self, place: Place, deadline: Deadline, new: NewSubmission, stored: Stored) {
        let claimed = Claimed { submission: new.submission.clone().claimed_first(), deadline };
        let app = self.clone();
        let finding = async move { app.ways().await.ok().map(|ways| found_at_birth(new, stored, &ways)) };
        self.begin_step(place, claimed, finding);
    }

    /// Of what may have been stored as claimed nobody knows here: it is left to whoever looks. Where that cannot be
    /// said either, its lease runs out.
    async fn give_back(self, unheard: Vec<(SubmissionId, Place)>) {
        let ids: Vec<SubmissionId> = unheard.iter().map(|(id, _)| *id).collect();
        match self.store.give_back_unsent(&self.instance, &ids).await {
            Ok(()) => self.store.heads().nudge_work(),
            Err(error) => tracing::warn!(%error, "what may be claimed rests until its lease ends"),
        }
    }

    /// A place for the first step of a payment, which then is asked to be claimed. What is not due, or is not alone, is
    /// left to the worker.
    fn place_of(&self, new: &mut NewSubmission) -> Option<Place> {
        let [one] = new.payments.as_slice() else { return None };
        let is_due = one.payment.status == PaymentStatus::Ready && new.next_action_at <= self.clock.now();
        if !is_due || new.bulk.is_some() || !self.store.carries_at_once() {
            return None;
        }
        let place = self.steps.place_at_birth()?;
        new.claim = Some(Lease { owner: self.instance.clone(), length: self.policy.lease });
        Some(place)
    }
}
