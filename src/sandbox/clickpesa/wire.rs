//! Small parts that the provider's bodies share: money, moments, and the ids of payments.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Number;
use sha2::{Digest, Sha256};

/// What the provider collects.
pub(super) const CURRENCY: &str = "TZS";

/// The characters of `abc123def456ghi789`.
const REFERENCE_LENGTH: usize = 18;

/// An amount as a JSON number with no more digits than it needs: `90900`, `90900.5`.
pub(super) fn money(amount: Decimal) -> Number {
    shortest(amount).parse().expect("a decimal is a JSON number")
}

/// An amount as text with no more digits than it needs.
pub(super) fn shortest(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// An amount as text with two decimals, as scenarios and the ledger have it.
pub(super) fn two_decimals(amount: Decimal) -> String {
    format!("{amount:.2}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a simulator stands for another company's machine, with a clock of its own"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// A moment in UTC with the milliseconds of JavaScript.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A new payment's id: what was paid for, and digits, as in the provider's examples.
pub(super) fn payment_id(number: &str) -> String {
    format!("{number}LCP{:016}", rand::random::<u64>() % 10_000_000_000_000_000)
}

/// The reference of a payment, the same whenever it is asked for, also after a restart.
pub(super) fn payment_reference(id: &str) -> String {
    let mut reference = hex::encode(Sha256::new().chain_update("payment reference:").chain_update(id).finalize());
    reference.truncate(REFERENCE_LENGTH);
    reference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_digits_it_needs() {
        for (amount, shown) in [("90900", "90900"), ("90900.00", "90900"), ("90900.50", "90900.5"), ("0.01", "0.01")] {
            let amount = Decimal::from_str_exact(amount).expect("a decimal");
            assert_eq!(money(amount).to_string(), shown);
        }
        assert_eq!(two_decimals(Decimal::new(1300, 0)), "1300.00");
    }

    #[test]
    fn a_moment_has_milliseconds() {
        assert_eq!(moment(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_reference_belongs_to_its_payment() {
        assert_eq!(payment_reference("a"), payment_reference("a"));
        assert_ne!(payment_reference("a"), payment_reference("b"));
        assert_eq!(payment_reference("a").len(), REFERENCE_LENGTH);
        assert_ne!(payment_id("1"), payment_id("1"));
    }
}
