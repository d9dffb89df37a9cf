//! Recalling: asking the provider to cancel or void what it has, once, under a mark as a submission is.
//!
//! The answer changes no payment. Whether the payment was stopped, only its status tells; so it is looked up, at once
//! and then until it was or patience ends. After an unclear answer the recall is not sent again by itself.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::attempt::attempt_end_of_error;
use super::call::Call;
use super::parts::WithParts;
use super::settle::settling;
use super::{BILLPAY, Claimed, SENDER_GONE, actor_of, clean};
use crate::app::App;
use crate::crash::{self, CrashPoint, Step};
use crate::domain::event::EventType;
use crate::domain::payment::decide::RecallStage;
use crate::domain::payment::recall::{Recall, RecallKind, RecallState};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{AttemptKind, AttemptState, Payment};
use crate::domain::provider::{Capability, ProviderCode};
use crate::domain::retry;
use crate::ports::provider::{Preparation, Provider, ProviderError, RecallAnswer, Trouble};
use crate::store::work::Work;
use crate::store::{AttemptEnd, StoreError};

/// What the settlement of a recall needs.
struct Sent {
    submission: Submission,
    recall: Recall,
    /// Whether a call was marked.
    marked: bool,
}

impl App {
    /// How far the wish has come that any of these payments be taken back.
    pub(super) async fn recall_stage(
        &self,
        provider: ProviderCode,
        payments: &[WithParts],
    ) -> Result<RecallStage, StoreError> {
        if !self.can_recall(provider) {
            return Ok(RecallStage::None);
        }
        let payments = || payments.iter().map(|one| &one.payment);
        let ids: Vec<_> = payments().map(|payment| payment.id.uuid()).collect();
        let recalls = self.store.recalls_of(&ids).await?;
        let mut stage = RecallStage::None;
        for payment in payments() {
            for recall in recalls.get(&payment.id.uuid()).into_iter().flatten() {
                match recall.state {
                    RecallState::Requested => return Ok(RecallStage::Requested),
                    RecallState::Sending | RecallState::Accepted | RecallState::Unknown => {
                        if !matches!(payment.status, PaymentStatus::Cancelled | PaymentStatus::Reversed) {
                            stage = RecallStage::Awaited { until: recall.requested_at + self.policy.review_after };
                        }
                    }
                    RecallState::Refused => {}
                }
            }
        }
        Ok(stage)
    }

    fn can_recall(&self, provider: ProviderCode) -> bool {
        let wanted = [Capability::Cancel, Capability::Void];
        self.provider(provider).is_some_and(|one| one.capabilities().iter().any(|can| wanted.contains(can)))
    }

    /// In the claim: a recall whose sender is gone may have arrived. Each payment's log tells so, and how the payments
    /// stand is asked.
    pub(super) async fn give_up_recalls(
        &self,
        work: &mut Work,
        submission: &Submission,
        payments: &mut [Payment],
    ) -> Result<(), StoreError> {
        if !self.can_recall(submission.provider) {
            return Ok(());
        }
        let given_up = work.give_up_recalls(submission.id).await?;
        if given_up.is_empty() {
            return Ok(());
        }
        for payment in payments.iter_mut().filter(|payment| given_up.contains(&payment.id)) {
            let before = payment.clone();
            let reason = Some(SENDER_GONE.to_owned());
            work.save_payment(&before, payment, EventType::RecallUnknown, BILLPAY, reason).await?;
        }
        work.request_look_up(submission.id).await
    }

    /// Sends the oldest recall that was requested for a claimed submission's payments.
    pub(super) async fn recall(&self, claimed: &Claimed, payments: &[Payment]) -> Result<(), StoreError> {
        let Some(provider) = self.provider(claimed.submission.provider).cloned() else {
            return self.hand_back_after_fault(&claimed.submission).await;
        };
        let Some((recall, payment)) = self.requested_recall(payments).await? else {
            return self.hand_back(&claimed.submission, Some(self.clock.now())).await;
        };
        if self.clock.now() >= recall.requested_at + self.policy.review_after {
            let never = ProviderError::NotSent(Trouble { what: "it could not be sent in time", ..Trouble::default() });
            let sent = Sent { submission: claimed.submission.clone(), recall, marked: false };
            return self.settle_recall(&sent, RecallState::Refused, &Err(never)).await;
        }
        let offered = provider.recalls(payment.provider_status.as_deref()).contains(&recall.kind);
        let Some(reference) = payment.provider_reference.clone().filter(|_| offered) else {
            let late = ProviderError::NotSent(Trouble {
                what: "the payment is no longer in a state in which the provider takes it back",
                ..Trouble::default()
            });
            let sent = Sent { submission: claimed.submission.clone(), recall, marked: false };
            return self.settle_recall(&sent, RecallState::Refused, &Err(late)).await;
        };
        let preparation = match provider.prepare(None).await {
            Ok(preparation) => preparation,
            Err(error) => return self.not_prepared(claimed, &error, true).await,
        };
        let mut submission = claimed.submission.clone();
        if !self.mark_recall(&mut submission, &recall).await? {
            return Ok(());
        }
        let sent = Sent { submission, recall, marked: true };
        let began = Instant::now();
        let outcome = self.send_recall(provider.as_ref(), claimed, (&reference, &sent.recall), preparation).await;
        // The answer is stored in any case.
        let noted = self.note_way(provider.code(), began, &outcome, true).await;
        let state = match &outcome {
            Ok(_) => RecallState::Accepted,
            Err(ProviderError::Refused(_)) => RecallState::Refused,
            Err(ProviderError::NotSent(_) | ProviderError::Misconfigured(_)) => RecallState::Requested,
            Err(ProviderError::Unknown(_)) => RecallState::Unknown,
        };
        settling(sent.submission.id, || self.settle_recall(&sent, state, &outcome)).await?;
        noted
    }

    async fn requested_recall<'a>(&self, payments: &'a [Payment]) -> Result<Option<(Recall, &'a Payment)>, StoreError> {
        let ids: Vec<_> = payments.iter().map(|payment| payment.id.uuid()).collect();
        let recalls = self.store.recalls_of(&ids).await?;
        let requested = recalls.into_values().flatten().filter(|recall| recall.state == RecallState::Requested);
        let oldest = requested.min_by_key(|recall| (recall.requested_at, recall.id));
        Ok(oldest.and_then(|recall| {
            let payment = payments.iter().find(|payment| payment.id == recall.payment_id)?;
            Some((recall, payment))
        }))
    }

    async fn mark_recall(&self, submission: &mut Submission, recall: &Recall) -> Result<bool, StoreError> {
        let work = self.store.begin(Step::Mark).await?;
        submission.attempt_count += 1;
        submission.look_ups = 0;
        if !work.mark_call(submission, self.policy.call_timeout, self.policy.lease_margin).await? {
            work.roll_back().await?;
            return Ok(false);
        }
        work.mark_recall(recall.id, submission.attempt_count).await?;
        let deadline = work.now() + self.policy.call_timeout;
        work.begin_attempt(submission, attempt_kind(recall.kind), deadline).await?;
        work.commit().await?;
        Ok(true)
    }

    async fn send_recall(
        &self,
        provider: &dyn Provider,
        claimed: &Claimed,
        (reference, recall): (&str, &Recall),
        preparation: Preparation,
    ) -> Result<RecallAnswer, ProviderError> {
        crash::point(CrashPoint::BeforeSend);
        let deadline = claimed.deadline.at_most(self.policy.call_timeout);
        let making = Call::new(provider.code(), "recall");
        let outcome = if deadline.left().is_zero() {
            Err(ProviderError::NotSent(Trouble { what: "the lease was nearly over", ..Trouble::default() }))
        } else {
            let call = provider.recall(reference, recall, preparation, deadline);
            let failed = ProviderError::Unknown(Trouble { what: "the adapter failed", ..Trouble::default() });
            making.run(AssertUnwindSafe(call).catch_unwind()).await.unwrap_or(Err(failed))
        };
        let outcome = outcome.map_err(clean::error);
        crash::point(CrashPoint::AfterSend);
        making.end(&outcome);
        outcome
    }

    async fn settle_recall(
        &self,
        sent: &Sent,
        state: RecallState,
        outcome: &Result<RecallAnswer, ProviderError>,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(current) = work.lock_submission(sent.submission.id).await? else { return work.roll_back().await };
        let attempt = sent.marked.then_some(sent.submission.attempt_count);
        if !work.recall_awaits(sent.recall.id, state, attempt).await? {
            // Told by an earlier try, of whose commit nobody knew.
            return work.roll_back().await;
        }
        if sent.marked {
            let no = sent.submission.attempt_count;
            work.end_attempt(sent.submission.id, no, attempt_state(state), &attempt_end(outcome)).await?;
        }
        work.end_recall(sent.recall.id, state, message_of(outcome).as_deref()).await?;
        let told = match state {
            RecallState::Refused => Some(EventType::RecallRefused),
            RecallState::Unknown => Some(EventType::RecallUnknown),
            RecallState::Requested | RecallState::Sending | RecallState::Accepted => None,
        };
        let mut payments = work.payments_of(current.id).await?;
        if let Some((kind, payment)) = told.zip(payments.iter_mut().find(|one| one.id == sent.recall.payment_id)) {
            let before = payment.clone();
            let actor = if outcome.is_ok() { BILLPAY } else { actor_of(current.provider) };
            work.save_payment(&before, payment, kind, actor, message_of(outcome)).await?;
        }
        let unsent = state == RecallState::Requested;
        if unsent {
            // How the payment stands is asked before it is tried again.
            work.request_look_up(current.id).await?;
        }
        if current.fence == sent.submission.fence {
            let mut after = current.clone();
            after.look_ups = 0;
            after.last_look_up = None;
            after.fault_count = if unsent { current.fault_count + 1 } else { 0 };
            let pause = if unsent { pause_before_another(&after, outcome) } else { Duration::ZERO };
            work.release(&after, Some(work.now() + pause)).await?;
        }
        if !unsent {
            work.request_look_up(current.id).await?;
        }
        work.commit().await
    }
}

/// How long nothing is tried after a recall that was not sent: ever longer, and as long as the provider asks.
fn pause_before_another(after: &Submission, outcome: &Result<RecallAnswer, ProviderError>) -> Duration {
    let asked = match outcome {
        Err(ProviderError::NotSent(trouble)) => trouble.retry_after,
        Ok(_) | Err(ProviderError::Refused(_) | ProviderError::Unknown(_) | ProviderError::Misconfigured(_)) => None,
    };
    retry::delay(after.fault_count.unsigned_abs()).max(asked.unwrap_or_default())
}

const fn attempt_kind(kind: RecallKind) -> AttemptKind {
    match kind {
        RecallKind::Cancel => AttemptKind::Cancel,
        RecallKind::Void => AttemptKind::Void,
    }
}

const fn attempt_state(state: RecallState) -> AttemptState {
    match state {
        RecallState::Requested => AttemptState::NotSent,
        RecallState::Accepted => AttemptState::Acknowledged,
        RecallState::Refused => AttemptState::Declined,
        RecallState::Sending | RecallState::Unknown => AttemptState::Unknown,
    }
}

fn attempt_end(outcome: &Result<RecallAnswer, ProviderError>) -> AttemptEnd {
    match outcome {
        Ok(answer) => AttemptEnd { http_status: answer.http_status, ..AttemptEnd::default() },
        Err(error) => attempt_end_of_error(error),
    }
}

fn message_of(outcome: &Result<RecallAnswer, ProviderError>) -> Option<String> {
    match outcome {
        Ok(_) => None,
        Err(ProviderError::Refused(refused)) => Some(refused.message.clone()),
        Err(
            ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble),
        ) => Some(trouble.what.to_owned()),
    }
}
