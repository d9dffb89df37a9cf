//! Payments that moved money, counted: the provider takes no reference of the client's, so all that names a payment is
//! its biller, its account, its amount, and how many there were of the same.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use rust_decimal::Decimal;

use super::super::effects::{Effect, Movement};
use super::super::lock;
use super::PROVIDER;

/// A payment that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payment {
    pub biller: &'static str,
    pub account: String,
    pub amount: Decimal,
}

/// How often each payment moved money, and whose token has just been called expired.
#[derive(Default)]
pub(super) struct Paid {
    counts: Mutex<HashMap<String, u64>>,
    expired: Mutex<HashSet<String>>,
}

impl Payment {
    /// What equal payments have in common.
    fn name(&self) -> String {
        format!("{}/{}/{}", self.biller, self.account, self.amount_text())
    }

    /// With two decimals.
    fn amount_text(&self) -> String {
        format!("{:.2}", self.amount)
    }
}

impl Paid {
    /// The counts that the ledger shows.
    pub(super) fn restored(effects: Vec<Effect>) -> Self {
        let paid = Self::default();
        for effect in effects {
            if let Some((name, _)) = effect.key.rsplit_once('/') {
                paid.count(name.to_owned());
            }
        }
        paid
    }

    /// The movement of one more payment, for the ledger.
    pub(super) fn movement(&self, payment: &Payment) -> Movement {
        let name = payment.name();
        let number = self.count(name.clone());
        Movement {
            provider: PROVIDER,
            key: format!("{name}/{number}"),
            account: payment.account.clone(),
            amount: payment.amount_text(),
            currency: "SAR".to_owned(),
        }
    }

    /// Whether the token of this payment is to be called expired: of equal payments every other one's is.
    pub(super) fn expires(&self, payment: &Payment) -> bool {
        let name = payment.name();
        let mut expired = lock(&self.expired);
        if expired.remove(&name) { false } else { expired.insert(name) }
    }

    fn count(&self, name: String) -> u64 {
        let mut counts = lock(&self.counts);
        let count = counts.entry(name).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn payment(account: &str, minor: i64) -> Payment {
        Payment { biller: "sec", account: account.to_owned(), amount: Decimal::new(minor, 2) }
    }

    #[test]
    fn equal_payments_are_told_apart_by_their_number_and_counting_goes_on() {
        let paid = Paid::default();
        assert_eq!(paid.movement(&payment("1111111", 10_000)).key, "sec/1111111/100.00/1");
        let second = paid.movement(&Payment { amount: Decimal::new(100, 0), ..payment("1111111", 0) });
        assert_eq!((second.key.as_str(), second.amount.as_str()), ("sec/1111111/100.00/2", "100.00"));
        assert_eq!(paid.movement(&payment("1111111", 10_050)).key, "sec/1111111/100.50/1");

        let effect = Effect {
            provider: PROVIDER.to_owned(),
            key: second.key,
            account: second.account,
            amount: second.amount,
            currency: second.currency,
            effect: 1,
            at: Timestamp::UNIX_EPOCH,
        };
        let restored = Paid::restored(vec![effect]);
        assert_eq!(restored.movement(&payment("1111111", 10_000)).key, "sec/1111111/100.00/2");
    }

    #[test]
    fn a_token_expires_at_every_other_equal_payment() {
        let paid = Paid::default();
        let expires: Vec<_> = (0..4).map(|_| paid.expires(&payment("4010401", 100))).collect();
        assert_eq!(expires, [true, false, true, false]);
    }
}
