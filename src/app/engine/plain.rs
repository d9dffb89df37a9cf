//! Plain payments: what the mark and the first answer make of a payment that needs nothing but itself.
//!
//! Most payments are alone in their submission, are sent once, and are answered. What each step makes of them is decided
//! here by the rules of everyone, from what was read when they were claimed, and the store makes it so, together with
//! others, where nobody has touched them since ([`crate::store`], `at_once`). In every other case nothing is done here,
//! and the careful way begins, which locks and reads first.

use super::apply::{enter, note_change, receipt, weigh};
use super::attempt::{attempt_end, attempt_state};
use super::parts::WithParts;
use super::testify::{Told, Witness, verdict_of};
use super::{BILLPAY, weaken};
use crate::app::App;
use crate::app::together::NotDone;
use crate::domain::payment::Payment;
use crate::domain::payment::decide::RecallStage;
use crate::domain::payment::evidence::Source;
use crate::domain::payment::fold::Fold;
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::ports::provider::{PaymentAnswer, ProviderError};
use crate::store::{PlainEvidence, PlainMark, PlainSettlement, StoreError};

/// How many batches of one kind are under way at once: two would be smaller, and cost the database a quarter more for
/// each payment, as measured.
const BATCHES: usize = 1;

impl App {
    /// Marks a submission with one payment: how the two stand then, where it is committed.
    pub(super) async fn mark_plainly(
        &self,
        submission: &Submission,
        payments: &[WithParts],
    ) -> Result<Option<(Submission, WithParts)>, StoreError> {
        let [one] = payments else { return Ok(None) };
        let is_plain = one.payment.bulk_payment_id.is_none() && !one.payment.status.is_final();
        if !is_plain || !self.store.carries_at_once() {
            return Ok(None);
        }
        let now = self.clock.now();
        let mut counted = submission.clone();
        counted.count_submit(now);
        let after = Payment {
            status: PaymentStatus::Submitting,
            version: one.payment.version + 1,
            review: None,
            updated_at: now,
            ..one.payment.clone()
        };
        let mark = PlainMark {
            submission: counted.clone(),
            after: after.clone(),
            actor: BILLPAY,
            lease_needs: self.policy.call_timeout + self.policy.lease_margin,
            deadline: now + self.policy.call_timeout,
        };
        let store = self.store.clone();
        let act = move |marks: Vec<PlainMark>| {
            let store = store.clone();
            async move { store.mark_at_once(&marks).await }
        };
        let marked = committed(self.marks.with_others(mark, BATCHES, act).await)?;
        Ok(marked.then(|| (counted, WithParts { payment: after, parts: one.parts.clone() })))
    }

    /// Stores the answer to a submission that was marked plainly: whether it is committed.
    pub(super) async fn settle_plainly(
        &self,
        sent: &Submission,
        marked: &WithParts,
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
    ) -> Result<bool, StoreError> {
        let Some(settlement) = self.plain_settlement(sent, marked, outcome) else { return Ok(false) };
        let (after, store) = (settlement.after.clone(), self.store.clone());
        let act = move |settlements: Vec<PlainSettlement>| {
            let store = store.clone();
            async move { store.settle_at_once(&settlements).await }
        };
        let settled = committed(self.settlements.with_others(settlement, BATCHES, act).await)?;
        if settled {
            note_change(&after);
        }
        Ok(settled)
    }

    /// What an answer makes of a payment and its submission, if that can be told from them alone.
    fn plain_settlement(
        &self,
        sent: &Submission,
        marked: &WithParts,
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
    ) -> Option<PlainSettlement> {
        // No other attempt of any kind: nothing else can be travelling.
        if sent.submits != 1 || sent.attempt_count != 1 || marked.parts.len() > 1 || self.keeps_number(&marked.payment)
        {
            return None;
        }
        let said = verdict_of(outcome);
        let witness =
            Witness { source: Source::Submit, provider: sent.provider, attempt_no: 1, weigh: |verdict| verdict };
        let Told { testimony, part_references } = witness.testify(outcome, std::slice::from_ref(marked)).pop()?;
        let [.., part_reference] = part_references.as_slice() else { return None };
        let (verdict, outcome_of_fold) = weigh(&marked.payment, &testimony);
        let Fold::Become(next) = weaken::folded(outcome_of_fold, verdict) else { return None };
        let now = self.clock.now();
        let mut after = marked.payment.clone();
        let (kind, reason) = enter(&mut after, next, &testimony, now);
        after.version += 1;
        after.updated_at = now;
        let is_paid = after.status == PaymentStatus::Succeeded;
        let reference = testimony.reported.provider_reference.clone();
        let submission = Submission {
            last_submit_at: Some(now),
            last_submit_verdict: Some(said),
            fault_count: 0,
            provider_reference: reference.or_else(|| sent.provider_reference.clone()),
            ..sent.clone()
        };
        Some(PlainSettlement {
            next_action_at: self.next_look(&submission, [after.status], RecallStage::None),
            submission,
            attempt: (attempt_state(said), attempt_end(outcome)),
            receipt: is_paid.then(|| receipt(&after, &testimony, now)),
            pays: marked.parts.first().filter(|_| is_paid).and_then(|part| Some((part.bill_id?, part.amount))),
            part_reference: part_reference.clone(),
            kind,
            actor: testimony.actor,
            reason,
            evidence: PlainEvidence {
                id: self.ids.next(),
                verdict,
                reported: testimony.reported,
                note: testimony.note,
            },
            after,
        })
    }
}

/// Who was not taken in goes the careful way; of whom nothing was heard nobody knows.
fn committed(done: Result<Result<bool, StoreError>, NotDone>) -> Result<bool, StoreError> {
    match done {
        Ok(done) => done,
        Err(NotDone::Full) => Ok(false),
        Err(NotDone::Unheard) => Err(StoreError::unheard()),
    }
}
