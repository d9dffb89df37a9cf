//! Submitting: mark, send, settle.
//!
//! The mark is committed before the first byte leaves; whoever cannot tell whether its commit went through does not send.
//! What was sent is settled by whatever came back, and where nothing came back by what that means: nothing is known.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::attempt::{attempt_end, attempt_state};
use super::call::Call;
use super::parts::WithParts;
use super::settle::settling;
use super::testify::{Told, Witness, failure_of, verdict_of};
use super::{Claimed, clean, way, weaken};
use crate::app::App;
use crate::crash::{self, CrashPoint, Step};
use crate::domain::event::EventType;
use crate::domain::payment::decide::RecallStage;
use crate::domain::payment::evidence::{Source, weigh_answer};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{AttemptKind, Failure, Payment};
use crate::ports::clock::Deadline;
use crate::ports::provider::{
    FrozenRequest, PaymentAnswer, PaymentRequest, Preparation, Provider, ProviderError, Refused, SubmissionRequest,
    Trouble,
};
use crate::store::work::Work;
use crate::store::{StoreError, retrying};
use crate::weakness::{Weakness, planted};

impl App {
    /// Submits a claimed submission whose payments are due.
    pub(super) async fn submit(
        &self,
        claimed: &Claimed,
        payments: Vec<WithParts>,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        let Some(provider) = self.provider(claimed.submission.provider).cloned() else {
            return self.hand_back_after_fault(&claimed.submission).await;
        };
        let Some(mut request) = self.request_of(&claimed.submission, &payments) else {
            tracing::error!(submission.id = %claimed.submission.id, "a payment's biller is not known yet");
            return self.hand_back_after_fault(&claimed.submission).await;
        };
        let mut submission = claimed.submission.clone();
        if planted(Weakness::NewKeyPerTry) && submission.submits > 0 {
            submission.request_bytes = None;
            request.our_reference = self.ids.reference().to_string();
        }
        let preparation = match provider.prepare(Some(&request)).await.map_err(clean::error) {
            Ok(preparation) => preparation,
            Err(ProviderError::Refused(refused)) => return self.refuse_unsent(claimed, &refused).await,
            Err(error) => return self.not_prepared(claimed, &error, way_known_well).await,
        };
        let frozen = match frozen(provider.as_ref(), &submission, &request, &preparation, &payments) {
            Ok(frozen) => frozen,
            Err(ProviderError::Refused(refused)) => return self.refuse_unsent(claimed, &refused).await,
            Err(error) => {
                tracing::error!(submission.id = %submission.id, %error, "a submission cannot be written");
                return self.hand_back_after_fault(&submission).await;
            }
        };
        submission.request_bytes = Some(frozen.0.clone());
        if claimed.deadline.left() < self.policy.call_timeout {
            // The call would be cut short, and nobody would know what became of it.
            return self.hand_back_after_fault(&claimed.submission).await;
        }
        let mut marked = None;
        match self.mark_plainly(&submission, &payments).await? {
            Some((counted, one)) => (submission, marked) = (counted, Some(one)),
            None if planted(Weakness::NoMark) => {}
            None => match self.mark_again_and_again(&submission, &payments).await? {
                Some(counted) => submission = counted,
                None => return Ok(()),
            },
        }
        let deadline = claimed.deadline;
        let sending = Sending { deadline, submission, payments, marked, frozen, preparation, way_known_well };
        self.send_and_settle(provider.as_ref(), sending).await
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
    pub(in crate::app) async fn not_prepared(
        &self,
        claimed: &Claimed,
        error: &ProviderError,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        let provider = claimed.submission.provider;
        if let ProviderError::NotSent(Trouble { retry_after: Some(pause), .. }) = error {
            // The provider is busy with our other calls: that is no fault of its or of the payment's.
            if *pause > way::DEGRADED_PAUSE {
                self.note_unprepared(provider, error, way_known_well).await?;
            }
            let next = self.clock.now() + *pause;
            return self.hand_back(&claimed.submission, Some(next)).await;
        }
        tracing::warn!(provider.name = %provider, %error, "no session with the provider");
        self.note_unprepared(provider, error, way_known_well).await?;
        self.hand_back_after_fault(&claimed.submission).await
    }

    /// Marks with care, as often as another transaction is in the way: nothing is sent yet, and the lease is looked at
    /// each time.
    async fn mark_again_and_again(
        &self,
        submission: &Submission,
        payments: &[WithParts],
    ) -> Result<Option<Submission>, StoreError> {
        retrying(|| async move {
            let mut counted = submission.clone();
            Ok(self.mark(&mut counted, payments).await?.then_some(counted))
        })
        .await
    }

    /// Commits the mark; false where the lease is lost or a payment was cancelled meanwhile.
    async fn mark(&self, submission: &mut Submission, payments: &[WithParts]) -> Result<bool, StoreError> {
        let mut work = self.store.begin(Step::Mark).await?;
        let now = work.now();
        let unfenced = if planted(Weakness::NoFence) { work.unfence(submission).await? } else { Vec::new() };
        submission.count_submit(now);
        if !work.mark(submission, self.policy.call_timeout, self.policy.lease_margin).await? {
            work.roll_back().await?;
            // Whoever still holds it has too little left of the lease, as behind a commit that took long; who lost it
            // gives nothing back.
            self.hand_back_after_fault(submission).await?;
            return Ok(false);
        }
        let seen: Vec<&Payment> = match unfenced.as_slice() {
            [] => payments.iter().map(|one| &one.payment).collect(),
            unfenced => unfenced.iter().collect(),
        };
        for payment in seen.into_iter().filter(|payment| !payment.status.is_final()) {
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
        let Sending { deadline, mut submission, payments, marked, frozen, preparation, way_known_well } = sending;
        crash::point(CrashPoint::BeforeSend);
        let deadline = weaken::bounded(deadline, self.policy.call_timeout);
        let making = Call::new(provider.code(), "submit");
        let outcome = if deadline.left().is_zero() {
            Err(ProviderError::NotSent(Trouble { what: "the lease was nearly over", ..Trouble::default() }))
        } else {
            let call = AssertUnwindSafe(provider.submit(&frozen, preparation, deadline)).catch_unwind();
            making
                .run(call)
                .await
                .unwrap_or(Err(ProviderError::Unknown(Trouble { what: "the adapter failed", ..Trouble::default() })))
        };
        let outcome = weaken::answered(clean::answers(outcome));
        crash::point(CrashPoint::AfterSend);
        let began = making.end(&outcome);
        if planted(Weakness::NoMark) && !self.mark(&mut submission, &payments).await? {
            return Ok(());
        }
        // The pause is to stand before the submission can come due again; the answer is stored in any case.
        let noted = self.note_way(provider.code(), began, &outcome, way_known_well).await;
        self.settle(&submission, marked.as_ref(), &outcome).await?;
        noted
    }

    async fn settle(
        &self,
        submission: &Submission,
        marked: Option<&WithParts>,
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
    ) -> Result<(), StoreError> {
        // With others once: what could not be stored so waits for nobody else again.
        let mut with_others = marked;
        settling(submission.id, || {
            let marked = with_others.take();
            async move {
                match marked {
                    Some(marked) if self.settle_plainly(submission, marked, outcome).await? => Ok(()),
                    Some(_) | None => self.try_settle(submission, outcome).await,
                }
            }
        })
        .await
    }

    async fn try_settle(
        &self,
        sent: &Submission,
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(mut current) = work.lock_submission(sent.id).await? else { return work.roll_back().await };
        let holds_lease = current.fence == sent.fence || planted(Weakness::NoFence);
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
        let statuses =
            self.take_testimony(&mut work, &mut current, witness.testify(outcome, &payments), payments).await?;
        if holds_lease {
            current.last_submit_at = Some(work.now());
            current.last_submit_verdict = Some(said);
            current.fault_count = 0;
            let next = self.next_look(&current, statuses, RecallStage::None);
            work.release(&current, next).await?;
            work.wake_worker();
        } else {
            self.reawaken(&mut work, &current, statuses).await?;
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
}

/// A submission that is marked and about to be sent.
struct Sending {
    deadline: Deadline,
    submission: Submission,
    payments: Vec<WithParts>,
    /// The payment as it was marked, where it is a plain one.
    marked: Option<WithParts>,
    frozen: FrozenRequest,
    preparation: Preparation,
    way_known_well: bool,
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
