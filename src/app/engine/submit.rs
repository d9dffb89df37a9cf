//! Submitting: mark, send, settle.
//!
//! The mark is committed before the first byte leaves; whoever cannot tell whether its commit went through does not send.
//! What was sent is settled by whatever came back, and where nothing came back by what that means: nothing is known.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use uuid::Uuid;

use super::testify::{Told, WithParts, Witness, failure_of, verdict_of};
use super::{Claimed, clean};
use crate::app::App;
use crate::crash::{self, CrashPoint, Step};
use crate::domain::event::EventType;
use crate::domain::ids::SubmissionId;
use crate::domain::payment::decide::RecallStage;
use crate::domain::payment::evidence::{Source, Verdict, weigh_answer};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{Allocation, AttemptKind, AttemptState, Failure, Payment};
use crate::domain::provider::{ProviderCode, ProviderState};
use crate::ports::clock::Deadline;
use crate::ports::provider::{
    BillPart, FrozenRequest, PaymentAnswer, PaymentRequest, Preparation, Provider, ProviderError, Refused,
    SubmissionRequest, Trouble,
};
use crate::store::work::Work;
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
        let payments = self.join_parts(payments).await?;
        let Some(request) = self.request_of(&claimed.submission, &payments) else {
            tracing::error!(submission.id = %claimed.submission.id, "a payment's biller is not known yet");
            return self.hand_back_after_fault(&claimed.submission).await;
        };
        let preparation = match provider.prepare(Some(&request)).await.map_err(clean::error) {
            Ok(preparation) => preparation,
            Err(ProviderError::Refused(refused)) => return self.refuse_unsent(claimed, &refused).await,
            Err(error) => return self.not_prepared(claimed, &error).await,
        };
        let mut submission = claimed.submission.clone();
        let frozen = match frozen(provider.as_ref(), &submission, &request, &preparation, &payments) {
            Ok(frozen) => frozen,
            Err(ProviderError::Refused(refused)) => return self.refuse_unsent(claimed, &refused).await,
            Err(error) => {
                tracing::error!(submission.id = %submission.id, %error, "a submission cannot be written");
                return self.hand_back_after_fault(&submission).await;
            }
        };
        submission.request_bytes = Some(frozen.0.clone());
        if !self.mark(&mut submission, &payments).await? {
            return Ok(());
        }
        let sending = Sending { deadline: claimed.deadline, submission, frozen, preparation, way_known_well };
        self.send_and_settle(provider.as_ref(), sending).await
    }

    /// Payments with their parts.
    pub(super) async fn join_parts(&self, payments: Vec<Payment>) -> Result<Vec<WithParts>, StoreError> {
        let ids: Vec<_> = payments.iter().map(|payment| payment.id.uuid()).collect();
        Ok(WithParts::join(payments, self.store.allocations(&ids).await?))
    }

    fn request_of(&self, submission: &Submission, payments: &[WithParts]) -> Option<SubmissionRequest> {
        let bulk = payments.iter().any(|one| one.payment.bulk_payment_id.is_some());
        let payments: Option<Vec<_>> = payments.iter().map(|one| self.payment_request(one)).collect();
        Some(SubmissionRequest { our_reference: submission.provider_key.clone(), bulk, payments: payments? })
    }

    fn payment_request(&self, one: &WithParts) -> Option<PaymentRequest> {
        let catalogue = self.catalogue.snapshot();
        let payment = &one.payment;
        let funding_account = payment.funding_account_id.and_then(|id| catalogue.funding_account(id));
        Some(PaymentRequest {
            biller: catalogue.get(payment.biller_id)?.as_ref().clone(),
            account_reference: payment.account_reference.clone().unwrap_or_default(),
            second_reference: payment.second_reference.clone(),
            amount: payment.amount,
            payer: payment.payer.clone(),
            description: payment.description.clone(),
            process_date: payment.process_date,
            due_date: payment.due_date,
            delivery_speed: payment.delivery_speed,
            save_bill_number: payment.save_bill_number,
            funding_account: funding_account.cloned(),
            bills: one.bills(),
            new_bill: payment.new_bill,
        })
    }

    /// The adapter tells, before anything is sent, that the provider would refuse: what is READY has failed. What may have
    /// been sent before is not touched by that.
    async fn refuse_unsent(&self, claimed: &Claimed, refused: &Refused) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let held = work.lock_submission(claimed.submission.id).await?;
        let Some(current) = held.filter(|now| now.fence == claimed.submission.fence) else {
            return work.roll_back().await;
        };
        let mut statuses = Vec::new();
        for mut payment in work.payments_of(current.id).await? {
            if payment.status == PaymentStatus::Ready {
                let before = payment.clone();
                payment.status = PaymentStatus::Failed;
                let failure = failure_of(refused.kind, refused.code.clone(), refused.message.clone());
                let reason = Some(failure.message.clone());
                payment.failure = Some(Failure { fields: refused.fields.clone(), ..failure });
                let actor = super::actor_of(current.provider);
                work.save_payment(&before, &mut payment, EventType::PaymentFailed, actor, reason).await?;
                work.drop_claim(payment.id).await?;
            }
            statuses.push(payment.status);
        }
        let next = self.next_look(&current, statuses, RecallStage::None);
        work.release(&current, next).await?;
        work.commit().await
    }

    /// No session could be had: nothing was marked, nothing was sent.
    pub(in crate::app) async fn not_prepared(&self, claimed: &Claimed, error: &ProviderError) -> Result<(), StoreError> {
        if let ProviderError::NotSent(Trouble { retry_after: Some(pause), .. }) = error {
            // The provider is busy with our other calls: that is no fault of its or of the payment's.
            let next = self.clock.now() + *pause;
            return self.hand_back(&claimed.submission, Some(next)).await;
        }
        tracing::warn!(provider.name = %claimed.submission.provider, %error, "no session with the provider");
        self.note_trouble(claimed.submission.provider, error).await?;
        self.hand_back_after_fault(&claimed.submission).await
    }

    /// Commits the mark; false where the lease is lost or a payment was cancelled meanwhile.
    async fn mark(&self, submission: &mut Submission, payments: &[WithParts]) -> Result<bool, StoreError> {
        let mut work = self.store.begin(Step::Mark).await?;
        let now = work.now();
        submission.count_submit(now);
        if !work.mark(submission, self.policy.call_timeout, self.policy.lease_margin).await? {
            work.roll_back().await?;
            return Ok(false);
        }
        for payment in payments.iter().map(|one| &one.payment).filter(|payment| !payment.status.is_final()) {
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

    async fn send_and_settle(&self, provider: &dyn Provider, sending: Sending) -> Result<(), StoreError> {
        let Sending { deadline, submission, frozen, preparation, way_known_well } = sending;
        crash::point(CrashPoint::BeforeSend);
        let deadline = deadline.at_most(self.policy.call_timeout);
        let started = Instant::now();
        let outcome = if deadline.left().is_zero() {
            Err(ProviderError::NotSent(Trouble { what: "the lease was nearly over", ..Trouble::default() }))
        } else {
            let call = AssertUnwindSafe(provider.submit(&frozen, preparation, deadline)).catch_unwind().await;
            call.unwrap_or(Err(ProviderError::Unknown(Trouble { what: "the adapter failed", ..Trouble::default() })))
        };
        let outcome = clean::answers(outcome);
        crash::point(CrashPoint::AfterSend);
        note_call(provider.code(), "submit", &outcome, started);
        // The pause is to stand before the submission can come due again; the answer is stored in any case.
        let noted = self.note_way(provider.code(), &outcome, way_known_well).await;
        self.settle(&submission, &outcome).await?;
        noted
    }

    /// What the outcome of a call that has an effect tells about the way to the provider.
    pub(in crate::app) async fn note_way<T: Sync>(
        &self,
        provider: ProviderCode,
        outcome: &Result<T, ProviderError>,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(_) | Err(ProviderError::Refused(_)) => {
                self.forget_failures(provider);
                if way_known_well { Ok(()) } else { self.note_recovery(provider).await }
            }
            Err(error) => self.note_trouble(provider, error).await,
        }
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
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
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
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(mut current) = work.lock_submission(sent.id).await? else { return work.roll_back().await };
        let holds_lease = current.fence == sent.fence;
        let said = verdict_of(outcome);
        let undetermined = !holds_lease || work.other_submit_undetermined(sent.id, sent.attempt_count).await?;
        let witness = Witness {
            source: Source::Submit,
            provider: sent.provider,
            attempt_no: sent.attempt_count,
            weigh: if undetermined { |verdict| weigh_answer(verdict, true) } else { |verdict| verdict },
        };
        work.end_attempt(sent.id, sent.attempt_count, attempt_state(said), &attempt_end(outcome)).await?;
        let payments = WithParts::of(&work, sent.id).await?;
        let statuses = self.take_testimony(&mut work, &mut current, witness.testify(outcome, &payments), payments).await?;
        if holds_lease {
            current.last_submit_at = Some(work.now());
            current.last_submit_verdict = Some(said);
            current.fault_count = 0;
            let next = self.next_look(&current, statuses, RecallStage::None);
            work.release(&current, next).await?;
            work.wake_worker();
        }
        work.commit().await
    }

    /// Applies what was told of each payment, and keeps the names that the provider gave.
    pub(super) async fn take_testimony(
        &self,
        work: &mut Work,
        submission: &mut Submission,
        told: Vec<Told>,
        payments: Vec<WithParts>,
    ) -> Result<Vec<PaymentStatus>, StoreError> {
        let alone = payments.len() == 1;
        let mut statuses = Vec::with_capacity(payments.len());
        for (mut one, told) in payments.into_iter().zip(told) {
            if let Some(reference) = told.testimony.reported.provider_reference.as_ref().filter(|_| alone) {
                work.keep_provider_reference(submission.id, reference).await?;
                submission.provider_reference = Some(reference.clone());
            }
            work.name_parts(one.payment.id, &told.part_references).await?;
            self.apply(work, &mut one.payment, &told.testimony).await?;
            statuses.push(one.payment.status);
        }
        Ok(statuses)
    }

    /// What a failure of a call tells about the way to the provider: refused credentials stop submissions at once,
    /// several failures in a row for a moment. Look-ups go on.
    pub(in crate::app) async fn note_trouble(&self, provider: ProviderCode, error: &ProviderError) -> Result<(), StoreError> {
        let (state, trouble, pause) = match error {
            ProviderError::Refused(_) => return Ok(()),
            ProviderError::NotSent(trouble @ Trouble { retry_after: Some(pause), .. }) => {
                tracing::warn!(provider.name = %provider, %trouble, "the provider asks us to wait: submissions pause");
                (ProviderState::Degraded, trouble, *pause)
            }
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
}

/// A submission that is marked and about to be sent.
struct Sending {
    deadline: Deadline,
    submission: Submission,
    frozen: FrozenRequest,
    preparation: Preparation,
    way_known_well: bool,
}

impl WithParts {
    /// The payments of a submission.
    pub(super) async fn of(work: &Work, submission: SubmissionId) -> Result<Vec<Self>, StoreError> {
        let payments = work.payments_of(submission).await?;
        let ids: Vec<_> = payments.iter().map(|payment| payment.id.uuid()).collect();
        Ok(Self::join(payments, work.allocations(&ids).await?))
    }

    fn join(payments: Vec<Payment>, mut parts: HashMap<Uuid, Vec<Allocation>>) -> Vec<Self> {
        let with = |payment: Payment| {
            let parts = parts.remove(&payment.id.uuid()).unwrap_or_default();
            Self { payment, parts }
        };
        payments.into_iter().map(with).collect()
    }

    /// What the provider names it, as a whole or part by part.
    pub(super) fn provider_references(&self) -> impl Iterator<Item = String> {
        let of_parts = self.parts.iter().filter_map(|part| part.provider_reference.clone());
        let whole = self.payment.provider_reference.clone();
        let of_parts: Vec<String> = if whole.is_some() { Vec::new() } else { of_parts.collect() };
        whole.into_iter().chain(of_parts)
    }

    /// The bills that are paid, as the provider calls them.
    pub(super) fn bills(&self) -> Vec<BillPart> {
        let part = |part: &Allocation| {
            let bill_reference = part.bill_reference.clone()?;
            Some(BillPart { bill_reference, amount: part.amount, reference: None })
        };
        self.parts.iter().filter_map(part).collect()
    }
}

/// What will be sent: of what may have been sent before the same bytes again, else what is written now.
fn frozen(
    provider: &dyn Provider,
    submission: &Submission,
    request: &SubmissionRequest,
    preparation: &Preparation,
    payments: &[WithParts],
) -> Result<FrozenRequest, ProviderError> {
    // What is READY was proven not to have been sent: it is written anew, with today's date.
    let may_have_been_sent = payments.iter().any(|one| one.payment.status != PaymentStatus::Ready);
    match submission.request_bytes.as_ref().filter(|_| may_have_been_sent) {
        Some(bytes) => Ok(FrozenRequest(bytes.clone())),
        None => provider.freeze(request, preparation),
    }
}

pub(in crate::app) const fn attempt_state(said: Verdict) -> AttemptState {
    match said {
        Verdict::NotSent => AttemptState::NotSent,
        Verdict::Unclear | Verdict::NotFound => AttemptState::Unknown,
        Verdict::Accepted => AttemptState::Acknowledged,
        Verdict::Declined | Verdict::Cancelled | Verdict::ConfirmedFailed => AttemptState::Declined,
        Verdict::Succeeded
        | Verdict::Mismatch
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::ConfirmedSucceeded => AttemptState::Succeeded,
    }
}

/// What an attempt's row keeps of an answer; of several, what they have in common.
pub(super) fn attempt_end(outcome: &Result<Vec<PaymentAnswer>, ProviderError>) -> AttemptEnd {
    match outcome {
        Ok(answers) => answers.first().map_or_else(AttemptEnd::default, |answer| AttemptEnd {
            http_status: answer.http_status,
            provider_code: answer.code.clone(),
            provider_message: answer.message.clone(),
            provider_trace: answer.trace.clone(),
        }),
        Err(error) => attempt_end_of_error(error),
    }
}

/// What an attempt's row keeps of an error.
pub(in crate::app) fn attempt_end_of_error(error: &ProviderError) -> AttemptEnd {
    match error {
        ProviderError::Refused(refused) => AttemptEnd {
            http_status: refused.http_status,
            provider_code: refused.code.clone(),
            provider_message: Some(refused.message.clone()),
            provider_trace: refused.trace.clone(),
        },
        ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble) => {
            AttemptEnd {
            http_status: trouble.http_status,
            provider_code: trouble.code.clone(),
            provider_message: trouble.message.clone().or_else(|| Some(trouble.what.to_owned())),
            provider_trace: trouble.trace.clone(),
        }}
    }
}

/// Counts a call to a provider.
pub(in crate::app) fn note_call<T>(
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
