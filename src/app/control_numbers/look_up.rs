//! Looking control numbers up: each number without a definite answer is asked for by its reference. A look-up has no
//! effect, so it needs no mark.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use jiff::Timestamp;

use super::answer::{Said, clean_answer, terms_of, unclear};
use crate::app::App;
use crate::app::engine::attempt::attempt_end_of_error;
use crate::app::engine::call::Call;
use crate::app::engine::{Claimed, actor_of, clean};
use crate::crash::Step;
use crate::domain::control_number::stage::{combined, weigh};
use crate::domain::control_number::{ControlNumber, ControlNumberStatus};
use crate::domain::ids::ControlNumberId;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::{AttemptKind, AttemptState};
use crate::ports::provider::{ControlNumberAnswer, Provider, ProviderError};
use crate::store::{AttemptEnd, StoreError};

/// What has passed between a claim and its first call counts for nothing.
const SOON: Duration = Duration::from_millis(200);

type Found = Result<Option<ControlNumberAnswer>, ProviderError>;

impl App {
    /// Looks the open numbers of a claimed submission up and stores what was found.
    pub(super) async fn look_up_numbers(&self, claimed: &Claimed, numbers: &[ControlNumber]) -> Result<(), StoreError> {
        let Some(provider) = self.provider(claimed.submission.provider).cloned() else {
            return self.hand_back_after_fault(&claimed.submission).await;
        };
        let began = self.clock.now();
        let mut found = Vec::new();
        for number in numbers.iter().filter(|number| is_sought(number)) {
            let question = find(provider.as_ref(), claimed, &number.reference);
            found.push((number.id, self.ask_within(claimed, question).await?));
        }
        self.settle_numbers_look_up(claimed, began, &found).await
    }

    /// Waits for an answer under a claim, and notes what it tells of the way to the provider. A question that has not all
    /// the time that a call may take may be cut short by us: that it fails tells nothing.
    pub(super) async fn ask_within<T: Sync>(
        &self,
        claimed: &Claimed,
        question: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<Result<T, ProviderError>, StoreError> {
        let has_time = claimed.deadline.left() + SOON >= self.policy.call_timeout;
        let began = Instant::now();
        let outcome = question.await;
        if has_time || outcome.is_ok() {
            self.note_question(claimed.submission.provider, began, &outcome).await?;
        }
        Ok(outcome)
    }

    async fn settle_numbers_look_up(
        &self,
        claimed: &Claimed,
        began: Timestamp,
        found: &[(ControlNumberId, Found)],
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(mut current) = work.lock_submission(claimed.submission.id).await? else {
            return work.roll_back().await;
        };
        let holds_lease = current.fence == claimed.submission.fence;
        current.attempt_count += 1;
        work.count_attempt(current.id, current.attempt_count).await?;
        work.begin_attempt(&current, AttemptKind::LookUp, began).await?;
        let unanswered = found.iter().find_map(|(_, outcome)| outcome.as_ref().err());
        let state = if unanswered.is_some() { AttemptState::Unknown } else { AttemptState::Acknowledged };
        let end = unanswered.map_or_else(AttemptEnd::default, attempt_end_of_error);
        work.end_attempt(current.id, current.attempt_count, state, &end).await?;
        let (mut statuses, mut left_open) = (Vec::new(), Vec::new());
        for mut number in work.numbers_of_submission(current.id).await? {
            if let Some((_, outcome)) = found.iter().find(|(id, _)| *id == number.id) {
                let verdict = verdict_of(&number, outcome);
                let said = Said {
                    source: Source::LookUp,
                    verdict,
                    answer: outcome.as_ref().ok().and_then(Option::as_ref),
                    failure: None,
                    attempt_no: Some(current.attempt_count),
                    actor: actor_of(current.provider),
                    note: None,
                };
                self.apply_to_number(&mut work, &mut number, &said).await?;
                if is_sought(&number) {
                    left_open.push(verdict);
                }
            }
            statuses.push(number.status);
        }
        if holds_lease {
            current.look_ups += 1;
            current.last_look_up = Some((combined(left_open), began));
            current.look_up_requests_met = claimed.submission.look_up_requests;
            let next = self.next_numbers_look(&current, statuses);
            work.release(&current, next).await?;
            work.wake_worker();
        }
        work.commit().await
    }
}

/// Asks for one number, as long as the claim lasts.
pub(super) async fn find(provider: &dyn Provider, claimed: &Claimed, reference: &str) -> Found {
    let left = claimed.deadline.left();
    if left.is_zero() {
        return Err(unclear("no time was left to ask"));
    }
    let making = Call::new(provider.code(), "find_control_number");
    let call = AssertUnwindSafe(provider.find_control_number(reference)).catch_unwind();
    let outcome = match tokio::time::timeout(left, making.run(call)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panic)) => Err(unclear("the adapter failed")),
        Err(_elapsed) => Err(unclear("no answer in time")),
    };
    let outcome = match outcome {
        Ok(Some(answer)) => clean_answer(answer).map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(clean::error(error)),
    };
    making.end(&outcome);
    outcome
}

/// Whether an answer could tell anything new of a number.
const fn is_sought(number: &ControlNumber) -> bool {
    match number.status {
        ControlNumberStatus::Unknown | ControlNumberStatus::NeedsReview => true,
        ControlNumberStatus::Requested
        | ControlNumberStatus::Failed
        | ControlNumberStatus::Active
        | ControlNumberStatus::Inactive
        | ControlNumberStatus::PartiallyPaid
        | ControlNumberStatus::Paid
        | ControlNumberStatus::Overpaid => false,
    }
}

/// What a look-up says: that it failed says nothing about the number.
fn verdict_of(number: &ControlNumber, outcome: &Found) -> Verdict {
    match outcome {
        Ok(Some(answer)) => weigh(&number.terms(), &terms_of(answer)),
        Ok(None) => Verdict::NotFound,
        Err(_) => Verdict::Unclear,
    }
}
