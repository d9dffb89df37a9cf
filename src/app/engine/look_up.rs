//! Looking up: asking the provider how a payment stands. A look-up has no effect, so it needs no mark.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;

use super::submit::{attempt_end, note_call, testimony_of_answer, verdict_of};
use super::{Claimed, Testimony, actor_of, clean};
use crate::app::App;
use crate::crash::Step;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::{AttemptKind, AttemptState};
use crate::ports::provider::{PaymentAnswer, ProviderError, StatusQuery, Trouble};
use crate::store::StoreError;

impl App {
    /// Looks a claimed submission up and stores what was found.
    pub(super) async fn look_up_payment(&self, claimed: &Claimed) -> Result<(), StoreError> {
        let submission = &claimed.submission;
        let Some(provider) = self.provider(submission.provider).cloned() else {
            return self.hand_back_after_fault(submission).await;
        };
        let query = StatusQuery {
            our_reference: submission.provider_key.clone(),
            provider_reference: submission.provider_reference.clone(),
        };
        let (began, started) = (self.clock.now(), Instant::now());
        let call = async { AssertUnwindSafe(provider.status(&query)).catch_unwind().await };
        let outcome = match tokio::time::timeout(claimed.deadline.left(), call).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(failed("the adapter failed")),
            Err(_elapsed) => Err(failed("no answer in time")),
        };
        let outcome = clean::answer(outcome);
        note_call(provider.code(), "look_up", &outcome, started);
        if let Err(error) = &outcome {
            self.note_trouble(provider.code(), error).await?;
        }
        match self.settle_look_up(claimed, began, &outcome).await {
            Err(error) if !error.is_transient() => {
                // Whatever it was that could not be stored: patience goes on, and a person is asked in the end.
                tracing::error!(submission.id = %submission.id, %error, "an answer to a look-up could not be stored");
                self.settle_look_up(claimed, began, &Err(failed("the answer could not be stored"))).await
            }
            settled => settled,
        }
    }

    async fn settle_look_up(
        &self,
        claimed: &Claimed,
        began: jiff::Timestamp,
        outcome: &Result<PaymentAnswer, ProviderError>,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(mut current) = work.lock_submission(claimed.submission.id).await? else {
            return work.roll_back().await;
        };
        let holds_lease = current.fence == claimed.submission.fence;
        let verdict = verdict_of_look_up(outcome);
        current.attempt_count += 1;
        work.count_attempt(current.id, current.attempt_count).await?;
        work.begin_attempt(&current, AttemptKind::LookUp, began).await?;
        let state = if verdict == Verdict::Unclear { AttemptState::Unknown } else { AttemptState::Acknowledged };
        work.end_attempt(current.id, current.attempt_count, state, &attempt_end(outcome)).await?;
        let bare = Testimony {
            attempt_no: Some(current.attempt_count),
            ..Testimony::new(Source::LookUp, verdict, actor_of(current.provider))
        };
        let testimony = match outcome {
            Ok(answer) => testimony_of_answer(answer, bare),
            Err(_) => bare,
        };
        if let Some(reference) = &testimony.reported.provider_reference {
            work.keep_provider_reference(current.id, reference).await?;
            current.provider_reference = Some(reference.clone());
        }
        let mut statuses = Vec::new();
        for mut payment in work.payments_of(current.id).await? {
            self.apply(&mut work, &mut payment, &testimony).await?;
            statuses.push(payment.status);
        }
        if holds_lease {
            current.look_ups += 1;
            current.last_look_up = Some((verdict, began));
            current.look_up_requests_met = claimed.submission.look_up_requests;
            let next = self.next_look(&current, statuses);
            work.release(&current, next).await?;
            work.wake_worker();
        }
        work.commit().await
    }
}

/// What a look-up says: that it failed says nothing about the payment.
fn verdict_of_look_up(outcome: &Result<PaymentAnswer, ProviderError>) -> Verdict {
    match outcome {
        Ok(_) => verdict_of(outcome),
        Err(_) => Verdict::Unclear,
    }
}

fn failed(what: &'static str) -> ProviderError {
    ProviderError::Unknown(Trouble { what, ..Trouble::default() })
}
