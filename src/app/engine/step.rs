//! One step of one submission: load, decide, act.

use std::time::Duration;

use jiff::Timestamp;

use super::parts::WithParts;
use super::way::Pass;
use super::{BILLPAY, Claimed, Found, weaken};
use crate::app::App;
use crate::crash::Step as CrashStep;
use crate::domain::event::EventType;
use crate::domain::payment::Payment;
use crate::domain::payment::decide::{RecallStage, Step};
use crate::domain::payment::status::{PaymentStatus, ReviewReason};
use crate::domain::payment::submission::{Subject, Submission};
use crate::domain::retry;
use crate::store::StoreError;
use crate::store::work::Work;

/// How long a submission to a provider that is switched off rests.
const SWITCHED_OFF_PAUSE: Duration = Duration::from_secs(60);

impl App {
    /// Carries a claimed submission one step further and gives the lease back. What was `found` of it is looked for here
    /// where nothing was.
    pub async fn advance(&self, claimed: &Claimed, found: Option<Found>) -> Result<(), StoreError> {
        let submission = &claimed.submission;
        match submission.subject {
            Subject::Payments => {}
            Subject::ControlNumbers => return self.advance_control_numbers(claimed).await,
        }
        let found = match found {
            Some(found) => found,
            None => {
                let mut found = self.find(std::slice::from_ref(claimed)).await?;
                found.remove(&submission.id).ok_or(StoreError::Unreadable("a submission's payments"))?
            }
        };
        let Found { payments, way } = found;
        let paused = way.as_ref().and_then(|row| row.submits_paused_until);
        let recall = self.recall_stage(submission.provider, &payments).await?;
        let step = self.next_step(submission, &payments, paused, recall);
        tracing::debug!(submission.id = %submission.id, ?step, "step");
        match step {
            Step::Submit => match self.pass(submission.provider, way.as_ref()).await? {
                Pass::Go { known_well } => self.submit(claimed, payments, known_well).await,
                Pass::Wait(until) => self.hand_back(submission, Some(until)).await,
            },
            Step::LookUp => self.look_up_payments(claimed, payments, recall).await,
            Step::Recall => {
                let payments: Vec<Payment> = payments.into_iter().map(|one| one.payment).collect();
                self.recall(claimed, &payments).await
            }
            Step::Release => self.change_all(claimed, PaymentStatus::Ready, None, None).await,
            Step::Expire => {
                let reason = "the time in which it could be sent is over".to_owned();
                self.change_all(claimed, PaymentStatus::Cancelled, None, Some(reason)).await
            }
            Step::Review(reason) => {
                let (status, review) = weaken::given_up(reason);
                self.change_all(claimed, status, review, Some(reason.sentence().to_owned())).await
            }
            Step::WaitUntil(next) => self.hand_back(submission, Some(next)).await,
            Step::Rest => self.hand_back(submission, None).await,
        }
    }

    fn next_step(
        &self,
        submission: &Submission,
        payments: &[WithParts],
        paused: Option<Timestamp>,
        recall: RecallStage,
    ) -> Step {
        let Some(provider) = self.provider(submission.provider) else {
            return Step::WaitUntil(self.clock.now() + SWITCHED_OFF_PAUSE);
        };
        let statuses = payments.iter().map(|one| one.payment.status);
        weaken::decided(&submission.situation(statuses, self.clock.now(), paused, recall), &provider.safety())
    }

    /// When the worker is to look again, decided from what is known after a step.
    pub(in crate::app) fn next_look(
        &self,
        submission: &Submission,
        statuses: impl IntoIterator<Item = PaymentStatus>,
        recall: RecallStage,
    ) -> Option<Timestamp> {
        let now = self.clock.now();
        let Some(provider) = self.provider(submission.provider) else {
            return Some(now + SWITCHED_OFF_PAUSE);
        };
        match weaken::decided(&submission.situation(statuses, now, None, recall), &provider.safety()) {
            Step::WaitUntil(next) => Some(next),
            Step::Rest => None,
            Step::Submit | Step::LookUp | Step::Recall | Step::Release | Step::Expire | Step::Review(_) => Some(now),
        }
    }

    /// Who lost the lease schedules nothing: whoever holds it now goes on. But where what it brought reopens a payment
    /// that nobody was to look at again, such as one in review, the row comes due once more.
    pub(super) async fn reawaken(
        &self,
        work: &mut Work,
        submission: &Submission,
        statuses: Vec<PaymentStatus>,
    ) -> Result<(), StoreError> {
        match self.next_look(submission, statuses, RecallStage::None) {
            Some(next) => {
                work.schedule_resting(submission.id, next).await?;
                work.wake_worker();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Gives the lease back without a change.
    pub(in crate::app) async fn hand_back(
        &self,
        submission: &Submission,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(CrashStep::Settle).await?;
        let Some(current) = work.lock_submission(submission.id).await? else { return work.roll_back().await };
        let asked_meanwhile = current.look_up_requests > submission.look_up_requests;
        let next = if asked_meanwhile { Some(self.clock.now()) } else { next };
        let mut after = current;
        after.fence = submission.fence;
        after.fault_count = submission.fault_count;
        work.release(&after, next).await?;
        if next.is_some() {
            // It may come due before the worker would look by itself.
            work.wake_worker();
        }
        work.commit().await
    }

    /// Hands a submission back after trouble that was not the payment's: later each time.
    pub(in crate::app) async fn hand_back_after_fault(&self, submission: &Submission) -> Result<(), StoreError> {
        let faults = submission.fault_count + 1;
        let next = self.clock.now() + retry::delay(faults.unsigned_abs());
        self.hand_back(&Submission { fault_count: faults, ..submission.clone() }, Some(next)).await
    }

    /// The same after a step that panicked, and no sooner than its lease would have ended, unless somebody asks: nobody knows how
    /// far it came.
    pub(super) async fn hand_back_after_panic(&self, submission: &Submission) -> Result<(), StoreError> {
        let faults = submission.fault_count + 1;
        let next = self.clock.now() + retry::delay(faults.unsigned_abs()).max(self.policy.lease);
        self.hand_back(&Submission { fault_count: faults, ..submission.clone() }, Some(next)).await
    }

    /// Brings all payments that are not final into one state and gives the lease back. Who lost the lease changes
    /// nothing.
    async fn change_all(
        &self,
        claimed: &Claimed,
        to: PaymentStatus,
        review: Option<ReviewReason>,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        let mut work = self.store.begin(CrashStep::Settle).await?;
        let held =
            work.lock_submission(claimed.submission.id).await?.filter(|now| now.fence == claimed.submission.fence);
        let Some(current) = held else { return work.roll_back().await };
        let mut statuses = Vec::new();
        for mut payment in work.payments_of(current.id).await? {
            if !payment.status.is_final() && payment.status != PaymentStatus::NeedsReview {
                self.change(&mut work, &mut payment, to, review, reason.clone()).await?;
            }
            statuses.push(payment.status);
        }
        let next = self.next_look(&current, statuses, RecallStage::None);
        work.release(&current, next).await?;
        work.wake_worker();
        work.commit().await
    }

    async fn change(
        &self,
        work: &mut Work,
        payment: &mut Payment,
        to: PaymentStatus,
        review: Option<ReviewReason>,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        let before = payment.clone();
        payment.status = to;
        payment.review = review.map(|reason| (reason, work.now()));
        work.save_payment(&before, payment, EventType::of_change(before.status, to), BILLPAY, reason).await?;
        if to.is_final() {
            work.drop_claim(payment.id).await?;
        }
        if let Some(reason) = review {
            tracing::warn!(payment.id = %payment.id, provider.name = %payment.provider, %reason, "a person must look");
        }
        Ok(())
    }
}
