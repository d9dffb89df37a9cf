//! One step of a submission of control numbers: load, decide, act; and submitting: mark, send, settle.
//!
//! The same engine as for payments, with one difference: what the provider recognises a repetition by is each number's
//! own reference, so that of a batch whose answer left some numbers open only those are asked for again. While all are
//! open, a repetition sends the same bytes.

use std::iter;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;

use super::answer::{Said, attempt_end, last_verdict, outcomes_of, said_of, unclear, verdict_of};
use super::review::Conclusion;
use crate::app::App;
use crate::app::engine::attempt::attempt_state;
use crate::app::engine::call::Call;
use crate::app::engine::settle::settling;
use crate::app::engine::way::Pass;
use crate::app::engine::{BILLPAY, Claimed, SENDER_GONE, clean};
use crate::crash::{self, CrashPoint, Step as CrashStep};
use crate::domain::control_number::stage::{combined, stage_of};
use crate::domain::control_number::{ControlNumber, ControlNumberStatus};
use crate::domain::payment::AttemptKind;
use crate::domain::payment::decide::{RecallStage, Step, decide};
use crate::domain::payment::evidence::{Source, Verdict, weigh_answer};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::ports::clock::Deadline;
use crate::ports::provider::{
    ControlNumberOutcome, ControlNumberRequest, FrozenRequest, Preparation, Provider, ProviderError, Trouble,
};
use crate::store::StoreError;
use crate::store::work::Work;

/// How long a submission to a provider that is switched off rests.
const SWITCHED_OFF_PAUSE: Duration = Duration::from_secs(60);

/// A submission that is marked and about to be sent.
struct Asking {
    deadline: Deadline,
    submission: Submission,
    open: Vec<ControlNumber>,
    frozen: FrozenRequest,
    preparation: Preparation,
    way_known_well: bool,
}

impl App {
    /// Carries a claimed submission of control numbers one step further and gives the lease back.
    pub(in crate::app) async fn advance_control_numbers(&self, claimed: &Claimed) -> Result<(), StoreError> {
        let submission = &claimed.submission;
        let numbers = self.store.numbers_of_submission(submission.id).await?;
        let way = self.store.provider(submission.provider).await?;
        let paused = way.as_ref().and_then(|row| row.submits_paused_until);
        let step = self.numbers_step(submission, numbers.iter().map(|number| number.status), paused);
        tracing::debug!(submission.id = %submission.id, ?step, "step");
        match step {
            Step::Submit => match self.pass(submission.provider, way.as_ref()).await? {
                Pass::Go { known_well } => self.ask_for_numbers(claimed, &numbers, known_well).await,
                Pass::Wait(until) => self.hand_back(submission, Some(until)).await,
            },
            Step::LookUp => self.look_up_numbers(claimed, &numbers).await,
            Step::Expire => self.conclude_numbers(claimed, Conclusion::NeverSent).await,
            Step::Review(reason) => self.conclude_numbers(claimed, Conclusion::Review(reason)).await,
            Step::WaitUntil(next) => self.hand_back(submission, Some(next)).await,
            Step::Rest => self.hand_back(submission, None).await,
            // No number is held until a day, and none is recalled.
            Step::Release | Step::Recall => self.hand_back_after_fault(submission).await,
        }
    }

    /// In the transaction of a claim: what was being asked for by a holder that is gone is UNKNOWN; tells whether a call
    /// was in the air.
    pub(in crate::app) async fn give_up_control_numbers(
        &self,
        work: &mut Work,
        submission: &Submission,
    ) -> Result<bool, StoreError> {
        if !work.submit_in_the_air(submission.id).await? {
            return Ok(false);
        }
        let numbers = match work.numbers_of_submission(submission.id).await {
            Err(StoreError::Unreadable(what)) => {
                tracing::error!(submission.id = %submission.id, what, "a control number cannot be read");
                return Ok(false);
            }
            numbers => numbers?,
        };
        for mut number in numbers {
            if number.status == ControlNumberStatus::Requested {
                let lost = Said {
                    source: Source::Engine,
                    verdict: Verdict::Unclear,
                    answer: None,
                    failure: None,
                    attempt_no: None,
                    actor: BILLPAY,
                    note: Some(SENDER_GONE),
                };
                self.apply_to_number(work, &mut number, &lost).await?;
            }
        }
        Ok(true)
    }

    fn numbers_step(
        &self,
        submission: &Submission,
        statuses: impl IntoIterator<Item = ControlNumberStatus>,
        paused: Option<Timestamp>,
    ) -> Step {
        let now = self.clock.now();
        let Some(provider) = self.provider(submission.provider) else {
            return Step::WaitUntil(now + SWITCHED_OFF_PAUSE);
        };
        let mut situation = submission.situation(iter::empty::<PaymentStatus>(), now, paused, RecallStage::None);
        situation.stage = stage_of(statuses);
        decide(&situation, &provider.control_number_safety())
    }

    /// When the worker is to look again, decided from what is known after a step.
    pub(super) fn next_numbers_look(
        &self,
        submission: &Submission,
        statuses: impl IntoIterator<Item = ControlNumberStatus>,
    ) -> Option<Timestamp> {
        match self.numbers_step(submission, statuses, None) {
            Step::WaitUntil(next) => Some(next),
            Step::Rest => None,
            Step::Submit | Step::LookUp | Step::Release | Step::Expire | Step::Recall | Step::Review(_) => {
                Some(self.clock.now())
            }
        }
    }

    async fn ask_for_numbers(
        &self,
        claimed: &Claimed,
        numbers: &[ControlNumber],
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        let Some(provider) = self.provider(claimed.submission.provider).cloned() else {
            return self.hand_back_after_fault(&claimed.submission).await;
        };
        let preparation = match provider.prepare(None).await {
            Ok(preparation) => preparation,
            Err(error) => return self.not_prepared(claimed, &error, way_known_well).await,
        };
        let mut submission = claimed.submission.clone();
        let open: Vec<_> = numbers.iter().filter(|number| number.is_open()).cloned().collect();
        let frozen = match frozen(provider.as_ref(), &submission, numbers, &open) {
            Ok(frozen) => frozen,
            Err(error) => {
                tracing::error!(submission.id = %submission.id, %error, "a submission cannot be written");
                return self.hand_back_after_fault(&submission).await;
            }
        };
        submission.request_bytes = Some(frozen.0.clone());
        if !self.mark_numbers(&mut submission, &open).await? {
            return Ok(());
        }
        let asking = Asking { deadline: claimed.deadline, submission, open, frozen, preparation, way_known_well };
        self.ask_and_settle(provider.as_ref(), asking).await
    }

    /// Commits the mark; false where the lease is lost or an answer changed a number meanwhile.
    async fn mark_numbers(&self, submission: &mut Submission, open: &[ControlNumber]) -> Result<bool, StoreError> {
        let work = self.store.begin(CrashStep::Mark).await?;
        let now = work.now();
        submission.count_submit(now);
        if !work.mark(submission, self.policy.call_timeout, self.policy.lease_margin).await? {
            work.roll_back().await?;
            return Ok(false);
        }
        let present = work.numbers_of_submission(submission.id).await?;
        let unchanged =
            |seen: &ControlNumber| present.iter().any(|number| number.id == seen.id && number.version == seen.version);
        if !open.iter().all(unchanged) {
            work.roll_back().await?;
            self.hand_back(submission, Some(self.clock.now())).await?;
            return Ok(false);
        }
        work.begin_attempt(submission, AttemptKind::Submit, now + self.policy.call_timeout).await?;
        work.commit().await?;
        Ok(true)
    }

    async fn ask_and_settle(&self, provider: &dyn Provider, asking: Asking) -> Result<(), StoreError> {
        let Asking { deadline, submission, open, frozen, preparation, way_known_well } = asking;
        crash::point(CrashPoint::BeforeSend);
        let deadline = deadline.at_most(self.policy.call_timeout);
        let making = Call::new(provider.code(), "create_control_numbers");
        let outcome = if deadline.left().is_zero() {
            Err(ProviderError::NotSent(Trouble { what: "the lease was nearly over", ..Trouble::default() }))
        } else {
            let call = provider.create_control_numbers(&frozen, preparation, deadline);
            making.run(AssertUnwindSafe(call).catch_unwind()).await.unwrap_or(Err(unclear("the adapter failed")))
        };
        let outcome = outcome.map_err(clean::error);
        crash::point(CrashPoint::AfterSend);
        let began = making.end(&outcome);
        // The pause is to stand before the submission can come due again; the answer is stored in any case.
        let noted = self.note_way(provider.code(), began, &outcome, way_known_well).await;
        let outcomes = outcomes_of(outcome, open.len());
        self.settle_numbers(&submission, &open, &outcomes).await?;
        noted
    }

    async fn settle_numbers(
        &self,
        sent: &Submission,
        open: &[ControlNumber],
        outcomes: &[ControlNumberOutcome],
    ) -> Result<(), StoreError> {
        settling(sent.id, || self.try_settle_numbers(sent, open, outcomes)).await
    }

    async fn try_settle_numbers(
        &self,
        sent: &Submission,
        open: &[ControlNumber],
        outcomes: &[ControlNumberOutcome],
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(CrashStep::Settle).await?;
        let Some(mut current) = work.lock_submission(sent.id).await? else { return work.roll_back().await };
        let holds_lease = current.fence == sent.fence;
        let undetermined = !holds_lease || work.other_submit_undetermined(sent.id, sent.attempt_count).await?;
        let said = |number: &ControlNumber, outcome: &ControlNumberOutcome| verdict_of(number, outcome);
        let whole = combined(open.iter().zip(outcomes).map(|(number, outcome)| said(number, outcome)));
        work.end_attempt(sent.id, sent.attempt_count, attempt_state(whole), &attempt_end(outcomes)).await?;
        let (mut statuses, mut left_open) = (Vec::new(), Vec::new());
        for mut number in work.numbers_of_submission(sent.id).await? {
            let asked = open.iter().zip(outcomes).find(|(asked, _)| asked.id == number.id);
            if let Some((asked, outcome)) = asked {
                let verdict = said(asked, outcome);
                let weighed = weigh_answer(verdict, undetermined);
                self.apply_to_number(&mut work, &mut number, &said_of(sent, outcome, weighed)).await?;
                if number.is_open() {
                    left_open.push(verdict);
                }
            }
            statuses.push(number.status);
        }
        if holds_lease {
            current.last_submit_at = Some(work.now());
            current.last_submit_verdict = Some(last_verdict(&left_open, whole));
            current.fault_count = 0;
            let next = self.next_numbers_look(&current, statuses);
            work.release(&current, next).await?;
            work.wake_worker();
        }
        work.commit().await
    }
}

/// What will be sent: of what may have been sent before the same bytes again, as long as all of it is open; else what is
/// written now.
fn frozen(
    provider: &dyn Provider,
    submission: &Submission,
    numbers: &[ControlNumber],
    open: &[ControlNumber],
) -> Result<FrozenRequest, ProviderError> {
    let sent = open.iter().any(|number| number.status == ControlNumberStatus::Unknown);
    match submission.request_bytes.as_ref().filter(|_| sent && open.len() == numbers.len()) {
        Some(bytes) => Ok(FrozenRequest(bytes.clone())),
        None => provider.freeze_control_numbers(&open.iter().map(request_of).collect::<Vec<_>>()),
    }
}

fn request_of(number: &ControlNumber) -> ControlNumberRequest {
    ControlNumberRequest {
        reference: number.reference.clone(),
        kind: number.kind,
        mode: number.mode,
        amount: number.amount,
        max_amount: number.max_amount,
        description: number.description.clone(),
        customer: number.customer.clone(),
    }
}
