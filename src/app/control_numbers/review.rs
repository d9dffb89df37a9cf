//! What ends without an answer: a number that was never sent fails, one whose answer is not to be had goes to a person;
//! and what a restored database may have forgotten is looked up first.

use jiff::Timestamp;

use crate::app::App;
use crate::app::engine::{BILLPAY, Claimed};
use crate::crash::Step;
use crate::domain::control_number::stage::event_of;
use crate::domain::control_number::{ControlNumber, ControlNumberStatus};
use crate::domain::payment::Failure;
use crate::domain::payment::status::ReviewReason;
use crate::domain::refusal::ErrorCode;
use crate::store::StoreError;
use crate::store::work::Work;

const RESTORED: &str = "the database was restored; whether this was sent before is not known";
const NEVER_SENT: &str = "The provider could not be reached in time; it was never asked for this number.";

/// How numbers end without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conclusion {
    /// The time in which they could be asked for is over, and they never were.
    NeverSent,
    /// A person must look.
    Review(ReviewReason),
}

impl App {
    /// Ends what is left of a submission's numbers and gives the lease back. Who lost the lease changes nothing.
    pub(super) async fn conclude_numbers(&self, claimed: &Claimed, conclusion: Conclusion) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let held =
            work.lock_submission(claimed.submission.id).await?.filter(|now| now.fence == claimed.submission.fence);
        let Some(current) = held else { return work.roll_back().await };
        let mut statuses = Vec::new();
        for mut number in work.numbers_of_submission(current.id).await? {
            conclude(&mut work, &mut number, conclusion).await?;
            statuses.push(number.status);
        }
        let next = self.next_numbers_look(&current, statuses);
        work.release(&current, next).await?;
        work.wake_worker();
        work.commit().await
    }

    /// Control numbers that a restored database believes never to have been asked for become UNKNOWN, so that they are
    /// looked up before anything is sent; tells how many.
    pub(in crate::app) async fn hold_suspect_numbers(&self, since: Timestamp) -> Result<usize, StoreError> {
        let mut held = 0;
        for seen in self.store.requested_numbers_before(since).await? {
            let mut work = self.store.begin(Step::Other).await?;
            if work.lock_submission(seen.submission_id).await?.is_none() {
                work.roll_back().await?;
                continue;
            }
            let present = work.lock_control_number(seen.id).await?;
            let still = present.filter(|number| number.status == ControlNumberStatus::Requested);
            let Some(before) = still else {
                work.roll_back().await?;
                continue;
            };
            let mut after = before.clone();
            after.status = ControlNumberStatus::Unknown;
            let reason = Some(RESTORED.to_owned());
            let kind = event_of(after.status);
            work.save_control_number(&before, &mut after, kind, BILLPAY, reason).await?;
            work.reschedule(seen.submission_id, Some(self.clock.now())).await?;
            work.commit().await?;
            held += 1;
        }
        Ok(held)
    }
}

async fn conclude(work: &mut Work, number: &mut ControlNumber, conclusion: Conclusion) -> Result<(), StoreError> {
    let before = number.clone();
    let reason = match conclusion {
        Conclusion::NeverSent if before.status == ControlNumberStatus::Requested => {
            number.status = ControlNumberStatus::Failed;
            number.failure = Some(Failure {
                code: ErrorCode::ProviderUnavailable,
                message: NEVER_SENT.to_owned(),
                provider_code: None,
                provider_message: None,
                fields: Vec::new(),
            });
            NEVER_SENT
        }
        Conclusion::Review(reason) if before.status == ControlNumberStatus::Unknown => {
            number.status = ControlNumberStatus::NeedsReview;
            number.review = Some((reason, work.now()));
            tracing::warn!(control_number.id = %number.id, provider.name = %number.provider, %reason, "a person must look");
            reason.sentence()
        }
        Conclusion::NeverSent | Conclusion::Review(_) => return Ok(()),
    };
    work.save_control_number(&before, number, event_of(number.status), BILLPAY, Some(reason.to_owned())).await
}
