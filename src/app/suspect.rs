//! Suspect mode: the database was restored from a backup that may have forgotten submissions.
//!
//! A payment that is READY in the restored database, or SCHEDULED for a time that has come since, may have been sent in
//! the life that was forgotten. So it is treated as one whose answer is not known: looked up where that is possible (and then sent, if the provider does not know it
//! and would recognise the repetition), else given to a person. Only then is the new life put on record.

use jiff::Timestamp;

use super::App;
use super::engine::BILLPAY;
use crate::crash::Step;
use crate::domain::event::EventType;
use crate::domain::payment::Payment;
use crate::domain::payment::status::{PaymentStatus, ReviewReason};
use crate::domain::provider::SafetyClass;
use crate::store::{Epoch, StoreError};

const REASON: &str = "the database was restored; whether this was sent before is not known";

/// What was found at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// Payments whose answer is now unknown.
    pub held: usize,
}

impl App {
    /// Looks whether the database is another than before, and holds back what is suspect. Repeating it does no harm.
    pub async fn hold_suspects(&self) -> Result<Option<Suspects>, StoreError> {
        let Epoch::Restored(since) = self.store.epoch().await? else { return Ok(None) };
        let mut held = 0;
        for payment in self.store.sendable_before(since).await? {
            self.hold(payment, since).await?;
            held += 1;
        }
        held += self.hold_suspect_numbers(since).await?;
        self.store.accept_epoch().await?;
        tracing::error!(
            held,
            "the database was restored from a backup: payments that may have been sent are looked up first"
        );
        Ok(Some(Suspects { held }))
    }

    /// Releases what was held back for a person, since an operator knows that none of it had been sent. Who is in the
    /// way, because someone decided a payment meanwhile, is passed over.
    pub async fn confirm_restore(&self, operator: &str, evidence: &str) -> Result<usize, StoreError> {
        let mut released = 0;
        for seen in self.store.payments_in_review(ReviewReason::Restored).await? {
            let mut work = self.store.begin(Step::Other).await?;
            if work.lock_submission(seen.submission_id).await?.is_none() {
                work.roll_back().await?;
                continue;
            }
            let mut after = seen.clone();
            after.status = PaymentStatus::Ready;
            after.review = None;
            let kind = EventType::of_change(seen.status, after.status);
            match work.save_payment(&seen, &mut after, kind, operator, Some(evidence.to_owned())).await {
                Err(StoreError::Conflict) => {
                    work.roll_back().await?;
                    continue;
                }
                saved => saved?,
            }
            work.reschedule(seen.submission_id, Some(self.clock.now())).await?;
            work.commit().await?;
            released += 1;
        }
        Ok(released)
    }

    async fn hold(&self, seen: Payment, since: Timestamp) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Other).await?;
        let Some(submission) = work.lock_submission(seen.submission_id).await? else { return work.roll_back().await };
        let findable = self
            .provider(seen.provider)
            .is_some_and(|provider| provider.safety().class(submission.provider_reference.is_some()) != SafetyClass::D);
        let mut is_held = false;
        for before in work.payments_of(seen.submission_id).await? {
            let is_suspect = match before.status {
                PaymentStatus::Ready => true,
                PaymentStatus::Scheduled => submission.run_at <= since,
                PaymentStatus::Submitting
                | PaymentStatus::Pending
                | PaymentStatus::Unknown
                | PaymentStatus::NeedsReview
                | PaymentStatus::Succeeded
                | PaymentStatus::Failed
                | PaymentStatus::Cancelled
                | PaymentStatus::Reversed => false,
            };
            if !is_suspect {
                continue;
            }
            is_held = true;
            let mut after = before.clone();
            after.status = if findable { PaymentStatus::Unknown } else { PaymentStatus::NeedsReview };
            after.review = (!findable).then(|| (ReviewReason::Restored, work.now()));
            let kind = EventType::of_change(before.status, after.status);
            work.save_payment(&before, &mut after, kind, BILLPAY, Some(REASON.to_owned())).await?;
        }
        if !is_held {
            return work.roll_back().await;
        }
        if findable {
            // What was forgotten may have been a call: nothing that follows may count as the first.
            work.suppose_sent(&submission).await?;
        }
        work.reschedule(seen.submission_id, findable.then(|| self.clock.now())).await?;
        work.commit().await
    }
}
