//! Voiding a payment: having the provider asked to stop what it has begun to make, or to take it back.

use super::access::require;
use super::cancel_payment::{at_path, locked_payment};
use super::recall::{Wish, check_reason};
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::payment::recall::{RecallKind, VoidKind};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::store::{Owner, retrying};

impl App {
    /// Has the provider asked to void a payment. One that was voided before is answered as it is, and so is one whose
    /// provider is being asked already.
    pub async fn void_payment(
        &self,
        requester: &Requester,
        id: &str,
        kind: VoidKind,
        reason: String,
    ) -> Result<Payment, AppError> {
        require(requester, Scope::PaymentsWrite)?;
        let id = id.parse::<PaymentId>().map_err(|_| Refusal::not_found(&["input", "paymentId"], "payment"))?;
        check_reason(Some(&reason))?;
        if reason.trim().is_empty() {
            return Err(Refusal::input(&["input", "reason"], "say why the payment is to be voided").into());
        }
        let wish = Wish { kind: RecallKind::Void, void_kind: Some(kind), reason: Some(reason) };
        retrying(|| self.try_void(requester, id, &wish)).await
    }

    async fn try_void(&self, requester: &Requester, id: PaymentId, wish: &Wish) -> Result<Payment, AppError> {
        let mut work = self.store.begin(Step::Recall).await?;
        let before = locked_payment(&work, &Owner::of(requester), id).await?;
        if before.status == PaymentStatus::Reversed {
            work.roll_back().await?;
            return Ok(before);
        }
        self.require_recall(&before, RecallKind::Void).map_err(AppError::from).map_err(at_path)?;
        match self.wish(&mut work, requester, &before, wish).await.map_err(at_path)? {
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
}
