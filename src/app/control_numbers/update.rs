//! Changing a control number: asked of the provider at once, since the change says absolute values and the same change
//! twice is one.
//!
//! It runs in a task of its own, so that a client that leaves changes nothing, and under the lease of the number's
//! submission, so that nothing else is asked about the number meanwhile. After an unclear answer nothing is stored: the
//! caller is told so and repeats the change.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tracing::Instrument;

use super::answer::{clean_answer, terms_of, unclear};
use super::{UpdateControlNumber, check};
use crate::app::access::require;
use crate::app::engine::call::Call;
use crate::app::engine::settle::settling;
use crate::app::engine::{Claimed, clean};
use crate::app::look_up::refusal_of;
use crate::app::{App, AppError};
use crate::crash::Step;
use crate::domain::control_number::stage::weigh;
use crate::domain::control_number::{ControlNumber, ControlNumberStatus};
use crate::domain::event::EventType;
use crate::domain::ids::{ControlNumberId, SubmissionId};
use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::status::ReviewReason;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::ports::provider::{ControlNumberAnswer, ControlNumberChange, ProviderError};
use crate::store::{Owner, StoreError};

/// Where the inputs of an update and of a refresh name their number.
pub(super) const PATH: &[&str] = &["input", "controlNumberId"];
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl App {
    /// Changes a control number and answers it as it then is.
    pub async fn update_control_number(
        &self,
        requester: &Requester,
        id: &str,
        change: UpdateControlNumber,
    ) -> Result<ControlNumber, AppError> {
        require(requester, Scope::ControlNumbersWrite)?;
        let not_found = || Refusal::not_found(PATH, "control number");
        let id = id.parse::<ControlNumberId>().map_err(|_| not_found())?;
        let known = self.store.control_number(&Owner::of(requester), id).await?.ok_or_else(not_found)?;
        let change = check::change(&known, &change).map_err(AppError::Refused)?;
        let number = changeable(&known)?;
        let (app, subject) = (self.clone(), requester.subject.clone());
        let changing = async move { app.change_number(&known, &number, &change, &subject).await };
        tokio::spawn(changing.in_current_span()).await.unwrap_or_else(|_panic| Err(unanswered().into()))
    }

    async fn change_number(
        &self,
        known: &ControlNumber,
        number: &str,
        change: &ControlNumberChange,
        subject: &str,
    ) -> Result<ControlNumber, AppError> {
        let off = || Refusal::new(ErrorCode::ProviderUnavailable, "this number's provider is switched off").at(PATH);
        let provider = self.provider(known.provider).cloned().ok_or_else(off)?;
        let claimed = self.claim_for_change(known.submission_id).await?;
        let deadline = claimed.deadline.at_most(self.policy.call_timeout);
        let making = Call::new(provider.code(), "update_control_number");
        let call = AssertUnwindSafe(provider.update_control_number(number, change, deadline)).catch_unwind();
        let outcome = making
            .run(call)
            .await
            .unwrap_or(Err(unclear("the adapter failed")))
            .and_then(clean_answer)
            .map_err(clean::error);
        let asked = making.end(&outcome);
        let stored = self.settle_change(&claimed, known.id, change, &outcome, subject).await;
        self.note_question(provider.code(), asked, &outcome).await?;
        match (stored?, outcome) {
            (Some(changed), Ok(_)) => Ok(changed),
            // Somebody else holds it by now, and may have changed it since.
            (None, Ok(_)) => Err(unanswered().into()),
            (_, Err(error)) => Err(refused(&error).into()),
        }
    }

    /// Takes the lease of one submission; waits for it as long as a mutation may wait.
    pub(super) async fn claim_for_change(&self, id: SubmissionId) -> Result<Claimed, AppError> {
        let give_up = tokio::time::Instant::now() + self.policy.wait_limit;
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(claimed) = self.try_claim_for_change(id).await? {
                return Ok(claimed);
            }
            if tokio::time::Instant::now() >= give_up {
                let message = "the number is being worked on; nothing was changed, try again in a moment";
                return Err(Refusal::new(ErrorCode::ProviderUnavailable, message).at(PATH).into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_claim_for_change(&self, id: SubmissionId) -> Result<Option<Claimed>, StoreError> {
        let deadline = self.claim_deadline();
        let mut work = self.store.begin(Step::Claim).await?;
        let Some(submission) = work.claim_one(id, &self.instance, self.policy.lease).await? else {
            work.roll_back().await?;
            return Ok(None);
        };
        if submission.submits > 0 && self.give_up_control_numbers(&mut work, &submission).await? {
            work.give_up_attempts(&[submission.id.uuid()]).await?;
        }
        work.commit().await?;
        Ok(Some(Claimed { submission, deadline }))
    }

    /// Stores what was changed and gives the lease back; nothing where the lease was lost, since what the provider said may
    /// be older than what is known.
    async fn settle_change(
        &self,
        claimed: &Claimed,
        id: ControlNumberId,
        change: &ControlNumberChange,
        outcome: &Result<ControlNumberAnswer, ProviderError>,
        subject: &str,
    ) -> Result<Option<ControlNumber>, StoreError> {
        let changed = outcome.as_ref().ok().map(|answer| (change, answer));
        settling(claimed.submission.id, || self.try_settle_change(claimed, id, changed, subject)).await
    }

    async fn try_settle_change(
        &self,
        claimed: &Claimed,
        id: ControlNumberId,
        changed: Option<(&ControlNumberChange, &ControlNumberAnswer)>,
        subject: &str,
    ) -> Result<Option<ControlNumber>, StoreError> {
        let missing = StoreError::Unreadable("a control number without its submission");
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(current) = work.lock_submission(claimed.submission.id).await? else { return Err(missing) };
        let Some(before) = work.lock_control_number(id).await? else { return Err(missing) };
        if current.fence != claimed.submission.fence {
            work.roll_back().await?;
            return Ok(None);
        }
        let mut after = before.clone();
        if let Some((change, answer)) = changed {
            after = merged(&before, change, answer, work.now());
            if after != before {
                let reason = after.review.filter(|_| before.review.is_none()).map(|(reason, _)| reason.sentence());
                let kind = EventType::ControlNumberUpdated;
                work.save_control_number(&before, &mut after, kind, subject, reason.map(str::to_owned)).await?;
            }
        }
        let numbers = work.numbers_of_submission(current.id).await?;
        let next = self.next_numbers_look(&current, numbers.iter().map(|number| number.status));
        work.release(&current, next).await?;
        work.wake_worker();
        work.commit().await?;
        Ok(Some(after))
    }
}

/// What is paid, of a number that can be changed: one that was made, or one whose terms differ from what was asked.
fn changeable(known: &ControlNumber) -> Result<String, Refusal> {
    let differs = known.review.is_some_and(|(reason, _)| reason == ReviewReason::Mismatch);
    match &known.number {
        Some(number) if known.is_issued() || differs => Ok(number.clone()),
        Some(_) | None if known.status == ControlNumberStatus::Failed => {
            Err(Refusal::input(PATH, "this number was never made, so that there is nothing to change"))
        }
        Some(_) | None => {
            let message = "the provider has not answered yet whether this number was made; try again once it has";
            Err(Refusal::new(ErrorCode::ProviderUnavailable, message).at(PATH))
        }
    }
}

/// The number as the change leaves it; where the provider tells other values, a person must look.
fn merged(
    before: &ControlNumber,
    change: &ControlNumberChange,
    answer: &ControlNumberAnswer,
    now: jiff::Timestamp,
) -> ControlNumber {
    let mut after = before.clone();
    after.amount = change.amount.or(after.amount);
    after.mode = change.mode.or(after.mode);
    after.max_amount = change.max_amount.or(after.max_amount);
    after.description = change.description.clone().or(after.description);
    after.enabled = change.active.unwrap_or(after.enabled);
    let switched = match (change.active, answer.active) {
        (Some(wanted), Some(told)) => wanted == told,
        (None, _) | (_, None) => true,
    };
    if switched && weigh(&after.terms(), &terms_of(answer)) == Verdict::Succeeded {
        after.review = None;
        after.status = after.status_by_money();
    } else {
        after.review = before.review.or(Some((ReviewReason::Mismatch, now)));
        after.status = ControlNumberStatus::NeedsReview;
    }
    after
}

fn refused(error: &ProviderError) -> Refusal {
    match error {
        ProviderError::Refused(_) => refusal_of(error, &["input"]),
        ProviderError::NotSent(_) | ProviderError::Misconfigured(_) => {
            let message = "the provider could not be asked; nothing was changed, try again in a moment";
            Refusal::new(ErrorCode::ProviderUnavailable, message).at(PATH)
        }
        ProviderError::Unknown(_) => unanswered(),
    }
}

fn unanswered() -> Refusal {
    let message = "the provider gave no usable answer: the change may or may not have been made; it says absolute \
                   values, so that repeating it is safe";
    Refusal::new(ErrorCode::ProviderUnavailable, message).at(PATH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::control_number::money::tests::{number, shillings};
    use crate::domain::control_number::{ControlNumberKind, ControlNumberMode};

    fn told(amount: Option<i64>, active: Option<bool>) -> ControlNumberAnswer {
        ControlNumberAnswer {
            number: "123".to_owned(),
            amount: amount.map(shillings),
            active,
            ..ControlNumberAnswer::default()
        }
    }

    #[test]
    fn what_is_absent_stays_and_the_status_follows() {
        let mut before = number(ControlNumberKind::Customer, Some(100));
        before.received = shillings(100);
        before.status = before.status_by_money();
        let change = ControlNumberChange { amount: Some(shillings(250)), ..ControlNumberChange::default() };
        let after = merged(&before, &change, &told(Some(250), None), jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(after.mode, Some(ControlNumberMode::AllowPartialAndOverPayment));
        assert_eq!(after.status, ControlNumberStatus::PartiallyPaid);
        let change = ControlNumberChange { active: Some(false), ..ControlNumberChange::default() };
        let after = merged(&after, &change, &told(Some(250), Some(false)), jiff::Timestamp::UNIX_EPOCH);
        assert_eq!((after.status, after.enabled), (ControlNumberStatus::Inactive, false));
    }

    #[test]
    fn an_answer_that_tells_something_else_goes_to_a_person_and_a_later_change_can_mend_it() {
        let before = number(ControlNumberKind::Customer, Some(100));
        let change = ControlNumberChange { amount: Some(shillings(250)), ..ControlNumberChange::default() };
        let odd = merged(&before, &change, &told(Some(100), None), jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(odd.review.map(|(reason, _)| reason), Some(ReviewReason::Mismatch));
        assert!(changeable(&odd).is_ok());
        let mended = merged(&odd, &change, &told(Some(250), None), jiff::Timestamp::UNIX_EPOCH);
        assert_eq!((mended.status, mended.review), (ControlNumberStatus::Active, None));
    }
}
