//! Claiming what is due.
//!
//! A submission whose payments are still SUBMITTING had a holder that is gone: nobody knows whether its call was made.
//! In the very transaction of the claim those payments become UNKNOWN.

use super::{BILLPAY, Testimony};
use crate::app::App;
use crate::crash::Step;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::{Subject, Submission};
use crate::ports::clock::Deadline;
use crate::store::StoreError;

/// A submission that this process holds.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// As it was when it was claimed.
    pub submission: Submission,
    /// When everything that is done under this claim must be over.
    pub deadline: Deadline,
}

impl App {
    /// Claims up to `limit` submissions that are due.
    pub async fn claim(&self, limit: u64) -> Result<Vec<Claimed>, StoreError> {
        // Taken before the claim, so that it is never later than the lease's end.
        let deadline = Deadline::after(self.policy.lease.saturating_sub(self.policy.lease_margin));
        let mut work = self.store.begin(Step::Claim).await?;
        let claimed = work.claim_due(&self.instance, self.policy.lease, limit).await?;
        if claimed.is_empty() {
            work.roll_back().await?;
            return Ok(Vec::new());
        }
        let mut given_up = Vec::new();
        for submission in claimed.iter().filter(|submission| submission.submits > 0) {
            match submission.subject {
                Subject::Payments => {}
                Subject::ControlNumbers => {
                    if self.give_up_control_numbers(&mut work, submission).await? {
                        given_up.push(submission.id.uuid());
                    }
                    continue;
                }
            }
            if self.give_up_recalls(&mut work, submission).await? {
                given_up.push(submission.id.uuid());
            }
            let payments = match work.payments_of(submission.id).await {
                Err(StoreError::Unreadable(what)) => {
                    tracing::error!(submission.id = %submission.id, what, "a payment cannot be read");
                    continue;
                }
                payments => payments?,
            };
            for mut payment in payments {
                if payment.status == PaymentStatus::Submitting {
                    let lost = Testimony {
                        note: Some("whoever made the call is gone"),
                        ..Testimony::new(Source::Engine, Verdict::Unclear, BILLPAY)
                    };
                    self.apply(&mut work, &mut payment, &lost).await?;
                    given_up.push(submission.id.uuid());
                }
            }
        }
        if !given_up.is_empty() {
            work.give_up_attempts(&given_up).await?;
        }
        work.commit().await?;
        Ok(claimed.into_iter().map(|submission| Claimed { submission, deadline }).collect())
    }
}
