//! Waiting for the worker: for a payment's first answer.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{App, AppError};
use crate::domain::payment::Payment;
use crate::store::{Owner, Waiter};

/// The shortest pause between two looks at the database.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl App {
    /// Waits until a payment has changed so that `done` holds, at most as long as the settings allow; then tells what
    /// is. Holds no connection while it waits.
    ///
    /// What this process does is told to it. Another process may do it as well: then the head of the tenant's log is
    /// raised, or time passes, and the payment is read, the less often the longer it takes.
    pub async fn wait_for(
        &self,
        mut waiter: Waiter,
        payment: Payment,
        done: impl Fn(&Payment) -> bool,
    ) -> Result<Payment, AppError> {
        let mut head = self.store.heads().watch(&payment.tenant);
        head.mark_unchanged();
        let begun = Instant::now();
        let give_up = begun + self.policy.wait_limit;
        let mut payment = payment;
        while !done(&payment) {
            let elapsed = begun.elapsed();
            let soonest = Instant::now() + (elapsed / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            let told_elsewhere = async {
                // A lost hint costs at most this long.
                let _ = tokio::time::timeout(LONGEST_PAUSE, head.changed()).await;
                sleep_until(soonest).await;
            };
            tokio::select! {
                biased;
                told = waiter.next() => {
                    if told.version > payment.version {
                        payment = told;
                    }
                }
                () = sleep_until(give_up) => return self.read_again(payment).await,
                () = told_elsewhere => payment = self.read_again(payment).await?,
            }
        }
        Ok(payment)
    }

    /// A payment as it is now.
    pub(super) async fn read_again(&self, payment: Payment) -> Result<Payment, AppError> {
        let owner = Owner { tenant: payment.tenant.clone(), customer: None };
        Ok(self.store.payment(&owner, payment.id).await?.unwrap_or(payment))
    }
}
