//! Cancelling a payment: here, as long as nothing was sent; else by asking the provider that holds it.

use super::access::require;
use super::recall::{Wish, check_reason};
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::event::EventType;
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::payment::action::{can_call_off, can_cancel};
use crate::domain::payment::recall::{RecallKind, RecallState};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::store::work::Work;
use crate::store::{Owner, StoreError, retrying};

const PATH: &[&str] = &["input", "paymentId"];

impl App {
    /// Cancels a payment, or has its provider asked to. One that was cancelled before is answered as it is, and so is
    /// one whose provider is being asked already.
    pub async fn cancel_payment(
        &self,
        requester: &Requester,
        id: &str,
        reason: Option<String>,
    ) -> Result<Payment, AppError> {
        require(requester, Scope::PaymentsWrite)?;
        let id = id.parse::<PaymentId>().map_err(|_| Refusal::not_found(PATH, "payment"))?;
        check_reason(reason.as_deref())?;
        let wish = Wish { kind: RecallKind::Cancel, void_kind: None, reason };
        // The worker may take it in between: each try looks at what it made of it.
        retrying(|| self.try_cancel(requester, id, &wish)).await
    }

    async fn try_cancel(&self, requester: &Requester, id: PaymentId, wish: &Wish) -> Result<Payment, AppError> {
        let mut work = self.store.begin(Step::Recall).await?;
        let before = locked_payment(&work, &Owner::of(requester), id).await?;
        if before.status == PaymentStatus::Cancelled {
            work.roll_back().await?;
            return Ok(before);
        }
        let after = if can_call_off(&before) {
            Some(self.call_off(&mut work, requester, &before, wish).await?)
        } else {
            self.check_cancellable(&before)?;
            self.wish(&mut work, requester, &before, wish).await.map_err(at_path)?
        };
        match after {
            Some(after) => {
                work.commit().await?;
                Ok(after)
            }
            None => {
                work.roll_back().await?;
                Ok(before)
            }
        }
    }

    /// Nothing was sent: billpay fulfils the wish itself, and keeps it as fulfilled.
    async fn call_off(
        &self,
        work: &mut Work,
        requester: &Requester,
        before: &Payment,
        wish: &Wish,
    ) -> Result<Payment, StoreError> {
        let mut after = before.clone();
        after.status = PaymentStatus::Cancelled;
        let kind = EventType::PaymentCancelled;
        work.save_payment(before, &mut after, kind, &requester.subject, wish.reason.clone()).await?;
        let recall = wish.recall(self, requester, before, RecallState::Accepted);
        work.insert_recall(&before.tenant, &recall).await?;
        work.drop_claim(before.id).await?;
        work.reschedule(before.submission_id, None).await?;
        Ok(after)
    }

    /// What the provider cannot do is no lack of a capability to whoever asks: this payment cannot be cancelled.
    fn check_cancellable(&self, payment: &Payment) -> Result<(), Refusal> {
        let not_cancellable = |message: String| Refusal::new(ErrorCode::PaymentNotCancellable, message).at(PATH);
        if can_cancel(payment.status) {
            let message = "the payments of a bulk are sent together: none of them can be called off before that";
            return Err(not_cancellable(message.to_owned()));
        }
        self.require_recall(payment, RecallKind::Cancel).map_err(|refusal| {
            let message = format!("the payment is {}: it may have been sent, and {}", payment.status, refusal.message);
            not_cancellable(message)
        })
    }
}

/// A payment that the owner may see, with its submission locked until the end of the change.
pub(super) async fn locked_payment(work: &Work, owner: &Owner, id: PaymentId) -> Result<Payment, AppError> {
    let not_found = || Refusal::not_found(PATH, "payment");
    let seen = work.payment(owner, id).await?.ok_or_else(not_found)?;
    work.lock_submission(seen.submission_id).await?;
    Ok(work.payment(owner, id).await?.ok_or_else(not_found)?)
}

/// The same refusal, of the payment that the input names.
pub(super) fn at_path(error: AppError) -> AppError {
    match error {
        AppError::Refused(refusals) => {
            AppError::Refused(refusals.into_iter().map(|refusal| refusal.at(PATH)).collect())
        }
        AppError::Forbidden(_) | AppError::ResyncRequired(_) | AppError::Store(_) => error,
    }
}
