//! Looking up: asking the provider how a payment stands. A look-up has no effect, so it needs no mark.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::attempt::attempt_end;
use super::call::Call;
use super::parts::WithParts;
use super::testify::{Witness, verdict_of};
use super::{Claimed, clean};
use crate::app::App;
use crate::crash::Step;
use crate::domain::payment::decide::RecallStage;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{AttemptKind, AttemptState};
use crate::ports::provider::{ExpectedPayment, PaymentAnswer, ProviderError, StatusQuery, Trouble};
use crate::store::StoreError;
use crate::store::work::Work;
use crate::weakness::{Weakness, planted};

impl App {
    /// Looks a claimed submission up and stores what was found.
    pub(super) async fn look_up_payments(
        &self,
        claimed: &Claimed,
        payments: Vec<WithParts>,
        recall: RecallStage,
    ) -> Result<(), StoreError> {
        let submission = &claimed.submission;
        let Some(provider) = self.provider(submission.provider).cloned() else {
            return self.hand_back_after_fault(submission).await;
        };
        let query = self.status_query(submission, payments).await?;
        let (began, making) = (self.clock.now(), Call::new(provider.code(), "look_up"));
        let call = async { AssertUnwindSafe(provider.status(&query)).catch_unwind().await };
        let outcome = match tokio::time::timeout(claimed.deadline.left(), making.run(call)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(failed("the adapter failed")),
            Err(_elapsed) => Err(failed("no answer in time")),
        };
        let outcome = clean::answers(outcome);
        let asked = making.end(&outcome);
        self.note_question(provider.code(), asked, &outcome).await?;
        match self.settle_look_up(claimed, began, &outcome, recall).await {
            Err(error) if !error.is_transient() => {
                // Whatever it was that could not be stored: patience goes on, and a person is asked in the end.
                tracing::error!(submission.id = %submission.id, %error, "an answer to a look-up could not be stored");
                self.settle_look_up(claimed, began, &Err(failed("the answer could not be stored")), recall).await
            }
            settled => settled,
        }
    }

    async fn status_query(&self, submission: &Submission, payments: Vec<WithParts>) -> Result<StatusQuery, StoreError> {
        let catalogue = self.catalogue.snapshot();
        let expected = |one: &WithParts| ExpectedPayment {
            biller_code: catalogue.get(one.payment.biller_id).map_or_else(String::new, |biller| biller.code.clone()),
            amount: one.payment.amount,
            bills: one.bills(),
        };
        let known = payments.iter().flat_map(WithParts::provider_references);
        let provider_references: BTreeSet<String> = known.chain(submission.provider_reference.clone()).collect();
        Ok(StatusQuery {
            our_reference: submission.provider_key.clone(),
            provider_references: provider_references.into_iter().collect(),
            bulk: payments.iter().any(|one| one.payment.bulk_payment_id.is_some()),
            payments: payments.iter().map(expected).collect(),
            first_sent_at: submission.key_first_used_at,
        })
    }

    async fn settle_look_up(
        &self,
        claimed: &Claimed,
        began: jiff::Timestamp,
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
        recall: RecallStage,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(Step::Settle).await?;
        let Some(mut current) = work.lock_submission(claimed.submission.id).await? else {
            return work.roll_back().await;
        };
        let holds_lease = current.fence == claimed.submission.fence || planted(Weakness::NoFence);
        let payments = WithParts::of(&work, current.id).await?;
        let of_others = of_others(&work, &current, &payments, outcome).await?;
        let outcome = of_others.as_ref().unwrap_or(outcome);
        let verdict = verdict_of_look_up(outcome);
        current.attempt_count += 1;
        work.count_attempt(current.id, current.attempt_count).await?;
        work.begin_attempt(&current, AttemptKind::LookUp, began).await?;
        let state = if verdict == Verdict::Unclear { AttemptState::Unknown } else { AttemptState::Acknowledged };
        work.end_attempt(current.id, current.attempt_count, state, &attempt_end(outcome)).await?;
        let witness = Witness {
            source: Source::LookUp,
            provider: current.provider,
            attempt_no: current.attempt_count,
            weigh: |verdict| verdict,
        };
        let told = match outcome {
            Ok(_) => witness.testify(outcome, &payments),
            // That a look-up failed says nothing about the payment.
            Err(error) => witness.testify(&Err(ProviderError::Unknown(trouble_of(error))), &payments),
        };
        let statuses = self.take_testimony(&mut work, &mut current, told, payments).await?;
        if holds_lease {
            current.look_ups += 1;
            current.last_look_up = Some((verdict, began));
            current.look_up_requests_met = claimed.submission.look_up_requests;
            let next = self.next_look(&current, statuses, recall);
            work.release(&current, next).await?;
            work.wake_worker();
        } else {
            self.reawaken(&mut work, &current, statuses).await?;
        }
        work.commit().await
    }
}

/// What a look-up says: that it failed says nothing about the payment.
fn verdict_of_look_up(outcome: &Result<Vec<PaymentAnswer>, ProviderError>) -> Verdict {
    match outcome {
        Ok(_) => verdict_of(outcome),
        Err(_) => Verdict::Unclear,
    }
}

/// A bulk bears no reference of ours at the provider, so that a look-up may find another's payments of the same bills.
/// Where some of it belongs to another submission, this is what the look-up says instead: that nothing was found, or,
/// where something is left, that nothing is sure.
async fn of_others(
    work: &Work,
    submission: &Submission,
    payments: &[WithParts],
    outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
) -> Result<Option<Result<Vec<PaymentAnswer>, ProviderError>>, StoreError> {
    let is_bulk = payments.iter().any(|one| one.payment.bulk_payment_id.is_some());
    let (true, Ok(answers)) = (is_bulk, outcome) else { return Ok(None) };
    let references: Vec<&str> =
        answers.iter().filter_map(|answer| answer.reported.provider_reference.as_deref()).collect();
    let taken = work.references_of_others(submission, &references).await?;
    if taken.is_empty() {
        return Ok(None);
    }
    let left = answers
        .iter()
        .any(|answer| answer.reported.provider_reference.as_ref().is_some_and(|reference| !taken.contains(reference)));
    let verdict = if left { Verdict::Unclear } else { Verdict::NotFound };
    Ok(Some(Ok(vec![PaymentAnswer { verdict: Some(verdict), ..PaymentAnswer::default() }])))
}

fn trouble_of(error: &ProviderError) -> Trouble {
    match error {
        ProviderError::Refused(refused) => {
            Trouble { what: "the look-up was refused", http_status: refused.http_status, ..Trouble::default() }
        }
        ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble) => {
            trouble.clone()
        }
    }
}

fn failed(what: &'static str) -> ProviderError {
    ProviderError::Unknown(Trouble { what, ..Trouble::default() })
}
