//! Claiming what is due.
//!
//! A submission whose payments are still SUBMITTING had a holder that is gone: nobody knows whether its call was made.
//! In the very transaction of the claim those payments become UNKNOWN. A recall that was on its way is told in the same
//! transaction to be one of which nobody knows.

use super::{BILLPAY, SENDER_GONE, Testimony};
use crate::app::App;
use crate::crash::Step;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::{Subject, Submission};
use crate::ports::clock::Deadline;
use crate::store::StoreError;
use crate::store::work::Work;

/// A submission that this process holds.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// As it was when it was claimed.
    pub submission: Submission,
    /// When everything that is done under this claim must be over.
    pub deadline: Deadline,
}

impl App {
    /// Claims up to `limit` submissions that are due and were never sent.
    pub async fn claim_unsent(&self, limit: u64) -> Result<Vec<Claimed>, StoreError> {
        let deadline = self.claim_deadline();
        let claimed = self.store.claim_unsent(&self.instance, self.policy.lease, limit).await?;
        Ok(claimed.into_iter().map(|submission| Claimed { submission, deadline }).collect())
    }

    /// When what is done under a claim that is about to be made must be over. Taken before the claim, so that it is never
    /// later than the lease's end.
    pub(in crate::app) fn claim_deadline(&self) -> Deadline {
        Deadline::after(self.policy.lease.saturating_sub(self.policy.lease_margin))
    }

    /// Claims up to `limit` submissions that are due.
    pub async fn claim(&self, limit: u64) -> Result<Vec<Claimed>, StoreError> {
        let deadline = self.claim_deadline();
        let mut work = self.store.begin(Step::Claim).await?;
        let claimed = work.claim_due(&self.instance, self.policy.lease, limit).await?;
        if claimed.is_empty() {
            work.roll_back().await?;
            return Ok(Vec::new());
        }
        let mut given_up = Vec::new();
        for submission in claimed.iter().filter(|submission| submission.submits > 0 || submission.attempt_count > 0) {
            let is_given_up = match submission.subject {
                Subject::Payments => self.give_up_calls(&mut work, submission).await?,
                Subject::ControlNumbers => self.give_up_control_numbers(&mut work, submission).await?,
            };
            if is_given_up {
                given_up.push(submission.id.uuid());
            }
        }
        if !given_up.is_empty() {
            work.give_up_attempts(&given_up).await?;
        }
        work.commit().await?;
        Ok(claimed.into_iter().map(|submission| Claimed { submission, deadline }).collect())
    }

    /// What a holder that is gone may have sent: nobody knows what became of it. Its attempts are given up also where
    /// the payment has gone on since, as by a callback: only one can be in the air. Payments that cannot be read are left
    /// as they are, for a version that can: then it is false.
    async fn give_up_calls(&self, work: &mut Work, submission: &Submission) -> Result<bool, StoreError> {
        let mut payments = match work.payments_of(submission.id).await {
            Err(StoreError::Unreadable(what)) => {
                tracing::error!(submission.id = %submission.id, what, "a payment cannot be read");
                return Ok(false);
            }
            payments => payments?,
        };
        self.give_up_recalls(work, submission, &mut payments).await?;
        for payment in payments.iter_mut().filter(|payment| payment.status == PaymentStatus::Submitting) {
            let lost =
                Testimony { note: Some(SENDER_GONE), ..Testimony::new(Source::Engine, Verdict::Unclear, BILLPAY) };
            self.apply(work, payment, &lost).await?;
        }
        Ok(true)
    }
}
