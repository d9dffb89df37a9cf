//! Waiting for the worker: for a payment's first answer, or for a look-up that was asked for.

use std::time::Duration;

use super::{App, AppError};
use crate::domain::payment::Payment;
use crate::store::Owner;

/// How long a waiter relies on hints before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl App {
    /// Waits until a payment has changed so that `done` holds, at most as long as the settings allow; then tells what
    /// is. Holds no connection while it waits.
    pub async fn wait_for(&self, payment: Payment, done: impl Fn(&Payment) -> bool) -> Result<Payment, AppError> {
        let owner = Owner { tenant: payment.tenant.clone(), customer: None };
        let mut head = self.store.heads().watch(&owner.tenant);
        let give_up = tokio::time::Instant::now() + self.policy.wait_limit;
        let mut payment = payment;
        loop {
            head.borrow_and_update();
            if let Some(found) = self.store.payment(&owner, payment.id).await? {
                payment = found;
            }
            if done(&payment) || tokio::time::Instant::now() >= give_up {
                return Ok(payment);
            }
            let until = give_up.min(tokio::time::Instant::now() + LOOK_AGAIN);
            // A lost hint costs at most this long.
            let _ = tokio::time::timeout_at(until, head.changed()).await;
        }
    }
}
