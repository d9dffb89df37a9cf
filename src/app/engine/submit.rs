//! Submitting: mark, send, settle.
//!
//! The mark is committed before the first byte leaves; whoever cannot tell whether its commit went through does not send.
//! What was sent is settled by whatever came back, and where nothing came back by what that means: nothing is known.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::{Claimed, Testimony, actor_of, clean};
use crate::app::App;
use crate::crash::{self, CrashPoint, Step};
use crate::domain::event::EventType;
use crate::domain::payment::evidence::{Source, Verdict, weigh_answer};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{AttemptKind, AttemptState, Failure, Payment};
use crate::domain::provider::{ProviderCode, ProviderState};
use crate::domain::refusal::ErrorCode;
use crate::ports::provider::{
    FrozenRequest, PaymentAnswer, PaymentRequest, Provider, ProviderError, RefusalKind, Refused, Trouble,
};
use crate::store::{AttemptEnd, StoreError};
use crate::telemetry::metric;

/// How often a settlement is tried again when the database fails; after that the lease's end brings the row back.
const SETTLE_TRIES: u32 = 5;
/// How many calls in a row must fail before submissions pause, and for how long they do.
const FAILURES_IN_A_ROW: u32 = 5;
const DEGRADED_PAUSE: Duration = Duration::from_secs(5);
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

impl App {
    /// Submits a claimed submission whose payments are due.
    pub(super) async fn submit(
        &self,
        claimed: &Claimed,
        payments: Vec<Payment>,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        let Some(provider) = self.provider(claimed.submission.provider).cloned() else {
            return self.hand_back_after_fault(&claimed.submission).await;
        };
        if let Err(error) = provider.prepare().await {
            return self.not_prepared(claimed, &error).await;
        }
        let mut submission = claimed.submission.clone();
        let frozen = match self.frozen(provider.as_ref(), &submission, &payments) {
            Ok(frozen) => frozen,
            Err(error) => {
                tracing::error!(submission.id = %submission.id, %error, "a submission cannot be written");
                return self.hand_back_after_fault(&submission).await;
            }
        };
        let slot = match self.take_slot(provider.as_ref()).await? {
            Slot::Unlimited => None,
            Slot::Taken(slot) => Some(slot),
            Slot::NoneFree => {
                let soon = self.clock.now() + Duration::from_millis(200);
                return self.hand_back(&claimed.submission, Some(soon)).await;
            }
        };
        submission.request_bytes = Some(frozen.0.clone());
        let outcome = match self.mark(&mut submission, &payments).await {
            Ok(true) => self.send_and_settle(claimed, &provider, &submission, &frozen, way_known_well).await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Some(slot) = slot {
            self.give_back_slot(provider.code(), slot).await;
        }
        outcome
    }

    fn frozen(
        &self,
        provider: &dyn Provider,
        submission: &Submission,
        payments: &[Payment],
    ) -> Result<FrozenRequest, ProviderError> {
        // What is READY was proven not to have been sent: it is written anew, with today's date.
        let may_have_been_sent = payments.iter().any(|payment| payment.status != PaymentStatus::Ready);
        if let Some(bytes) = submission.request_bytes.as_ref().filter(|_| may_have_been_sent) {
            return Ok(FrozenRequest(bytes.clone()));
        }
        let trouble = |what| ProviderError::NotSent(Trouble { what, ..Trouble::default() });
        let [payment] = payments else { return Err(trouble("this provider takes one payment at a time")) };
        let catalogue = self.catalogue.snapshot();
        let biller = catalogue.get(payment.biller_id).ok_or_else(|| trouble("its biller is not known yet"))?;
        provider.freeze(&PaymentRequest {
            our_reference: submission.provider_key.clone(),
            biller: biller.as_ref().clone(),
            account_reference: payment.account_reference.clone().unwrap_or_default(),
            second_reference: payment.second_reference.clone(),
            amount: payment.amount,
            payer: payment.payer.clone(),
            description: payment.description.clone(),
            process_date: payment.process_date,
            due_date: payment.due_date,
            delivery_speed: payment.delivery_speed,
            save_bill_number: payment.save_bill_number,
        })
    }

    /// No session could be had: nothing was marked, nothing was sent.
    async fn not_prepared(&self, claimed: &Claimed, error: &ProviderError) -> Result<(), StoreError> {
        tracing::warn!(provider.name = %claimed.submission.provider, %error, "no session with the provider");
        self.note_trouble(claimed.submission.provider, error).await?;
        self.hand_back_after_fault(&claimed.submission).await
    }

    /// Commits the mark; false where the lease is lost or a payment was cancelled meanwhile.
    async fn mark(&self, submission: &mut Submission, payments: &[Payment]) -> Result<bool, StoreError> {
        let mut work = self.store.begin(Step::Mark).await?;
        let now = work.now();
        submission.attempt_count += 1;
        submission.submits += 1;
        submission.last_submit_at = Some(now);
        submission.key_first_used_at = submission.key_first_used_at.or(Some(now));
        submission.last_submit_verdict = None;
        submission.look_ups = 0;
        submission.last_look_up = None;
        if !work.mark(submission, self.policy.call_timeout, self.policy.lease_margin).await? {
            work.roll_back().await?;
            return Ok(false);
        }
        for payment in payments.iter().filter(|payment| !payment.status.is_final()) {
            let mut after = payment.clone();
            after.status = PaymentStatus::Submitting;
            after.review = None;
            let kind = EventType::PaymentSubmitting;
            match work.save_payment(payment, &mut after, kind, super::BILLPAY, None).await {
                Ok(()) => {}
                Err(StoreError::Conflict) => {
                    work.roll_back().await?;
                    self.hand_back(submission, Some(self.clock.now())).await?;
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        work.begin_attempt(submission, AttemptKind::Submit, now + self.policy.call_timeout).await?;
        work.commit().await?;
        Ok(true)
    }

    async fn send_and_settle(
        &self,
        claimed: &Claimed,
        provider: &Arc<dyn Provider>,
        submission: &Submission,
        frozen: &FrozenRequest,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        crash::point(CrashPoint::BeforeSend);
        let deadline = claimed.deadline.at_most(self.policy.call_timeout);
        let started = Instant::now();
        let outcome = if deadline.left().is_zero() {
            Err(ProviderError::NotSent(Trouble { what: "the lease was nearly over", ..Trouble::default() }))
        } else {
            let call = AssertUnwindSafe(provider.submit(frozen, deadline)).catch_unwind().await;
            call.unwrap_or(Err(ProviderError::Unknown(Trouble { what: "the adapter failed", ..Trouble::default() })))
        };
        let outcome = clean::answer(outcome);
        crash::point(CrashPoint::AfterSend);
        note_call(provider.code(), "submit", &outcome, started);
        // The pause is to stand before the submission can come due again; the answer is stored in any case.
        if matches!(outcome, Ok(_) | Err(ProviderError::Refused(_))) {
            self.forget_failures(provider.code());
        }
        let noted = match &outcome {
            Ok(_) | Err(ProviderError::Refused(_)) if !way_known_well => self.note_recovery(provider.code()).await,
            Ok(_) => Ok(()),
            Err(error) => self.note_trouble(provider.code(), error).await,
        };
        self.settle(submission, &outcome).await?;
        noted
    }

    /// The provider took a submission again.
    async fn note_recovery(&self, provider: ProviderCode) -> Result<(), StoreError> {
        tracing::info!(provider.name = %provider, "the provider takes submissions again");
        metrics::gauge!(metric::PROVIDER_STOPPED, "provider" => provider.as_str()).set(0.0);
        self.store.set_provider_state(provider, ProviderState::Healthy, None, None).await
    }

    /// Stores an answer, whatever the database does for a while.
    async fn settle(
        &self,
        submission: &Submission,
        outcome: &Result<PaymentAnswer, ProviderError>,
    ) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_settle(submission, outcome).await {
                Err(error) if tries < SETTLE_TRIES => {
                    tracing::warn!(submission.id = %submission.id, %error, "an answer could not be stored yet");
                    tokio::time::sleep(SETTLE_PAUSE * tries).await;
                }
                settled => return settled,
            }
        }
    }

    async fn try_settle(
        &self,
        sent: &Submission,
        outcome: &Result<PaymentAnswer, ProviderError>,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(mut current) = work.lock_submission(sent.id).await? else { return work.roll_back().await };
        let holds_lease = current.fence == sent.fence;
        let said = verdict_of(outcome);
        let undetermined = !holds_lease || work.other_submit_undetermined(sent.id, sent.attempt_count).await?;
        let mut testimony = testimony_of(outcome, weigh_answer(said, undetermined), sent.provider);
        testimony.attempt_no = Some(sent.attempt_count);
        work.end_attempt(sent.id, sent.attempt_count, attempt_state(said), &attempt_end(outcome)).await?;
        if let Some(reference) = &testimony.reported.provider_reference {
            work.keep_provider_reference(sent.id, reference).await?;
            current.provider_reference = Some(reference.clone());
        }
        let mut statuses = Vec::new();
        for mut payment in work.payments_of(sent.id).await? {
            self.apply(&mut work, &mut payment, &testimony).await?;
            statuses.push(payment.status);
        }
        if holds_lease {
            current.last_submit_at = Some(work.now());
            current.last_submit_verdict = Some(said);
            current.fault_count = 0;
            let next = self.next_look(&current, statuses);
            work.release(&current, next).await?;
            work.wake_worker();
        }
        work.commit().await
    }

    /// What a failure of a call tells about the way to the provider: refused credentials stop submissions at once,
    /// several failures in a row for a moment. Look-ups go on.
    pub(super) async fn note_trouble(&self, provider: ProviderCode, error: &ProviderError) -> Result<(), StoreError> {
        let (state, trouble, pause) = match error {
            ProviderError::Refused(_) => return Ok(()),
            ProviderError::Misconfigured(trouble) => {
                tracing::error!(provider.name = %provider, %trouble, "the provider refuses us: submissions pause");
                (ProviderState::Misconfigured, trouble, self.policy.misconfigured_pause)
            }
            ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) => {
                if self.count_failure(provider) < FAILURES_IN_A_ROW {
                    return Ok(());
                }
                tracing::warn!(provider.name = %provider, %trouble, "the provider does not answer: submissions pause");
                (ProviderState::Degraded, trouble, DEGRADED_PAUSE)
            }
        };
        metrics::gauge!(metric::PROVIDER_STOPPED, "provider" => provider.as_str()).set(1.0);
        let until = self.clock.now() + pause;
        self.store.set_provider_state(provider, state, Some(&trouble.to_string()), Some(until)).await
    }

    fn count_failure(&self, provider: ProviderCode) -> u32 {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(provider).or_default();
        *count += 1;
        *count
    }

    fn forget_failures(&self, provider: ProviderCode) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&provider);
    }

    async fn take_slot(&self, provider: &dyn Provider) -> Result<Slot, StoreError> {
        let Some(most) = provider.max_concurrent_calls() else { return Ok(Slot::Unlimited) };
        let work = self.store.begin(Step::Other).await?;
        work.lay_out_slots(provider.code(), most).await?;
        let slot = work.take_slot(provider.code(), most, &self.instance, self.policy.lease).await?;
        work.commit().await?;
        Ok(slot.map_or(Slot::NoneFree, Slot::Taken))
    }

    async fn give_back_slot(&self, provider: ProviderCode, slot: i32) {
        let given = async {
            let work = self.store.begin(Step::Other).await?;
            work.give_back_slot(provider, slot, &self.instance).await?;
            work.commit().await
        };
        if let Err(error) = given.await {
            tracing::warn!(provider.name = %provider, %error, "a slot comes free only when its lease ends");
        }
    }
}

enum Slot {
    Unlimited,
    Taken(i32),
    NoneFree,
}

/// What an answer says, before it is weighed.
pub(super) fn verdict_of(outcome: &Result<PaymentAnswer, ProviderError>) -> Verdict {
    match outcome {
        Ok(answer) => answer.verdict.unwrap_or(Verdict::Unclear),
        Err(ProviderError::Refused(_)) => Verdict::Declined,
        Err(ProviderError::NotSent(_) | ProviderError::Misconfigured(_)) => Verdict::NotSent,
        Err(ProviderError::Unknown(_)) => Verdict::Unclear,
    }
}

const fn attempt_state(said: Verdict) -> AttemptState {
    match said {
        Verdict::NotSent => AttemptState::NotSent,
        Verdict::Unclear | Verdict::NotFound => AttemptState::Unknown,
        Verdict::Accepted => AttemptState::Acknowledged,
        Verdict::Declined | Verdict::Cancelled | Verdict::ConfirmedFailed => AttemptState::Declined,
        Verdict::Succeeded
        | Verdict::Mismatch
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::ConfirmedSucceeded => AttemptState::Succeeded,
    }
}

fn testimony_of(
    outcome: &Result<PaymentAnswer, ProviderError>,
    verdict: Verdict,
    provider: ProviderCode,
) -> Testimony<'static> {
    let bare = Testimony::new(Source::Submit, verdict, actor_of(provider));
    match outcome {
        Ok(answer) => testimony_of_answer(answer, bare),
        Err(ProviderError::Refused(refused)) => Testimony { failure: Some(failure_of_refusal(refused)), ..bare },
        Err(
            ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble),
        ) => Testimony { note: Some(trouble.what), actor: super::BILLPAY, ..bare },
    }
}

/// Everything that an answer carries, as evidence.
pub(super) fn testimony_of_answer<'a>(answer: &PaymentAnswer, bare: Testimony<'a>) -> Testimony<'a> {
    Testimony {
        reported: answer.reported.clone(),
        account_holder_name: answer.account_holder_name.clone(),
        provider_status: answer.provider_status.clone(),
        failure: (bare.verdict == Verdict::Declined).then(|| failure_of_answer(answer)),
        token: answer.token.clone(),
        receipt_fields: answer.receipt_fields.clone(),
        ..bare
    }
}

fn failure_of_answer(answer: &PaymentAnswer) -> Failure {
    Failure {
        code: ErrorCode::ProviderRefused,
        message: "The provider declined the payment; no money was moved.".to_owned(),
        provider_code: answer.code.clone(),
        provider_message: answer.message.clone(),
        fields: Vec::new(),
    }
}

fn failure_of_refusal(refused: &Refused) -> Failure {
    let (code, message) = match refused.kind {
        RefusalKind::AccountNotFound => (ErrorCode::AccountNotFound, "The biller does not know this account number."),
        RefusalKind::Amount => (ErrorCode::AmountNotAllowed, "The provider does not allow this amount."),
        RefusalKind::Input => (ErrorCode::BadUserInput, "The provider refused some of what was entered."),
        RefusalKind::Other => (ErrorCode::ProviderRefused, "The provider refused the payment; no money was moved."),
    };
    Failure {
        code,
        message: message.to_owned(),
        provider_code: refused.code.clone(),
        provider_message: Some(refused.message.clone()),
        fields: refused.fields.clone(),
    }
}

/// What an attempt's row keeps of an answer.
pub(super) fn attempt_end(outcome: &Result<PaymentAnswer, ProviderError>) -> AttemptEnd {
    match outcome {
        Ok(answer) => AttemptEnd {
            http_status: answer.http_status,
            provider_code: answer.code.clone(),
            provider_message: answer.message.clone(),
            provider_trace: answer.trace.clone(),
        },
        Err(ProviderError::Refused(refused)) => AttemptEnd {
            http_status: refused.http_status,
            provider_code: refused.code.clone(),
            provider_message: Some(refused.message.clone()),
            provider_trace: refused.trace.clone(),
        },
        Err(
            ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble),
        ) => AttemptEnd {
            http_status: trouble.http_status,
            provider_code: trouble.code.clone(),
            provider_message: trouble.message.clone().or_else(|| Some(trouble.what.to_owned())),
            provider_trace: trouble.trace.clone(),
        },
    }
}

/// Counts a call to a provider.
pub(super) fn note_call<T>(
    provider: ProviderCode,
    call: &'static str,
    outcome: &Result<T, ProviderError>,
    started: Instant,
) {
    let result = match outcome {
        Ok(_) => "answered",
        Err(ProviderError::Refused(_)) => "refused",
        Err(ProviderError::NotSent(_)) => "not_sent",
        Err(ProviderError::Unknown(_)) => "unknown",
        Err(ProviderError::Misconfigured(_)) => "misconfigured",
    };
    let name = provider.as_str();
    metrics::counter!(metric::PROVIDER_CALLS, "provider" => name, "call" => call, "outcome" => result).increment(1);
    metrics::histogram!(metric::PROVIDER_DURATION, "provider" => name, "call" => call).record(started.elapsed());
}
