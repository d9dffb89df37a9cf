//! Refreshing a control number: asking the provider now how it stands, and what was paid to it.
//!
//! What billpay does not hear of by itself is what somebody does in the provider's dashboard: a number that is switched
//! off or on, or that is given other terms. Of a number without a definite answer, what is told is evidence as that of
//! any look-up. Of one that was made it is compared: the switch is taken over, and terms that differ go to a person, as
//! do those that an update is answered with; terms that agree again bring the number back from there. Nothing that is
//! told of money is dropped.
//!
//! It runs in a task of its own, under the lease of the number's submission, as an update does: whoever does not wait
//! for the end finds it stored. The number is asked for before its money, so that money which has closed it is known by
//! the time the two are put together. Asking has no effect, so it needs no mark.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use jiff::Timestamp;

use super::answer::{Said, terms_of, unclear};
use super::look_up::find;
use super::update::PATH;
use crate::app::access::require;
use crate::app::engine::call::Call;
use crate::app::engine::settle::settling;
use crate::app::engine::{Claimed, actor_of, clean};
use crate::app::{App, AppError};
use crate::crash::Step;
use crate::domain::control_number::stage::weigh;
use crate::domain::control_number::{ControlNumber, ControlNumberKind, ControlNumberStatus};
use crate::domain::event::EventType;
use crate::domain::ids::ControlNumberId;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::status::ReviewReason;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::ports::provider::{CollectionAnswer, ControlNumberAnswer, Provider, ProviderError};
use crate::store::work::Work;
use crate::store::{Owner, StoreError};

/// What came of asking about one number.
#[derive(Debug)]
enum Asked {
    /// Nothing was asked: the provider has not been asked to make it, or has refused to.
    Nothing,
    /// It is kept so; what was paid to it has been taken in.
    Told(ControlNumberAnswer),
    /// The provider says that there is none.
    NotKnown,
    /// No usable answer, about the number or about its money.
    Failed(ProviderError),
}

impl App {
    /// Asks the provider now, and answers the control number as it then is.
    pub async fn refresh_control_number(&self, requester: &Requester, id: &str) -> Result<ControlNumber, AppError> {
        require(requester, Scope::ControlNumbersWrite)?;
        let not_found = || Refusal::not_found(PATH, "control number");
        let id = id.parse::<ControlNumberId>().map_err(|_| not_found())?;
        let known = self.store.control_number(&Owner::of(requester), id).await?.ok_or_else(not_found)?;
        if known.status == ControlNumberStatus::Failed {
            return Ok(known);
        }
        let app = self.clone();
        let refreshing = tokio::spawn(async move { app.refresh_number(&known).await });
        match tokio::time::timeout(self.policy.wait_limit, refreshing).await {
            Ok(Ok(refreshed)) => refreshed,
            // It failed badly, or goes on without the caller.
            Ok(Err(_)) | Err(_) => Err(unanswered().into()),
        }
    }

    async fn refresh_number(&self, known: &ControlNumber) -> Result<ControlNumber, AppError> {
        let off = || Refusal::new(ErrorCode::ProviderUnavailable, "this number's provider is switched off").at(PATH);
        let provider = self.provider(known.provider).cloned().ok_or_else(off)?;
        let claimed = self.claim_for_change(known.submission_id).await?;
        let deadline = claimed.deadline.at_most(self.policy.call_timeout);
        let claimed = Claimed { deadline, ..claimed };
        let asked = self.ask_about(provider.as_ref(), &claimed, known.id).await?;
        let stored = settling(claimed.submission.id, || self.try_settle_refresh(&claimed, known.id, &asked)).await?;
        match asked {
            Asked::Nothing | Asked::Told(_) => Ok(stored),
            // The engine goes on asking for it.
            Asked::NotKnown if stored.status == ControlNumberStatus::Unknown => Ok(stored),
            Asked::NotKnown => {
                let message = "the provider does not know this number; nothing was changed";
                Err(Refusal::new(ErrorCode::ProviderRefused, message).at(PATH).into())
            }
            Asked::Failed(error) => Err(refused(&error).into()),
        }
    }

    /// Asks for the number, then for what was paid to it, and takes the money in.
    async fn ask_about(
        &self,
        provider: &dyn Provider,
        claimed: &Claimed,
        id: ControlNumberId,
    ) -> Result<Asked, StoreError> {
        let numbers = self.store.numbers_of_submission(claimed.submission.id).await?;
        let asked_for = numbers.into_iter().find(|number| number.id == id && may_exist(number.status));
        let Some(number) = asked_for else { return Ok(Asked::Nothing) };
        // What the provider named it, which is our reference unless the provider chose another.
        let name = number.number.as_deref().unwrap_or(&number.reference);
        let answer = match self.ask_within(claimed, find(provider, claimed, name)).await? {
            Ok(Some(answer)) => answer,
            Ok(None) => return Ok(Asked::NotKnown),
            Err(error) => return Ok(Asked::Failed(error)),
        };
        let collections = match self.ask_within(claimed, paid_to(provider, claimed, &answer.number)).await? {
            Ok(collections) => collections,
            Err(error) => return Ok(Asked::Failed(error)),
        };
        for collection in &collections {
            self.take_collection(provider.code(), collection, actor_of(provider.code())).await?;
        }
        Ok(Asked::Told(answer))
    }

    /// Stores what was told and gives the lease back. Who lost the lease changes nothing: what was told may be older
    /// than what is known.
    async fn try_settle_refresh(
        &self,
        claimed: &Claimed,
        id: ControlNumberId,
        asked: &Asked,
    ) -> Result<ControlNumber, StoreError> {
        let missing = StoreError::Unreadable("a control number without its submission");
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(current) = work.lock_submission(claimed.submission.id).await? else { return Err(missing) };
        let Some(mut number) = work.lock_control_number(id).await? else { return Err(missing) };
        if current.fence == claimed.submission.fence {
            self.hear(&mut work, &mut number, asked).await?;
            let numbers = work.numbers_of_submission(current.id).await?;
            let next = self.next_numbers_look(&current, numbers.iter().map(|number| number.status));
            work.release(&current, next).await?;
            work.wake_worker();
        }
        work.commit().await?;
        Ok(number)
    }

    async fn hear(&self, work: &mut Work, number: &mut ControlNumber, asked: &Asked) -> Result<(), StoreError> {
        let answer = match asked {
            Asked::Nothing | Asked::Failed(_) => return Ok(()),
            Asked::NotKnown => None,
            Asked::Told(answer) => Some(answer),
        };
        match answer {
            Some(answer) if is_compared(number) => compare(work, number, answer).await,
            None if is_compared(number) => Ok(()),
            Some(_) | None => {
                let weighed = answer.map(|answer| weigh(&number.terms(), &terms_of(answer)));
                let said = Said {
                    source: Source::LookUp,
                    verdict: weighed.unwrap_or(Verdict::NotFound),
                    answer,
                    failure: None,
                    attempt_no: None,
                    actor: actor_of(number.provider),
                    note: None,
                };
                self.apply_to_number(work, number, &said).await
            }
        }
    }
}

/// Asks what was paid to a number, as long as the claim lasts.
async fn paid_to(
    provider: &dyn Provider,
    claimed: &Claimed,
    number: &str,
) -> Result<Vec<CollectionAnswer>, ProviderError> {
    let making = Call::new(provider.code(), "collections_of");
    let call = AssertUnwindSafe(provider.collections_of(number)).catch_unwind();
    let outcome = match tokio::time::timeout(claimed.deadline.left(), making.run(call)).await {
        Ok(Ok(outcome)) => outcome.map_err(clean::error),
        Ok(Err(_panic)) => Err(unclear("the adapter failed")),
        Err(_elapsed) => Err(unclear("no answer in time")),
    };
    making.end(&outcome);
    outcome
}

/// Saves what the comparison makes of a number; nothing where all is as it was known.
async fn compare(work: &mut Work, number: &mut ControlNumber, answer: &ControlNumberAnswer) -> Result<(), StoreError> {
    let before = number.clone();
    *number = compared(&before, answer, work.now());
    if *number == before {
        return Ok(());
    }
    let reason = number.review.filter(|_| before.review.is_none()).map(|(reason, _)| reason);
    if let Some(reason) = reason {
        tracing::warn!(control_number.id = %before.id, provider.name = %before.provider, %reason, "a person must look");
    }
    let (kind, actor) = (EventType::ControlNumberUpdated, actor_of(before.provider));
    work.save_control_number(&before, number, kind, actor, reason.map(|reason| reason.sentence().to_owned())).await
}

/// Whether there is anything that the provider could tell of a number.
const fn may_exist(status: ControlNumberStatus) -> bool {
    match status {
        ControlNumberStatus::Requested | ControlNumberStatus::Failed => false,
        ControlNumberStatus::Unknown
        | ControlNumberStatus::NeedsReview
        | ControlNumberStatus::Active
        | ControlNumberStatus::Inactive
        | ControlNumberStatus::PartiallyPaid
        | ControlNumberStatus::Paid
        | ControlNumberStatus::Overpaid => true,
    }
}

/// Whether a number is known to have been made, be it with other terms.
fn is_compared(number: &ControlNumber) -> bool {
    number.is_issued() || number.review.is_some_and(|(reason, _)| reason == ReviewReason::Mismatch)
}

/// The number as the provider keeps it; where its terms differ, a person must look.
fn compared(before: &ControlNumber, answer: &ControlNumberAnswer, now: Timestamp) -> ControlNumber {
    let mut after = before.clone();
    after.enabled = is_enabled(before, answer.active);
    if weigh(&before.terms(), &terms_of(answer)) == Verdict::Succeeded && !is_described_otherwise(before, answer) {
        after.review = None;
        after.status = after.status_by_money();
    } else {
        after.review = before.review.or(Some((ReviewReason::Mismatch, now)));
        after.status = ControlNumberStatus::NeedsReview;
    }
    after
}

/// Whether a number is switched on. One that its money has closed is inactive with the provider too, which says nothing
/// about the switch.
fn is_enabled(known: &ControlNumber, told: Option<bool>) -> bool {
    let paid = match known.kind {
        ControlNumberKind::Order => known.paid_once,
        ControlNumberKind::Customer => false,
    };
    match told {
        Some(false) if paid || known.is_full() => known.enabled,
        Some(told) => told,
        None => known.enabled,
    }
}

/// Whether the provider tells another description than ours. Our choice: one that it tells of a number to which none
/// was given may be its own, and is no difference.
fn is_described_otherwise(known: &ControlNumber, answer: &ControlNumberAnswer) -> bool {
    match (&known.description, &answer.description) {
        (Some(ours), Some(told)) => ours.trim() != told.trim(),
        (None, _) | (_, None) => false,
    }
}

fn refused(error: &ProviderError) -> Refusal {
    match error {
        ProviderError::Refused(_) => {
            let message = "the provider refused to tell how this number stands; nothing was changed";
            Refusal::new(ErrorCode::ProviderRefused, message).at(PATH)
        }
        ProviderError::NotSent(_) | ProviderError::Unknown(_) | ProviderError::Misconfigured(_) => unanswered(),
    }
}

fn unanswered() -> Refusal {
    let message = "the provider gave no usable answer in time; asking changes nothing there, try again in a moment";
    Refusal::new(ErrorCode::ProviderUnavailable, message).at(PATH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::control_number::money::tests::{number, shillings};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn told(amount: Option<i64>, active: Option<bool>) -> ControlNumberAnswer {
        ControlNumberAnswer {
            number: "123".to_owned(),
            amount: amount.map(shillings),
            active,
            ..ControlNumberAnswer::default()
        }
    }

    #[test]
    fn what_agrees_changes_nothing_and_the_switch_is_taken_over() {
        let known = number(ControlNumberKind::Customer, Some(100));
        assert_eq!(compared(&known, &told(Some(100), Some(true)), NOW), known);
        assert_eq!(compared(&known, &told(None, None), NOW), known, "what is not told is as it was");
        let off = compared(&known, &told(Some(100), Some(false)), NOW);
        assert_eq!((off.status, off.enabled), (ControlNumberStatus::Inactive, false));
        assert_eq!(compared(&off, &told(Some(100), Some(true)), NOW), known);
    }

    #[test]
    fn a_number_that_money_has_closed_is_not_taken_for_one_that_was_switched_off() {
        let mut order = number(ControlNumberKind::Order, Some(100));
        order.received = shillings(40);
        order.paid_once = true;
        order.status = order.status_by_money();
        assert_eq!(order.status, ControlNumberStatus::PartiallyPaid);
        assert_eq!(compared(&order, &told(Some(100), Some(false)), NOW), order);
        let mut full = number(ControlNumberKind::Customer, None);
        full.max_amount = Some(shillings(100));
        full.counted = shillings(100);
        full.paid_once = true;
        assert_eq!(compared(&full, &told(None, Some(false)), NOW), full);
        full.counted = shillings(99);
        assert!(!compared(&full, &told(None, Some(false)), NOW).enabled);
    }

    #[test]
    fn other_terms_go_to_a_person_and_come_back_when_they_agree() {
        let mut known = number(ControlNumberKind::Customer, Some(100));
        let odd = compared(&known, &told(Some(250), Some(true)), NOW);
        assert_eq!((odd.status, odd.amount), (ControlNumberStatus::NeedsReview, known.amount));
        assert_eq!(odd.review, Some((ReviewReason::Mismatch, NOW)));
        assert!(is_compared(&odd));
        let later = Timestamp::from_second(60).expect("a moment");
        assert_eq!(compared(&odd, &told(Some(250), Some(true)), later), odd, "it stands as it did since then");
        assert_eq!(compared(&odd, &told(Some(100), Some(true)), later), known);
        let described = ControlNumberAnswer { description: Some("Water".to_owned()), ..told(Some(100), None) };
        assert_eq!(compared(&known, &described, NOW), known);
        known.description = Some("Electricity".to_owned());
        assert_eq!(compared(&known, &described, NOW).status, ControlNumberStatus::NeedsReview);
    }

    #[test]
    fn only_doubt_is_settled_by_evidence() {
        let mut doubtful = number(ControlNumberKind::Order, Some(100));
        doubtful.status = ControlNumberStatus::Unknown;
        assert!(may_exist(doubtful.status) && !is_compared(&doubtful));
        doubtful.status = ControlNumberStatus::NeedsReview;
        doubtful.review = Some((ReviewReason::Overdue, NOW));
        assert!(may_exist(doubtful.status) && !is_compared(&doubtful));
        assert!(!may_exist(ControlNumberStatus::Requested) && !may_exist(ControlNumberStatus::Failed));
    }
}
