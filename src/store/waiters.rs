//! Who waits, in this process, for what becomes of a payment.
//!
//! Whoever waits is told of each change that this process commits, with the payment as it then is, so that nobody has to
//! read it anew. What other processes commit is not told here: who waits looks now and then by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;

/// The payments that are waited for.
#[derive(Debug, Default)]
pub struct Waiters(Mutex<HashMap<PaymentId, watch::Sender<Option<Payment>>>>);

/// One who waits for a payment.
#[derive(Debug)]
pub struct Waiter {
    payment: PaymentId,
    /// None: it ends.
    told: Option<watch::Receiver<Option<Payment>>>,
    waiters: Arc<Waiters>,
}

impl Waiters {
    /// Waits from now on. Begun before a payment is stored, it misses nothing.
    pub fn wait_for(self: &Arc<Self>, payment: PaymentId) -> Waiter {
        let mut waiters = self.lock();
        let told = waiters.entry(payment).or_insert_with(|| watch::Sender::new(None)).subscribe();
        Waiter { payment, told: Some(told), waiters: Arc::clone(self) }
    }

    /// Whether anybody waits for it.
    pub(super) fn want(&self, payment: PaymentId) -> bool {
        self.lock().contains_key(&payment)
    }

    /// Tells what was committed. Of two that are told in the wrong order the older is passed over.
    pub(super) fn tell(&self, payment: &Payment) {
        if let Some(waiting) = self.lock().get(&payment.id) {
            waiting.send_if_modified(|known| {
                let is_newer = known.as_ref().is_none_or(|known| known.version < payment.version);
                if is_newer {
                    *known = Some(payment.clone());
                }
                is_newer
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PaymentId, watch::Sender<Option<Payment>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// The payment after the next change, or after the one that came meanwhile.
    pub async fn next(&mut self) -> Payment {
        while let Some(told) = &mut self.told
            && told.changed().await.is_ok()
        {
            if let Some(payment) = told.borrow_and_update().clone() {
                return payment;
            }
        }
        // Only this one's end ends the channel.
        std::future::pending().await
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock();
        // Under the lock, so that of several that end together the last finds that it is.
        drop(self.told.take());
        if waiters.get(&self.payment).is_some_and(|waiting| waiting.receiver_count() == 0) {
            waiters.remove(&self.payment);
        }
    }
}
