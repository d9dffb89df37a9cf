//! Refreshing a payment: asking the provider now how it stands.

use super::access::require;
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::payment::action::can_refresh;
use crate::domain::provider::{Capability, SafetyClass};
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::store::Owner;

impl App {
    /// Has the worker look a payment up, waits for what it finds within the limit, and tells what is.
    pub async fn refresh_payment(&self, requester: &Requester, id: &str) -> Result<Payment, AppError> {
        require(requester, Scope::PaymentsWrite)?;
        let not_found = || Refusal::not_found(&["input", "paymentId"], "payment");
        let id = id.parse::<PaymentId>().map_err(|_| not_found())?;
        let payment = self.store.payment(&Owner::of(requester), id).await?.ok_or_else(not_found)?;
        let safety = self.provider(payment.provider).map(|provider| provider.safety());
        let class = safety.map(|safety| safety.class(payment.provider_reference.is_some()));
        if !matches!(class, Some(SafetyClass::A | SafetyClass::C)) {
            let message = format!("{} cannot be asked how a payment stands", payment.provider.name());
            return Err(Refusal::lacks(Capability::Status, message).at(&["input", "paymentId"]).into());
        }
        if !can_refresh(payment.status) {
            return Ok(payment);
        }
        let before = self.store.attempt_count(payment.submission_id).await?;
        let mut work = self.store.begin(Step::Other).await?;
        work.request_look_up(payment.submission_id).await?;
        work.commit().await?;
        self.wait_for_attempt(payment, before).await
    }

    async fn wait_for_attempt(&self, payment: Payment, before: i32) -> Result<Payment, AppError> {
        let owner = Owner { tenant: payment.tenant.clone(), customer: None };
        let give_up = tokio::time::Instant::now() + self.policy.wait_limit;
        let mut pause = std::time::Duration::from_millis(20);
        while tokio::time::Instant::now() < give_up && self.store.attempt_count(payment.submission_id).await? <= before
        {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(std::time::Duration::from_millis(250));
        }
        Ok(self.store.payment(&owner, payment.id).await?.unwrap_or(payment))
    }
}
