//! From ClickPesa's JSON to the port's words and back, without I/O: every trap of its pages is decided here, and named in
//! a test.
//!
//! What is safe comes before what is likely. A number counts as made only where the answer names it, as refused only
//! where a documented error says so, and as absent only in the documented words of a 404; whatever else comes leaves it
//! to a look-up.

mod callback;
mod collection;
mod number;
mod refusal;
mod request;
mod status;

use serde_json::Number;

use super::wire::Scalar;
use crate::domain::control_number::ControlNumberMode;
use crate::domain::money::{CurrencyCode, Money};
use crate::ports::provider::{ProviderError, RefusalKind, Refused};

pub(super) use self::callback::notice;
pub(super) use self::collection::{Told, Unusable, payments_of, payments_page};
pub(super) use self::number::{created, found, updated};
pub(super) use self::refusal::{in_its_words, throttled};
pub(super) use self::request::{change, new_bills};

/// The most characters that are kept of what the provider says.
const LONGEST_WORDS: usize = 300;
/// The most bytes of a reference; the longest documented one has 20.
const LONGEST_REFERENCE: usize = 100;

const EXACT: &str = "EXACT";
const ALLOW_PARTIAL_AND_OVER_PAYMENT: &str = "ALLOW_PARTIAL_AND_OVER_PAYMENT";

/// An amount as ClickPesa's JSON has it: a number of shillings with no more digits than it needs. A request names no
/// currency, so another one must not be written.
fn wire_amount(amount: Money, shilling: CurrencyCode) -> Result<Number, ProviderError> {
    let decimal = amount.decimal();
    let shortest = decimal.trim_end_matches('0').trim_end_matches('.');
    let number = shortest.parse::<Number>().ok().filter(|_| amount.currency() == shilling && amount.is_positive());
    number.ok_or_else(|| {
        let message = "is no amount in Tanzanian shillings".to_owned();
        ProviderError::Refused(Refused { kind: RefusalKind::Amount, message, ..Refused::default() })
    })
}

const fn wire_mode(mode: ControlNumberMode) -> &'static str {
    match mode {
        ControlNumberMode::Exact => EXACT,
        ControlNumberMode::AllowPartialAndOverPayment => ALLOW_PARTIAL_AND_OVER_PAYMENT,
    }
}

fn mode(word: &str) -> Option<ControlNumberMode> {
    match word {
        EXACT => Some(ControlNumberMode::Exact),
        ALLOW_PARTIAL_AND_OVER_PAYMENT => Some(ControlNumberMode::AllowPartialAndOverPayment),
        _ => None,
    }
}

/// What the provider says, in one line that is not too long to keep.
fn words(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(LONGEST_WORDS).collect()
}

/// A text that tells something.
fn told(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// What names a number or a payment. None for what is nothing that we could ask for again.
fn reference(scalar: Option<&Scalar>) -> Option<String> {
    let text = told(scalar.map(Scalar::as_str))?;
    let fits = text.len() <= LONGEST_REFERENCE && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shilling() -> CurrencyCode {
        "TZS".parse().expect("a currency")
    }

    fn written(minor: i64) -> String {
        wire_amount(Money::from_minor(minor, shilling()), shilling()).expect("a number").to_string()
    }

    #[test]
    fn an_amount_has_the_digits_it_needs_and_is_never_a_float() {
        for (minor, text) in [
            (9_090_000, "90900"),
            (9_090_050, "90900.5"),
            (9_090_005, "90900.05"),
            (1, "0.01"),
            (100_000, "1000"),
            (9_007_199_254_740_993, "90071992547409.93"),
        ] {
            assert_eq!(written(minor), text);
        }
    }

    #[test]
    fn only_shillings_are_written() {
        for amount in [Money::from_minor(100, CurrencyCode::KES), Money::from_minor(0, shilling())] {
            assert!(matches!(wire_amount(amount, shilling()), Err(ProviderError::Refused(_))));
        }
    }

    #[test]
    fn modes_are_read_as_they_are_written() {
        for &one in ControlNumberMode::ALL {
            assert_eq!(mode(wire_mode(one)), Some(one));
        }
        assert_eq!(mode("exact"), None);
    }

    #[test]
    fn words_are_one_line_and_not_too_long() {
        assert_eq!(words("a\r\nb"), "a  b");
        assert_eq!(words(&"x".repeat(1000)).len(), LONGEST_WORDS);
    }

    proptest! {
        #[test]
        fn every_amount_is_read_back(minor in 1..=i64::MAX) {
            let amount = Money::from_minor(minor, shilling());
            prop_assert_eq!(Money::parse_lenient(&written(minor), shilling()), Some(amount));
        }
    }
}
