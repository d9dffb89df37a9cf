//! The payments that the simulator holds: one per `originatorConversationId`, however often it is sent.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use rust_decimal::Decimal;

use super::super::effects::{Effect, Movement};
use super::super::lock;
use super::script::Standing;
use super::service::Service;
use super::{PROVIDER, derive, wire};

/// A payment with where it stands. What the ledger does not keep is absent after a restart.
#[derive(Clone)]
pub(super) struct Payment {
    /// The client's `originatorConversationId`.
    pub key: String,
    pub system_id: String,
    pub account: String,
    pub amount: Decimal,
    pub currency: String,
    pub country: Option<String>,
    pub msisdn: Option<String>,
    pub narration: Option<String>,
    pub save_number: bool,
    pub callback_url: Option<String>,
    pub service: Option<&'static Service>,
    pub standing: Standing,
}

impl Payment {
    /// This payment's movement of `amount`, for the ledger.
    pub(super) fn movement(&self, amount: Decimal) -> Movement {
        Movement {
            provider: PROVIDER,
            key: self.key.clone(),
            account: self.account.clone(),
            amount: wire::amount_text(amount),
            currency: self.currency.clone(),
        }
    }

    fn restored(effect: Effect) -> Self {
        Self {
            system_id: derive::system_conversation_id(&effect.key),
            key: effect.key,
            account: effect.account,
            amount: Decimal::from_str_exact(&effect.amount).unwrap_or_default(),
            currency: effect.currency,
            country: None,
            msisdn: None,
            narration: None,
            save_number: false,
            callback_url: None,
            service: None,
            standing: Standing::Completed,
        }
    }
}

/// All payments; what is captured stays captured.
#[derive(Default)]
pub(super) struct Payments {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    by_key: HashMap<String, Payment>,
    keys_by_system_id: HashMap<String, String>,
    lost: HashSet<String>,
}

impl Payments {
    /// The payments whose money the ledger shows, completed.
    pub(super) fn restored(effects: Vec<Effect>) -> Self {
        let payments = Self::default();
        for effect in effects {
            payments.capture(&Payment::restored(effect));
        }
        payments
    }

    /// Takes a payment in, unless its key is in use: exactly one of several equal calls gets `true`.
    pub(super) fn capture(&self, payment: &Payment) -> bool {
        let mut book = lock(&self.book);
        if book.by_key.contains_key(&payment.key) {
            return false;
        }
        book.keys_by_system_id.insert(payment.system_id.clone(), payment.key.clone());
        book.by_key.insert(payment.key.clone(), payment.clone());
        true
    }

    /// Whether a submission with this key is lost: the first is, the next is not.
    pub(super) fn lose(&self, key: &str) -> bool {
        lock(&self.book).lost.insert(key.to_owned())
    }

    /// Moves a captured payment to another standing.
    pub(super) fn change(&self, key: &str, standing: Standing) {
        if let Some(payment) = lock(&self.book).by_key.get_mut(key) {
            payment.standing = standing;
        }
    }

    /// The payment with the client's id.
    pub(super) fn find(&self, key: &str) -> Option<Payment> {
        lock(&self.book).by_key.get(key).cloned()
    }

    /// The payment with the provider's id.
    pub(super) fn find_by_system_id(&self, system_id: &str) -> Option<Payment> {
        let book = lock(&self.book);
        book.keys_by_system_id.get(system_id).and_then(|key| book.by_key.get(key)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn restored() -> Payments {
        let effect = Effect {
            provider: PROVIDER.to_owned(),
            key: "k1".to_owned(),
            account: "1111111".to_owned(),
            amount: "15.00".to_owned(),
            currency: "KES".to_owned(),
            effect: 1,
            at: Timestamp::UNIX_EPOCH,
        };
        Payments::restored(vec![effect])
    }

    #[test]
    fn a_restored_payment_is_completed_and_its_key_in_use() {
        let payments = restored();
        let payment = payments.find("k1").expect("restored");
        assert_eq!((payment.standing, payment.amount), (Standing::Completed, Decimal::new(15, 0)));
        assert!(!payments.capture(&payment));
        assert!(payments.find_by_system_id(&payment.system_id).is_some());
        assert!(payments.find("k2").is_none());
    }

    #[test]
    fn only_the_first_submission_is_lost() {
        let payments = Payments::default();
        assert!(payments.lose("k1"));
        assert!(!payments.lose("k1"));
        assert!(payments.lose("k2"));
    }
}
