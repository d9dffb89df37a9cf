//! What is told instead of a new payment: the one that was made with the key before, or why there is none.

use super::{CreatePayment, CreatedPayment};
use crate::app::overload::unwritten;
use crate::app::{App, AppError, idempotency};
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::refusal::{Detail, ErrorCode, Refusal};
use crate::domain::requester::Requester;
use crate::store::{Lack, Owner, StoreError};

impl App {
    /// Says that another payment of the bill or account is open, and which, where the requester may see it.
    pub(super) async fn being_paid(&self, requester: &Requester, holder: PaymentId) -> Result<Refusal, AppError> {
        let visible = self.store.payment(&Owner::of(requester), holder).await?.map(|payment| payment.id);
        let message = "another payment for the same bill or account is still open; wait for it, or set \
                       evenIfBeingPaid if this one is meant beside it";
        let refusal = Refusal::new(ErrorCode::BillAlreadyBeingPaid, message).at(&["input", "target"]);
        Ok(refusal.with(Detail::BeingPaid(visible)))
    }

    /// The payment that was made with the key before, or by a twin of this request meanwhile; else why there is none.
    pub(super) async fn replay_or(
        &self,
        refused: AppError,
        requester: &Requester,
        input: &CreatePayment,
        hash: &str,
    ) -> Result<CreatedPayment, AppError> {
        if is_all_that_can_be_said(&refused) {
            return Err(refused.unwritten());
        }
        let used = self.store.used_key(&requester.tenant, &input.idempotency_key).await.map_err(unwritten)?;
        let (payment, used_for) = used.ok_or_else(|| refused.unwritten())?;
        self.replay(payment, &used_for, hash, input).await
    }

    /// The payment as it is now, where the same was asked for.
    pub(super) async fn replay(
        &self,
        payment: Payment,
        used_for: &str,
        asked_for: &str,
        input: &CreatePayment,
    ) -> Result<CreatedPayment, AppError> {
        idempotency::check_same(used_for, asked_for)?;
        let waiter = input.wait_for_answer.then(|| self.store.waiters().wait_for(payment.id));
        let payment = self.read_again(payment).await?;
        Ok(CreatedPayment { payment: self.first_answer(payment, waiter).await?, replayed: true })
    }
}

/// Whether the key need not be looked up after this: it may be stored even now, or nobody has a connection to ask with.
/// Where a lock did not come free, say that of the tenant's log, a used key is found all the same.
fn is_all_that_can_be_said(refused: &AppError) -> bool {
    match refused {
        AppError::Store(StoreError::OutcomeUnknown(_)) => true,
        AppError::Store(error) => error.lack() == Some(Lack::Connection),
        AppError::Refused(_) | AppError::Forbidden(_) | AppError::ResyncRequired(_) => false,
    }
}
