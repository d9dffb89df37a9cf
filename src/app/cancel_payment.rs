//! Cancelling a payment that was not sent.

use super::access::require;
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::event::EventType;
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::payment::action::can_cancel;
use crate::domain::payment::status::PaymentStatus;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::store::{Owner, StoreError};

const LONGEST_REASON: usize = 500;
const MOST_TRIES: u32 = 5;

impl App {
    /// Cancels a payment. One that was cancelled before is answered as it is.
    pub async fn cancel_payment(
        &self,
        requester: &Requester,
        id: &str,
        reason: Option<String>,
    ) -> Result<Payment, AppError> {
        require(requester, Scope::PaymentsWrite)?;
        let path = &["input", "paymentId"];
        let id = id.parse::<PaymentId>().map_err(|_| Refusal::not_found(path, "payment"))?;
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
            let message = format!("a reason has at most {LONGEST_REASON} characters");
            return Err(Refusal::input(&["input", "reason"], message).into());
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_cancel(requester, id, reason.clone()).await {
                // The worker took it in between: look at what it made of it.
                Err(AppError::Store(StoreError::Conflict)) if tries < MOST_TRIES => {}
                outcome => return outcome,
            }
        }
    }

    async fn try_cancel(
        &self,
        requester: &Requester,
        id: PaymentId,
        reason: Option<String>,
    ) -> Result<Payment, AppError> {
        let path = &["input", "paymentId"];
        let mut work = self.store.begin(Step::Other).await?;
        let owner = Owner::of(requester);
        let seen = work.payment(&owner, id).await?.ok_or_else(|| Refusal::not_found(path, "payment"))?;
        work.lock_submission(seen.submission_id).await?;
        let before = work.payment(&owner, id).await?.ok_or_else(|| Refusal::not_found(path, "payment"))?;
        if before.status == PaymentStatus::Cancelled {
            work.roll_back().await?;
            return Ok(before);
        }
        if !can_cancel(before.status) {
            let message = format!(
                "the payment is {}: it may have been sent, and {} cannot cancel it",
                before.status,
                before.provider.name()
            );
            return Err(Refusal::new(ErrorCode::PaymentNotCancellable, message).at(path).into());
        }
        let mut after = before.clone();
        after.status = PaymentStatus::Cancelled;
        work.save_payment(&before, &mut after, EventType::PaymentCancelled, &requester.subject, reason).await?;
        work.drop_claim(id).await?;
        work.reschedule(before.submission_id, None).await?;
        work.commit().await?;
        Ok(after)
    }
}
