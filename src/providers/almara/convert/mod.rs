//! From Almara's JSON to the port's words, without I/O: every trap of its pages is decided here, and named in a test.
//!
//! What is safe comes before what is likely. An answer settles a payment only through `billRequestOutcome.resultCode`
//! of a look-up, or through an error shape; whatever else is told is evidence of nothing.

mod account;
mod callback;
mod catalogue;
mod code;
mod payment;
mod refusal;

use serde_json::Number;

use super::wire::Scalar;
use crate::domain::biller::InputName;
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::FieldFault;
use crate::ports::provider::{ProviderError, RefusalKind, Refused};

pub(super) use self::account::{account, kept_number, saved_number};
pub(super) use self::callback::notice;
pub(super) use self::catalogue::{Market, entry};
pub(super) use self::payment::{Asked, accepted, standing};
pub(super) use self::refusal::{DUPLICATE, message};

/// The most characters that are kept of what the provider says.
const LONGEST_WORDS: usize = 300;

/// An amount as Almara's JSON has it: a number, whole shillings without a point, as in the table and the example.
pub(super) fn wire_amount(amount: Money) -> Result<Number, ProviderError> {
    let decimal = amount.decimal();
    let text = match decimal.split_once('.') {
        Some((whole, cents)) if cents.bytes().all(|digit| digit == b'0') => whole,
        Some(_) | None => decimal.as_str(),
    };
    text.parse().map_err(|_| {
        let message = "the amount cannot be written".to_owned();
        ProviderError::Refused(Refused { kind: RefusalKind::Amount, message, ..Refused::default() })
    })
}

/// A phone number as Almara has it: without the plus.
pub(super) fn msisdn(phone_number: &str) -> &str {
    phone_number.trim_start_matches('+')
}

/// An input without which Almara takes no payment.
pub(super) fn required(value: Option<&str>, input: InputName) -> Result<&str, ProviderError> {
    value.filter(|value| !value.trim().is_empty()).ok_or_else(|| {
        let message = "is required".to_owned();
        let fields = vec![FieldFault { path: owned(input.path()), message: message.clone() }];
        ProviderError::Refused(Refused { kind: RefusalKind::Input, message, fields, ..Refused::default() })
    })
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|&name| name.to_owned()).collect()
}

/// What the provider says, in one line that is not too long to keep.
fn words(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(LONGEST_WORDS).collect()
}

/// A text that tells something: the empty ones are Almara's way of telling nothing.
fn told(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Whose account it is, by the member's newer name or its older one.
fn holder(newer: Option<&str>, older: Option<&str>) -> Option<String> {
    told(newer).or_else(|| told(older)).map(words)
}

fn told_scalar(scalar: Option<&Scalar>) -> Option<&str> {
    told(scalar.map(Scalar::as_str))
}

/// The currency of an answer. `KSH` is what the text of the page calls the shilling, and no other currency's code.
fn currency(code: Option<&str>, ours: CurrencyCode) -> Option<CurrencyCode> {
    match told(code) {
        None => Some(ours),
        Some("KSH") => Some(CurrencyCode::KES),
        Some(code) => code.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(minor: i64) -> String {
        wire_amount(Money::from_minor(minor, CurrencyCode::KES)).expect("a number").to_string()
    }

    #[test]
    fn an_amount_is_an_integer_where_it_can_be_and_never_a_float() {
        assert_eq!(written(1_500), "15");
        assert_eq!(written(1_550), "15.50");
        assert_eq!(written(1_005), "10.05");
        assert_eq!(written(100_000), "1000");
        assert_eq!(written(9_007_199_254_740_993), "90071992547409.93");
    }

    #[test]
    fn ksh_in_the_text_is_the_shilling() {
        let kes = CurrencyCode::KES;
        assert_eq!(currency(Some("KSH"), kes), Some(kes));
        assert_eq!(currency(None, kes), Some(kes));
        assert_eq!(currency(Some("USD"), kes).map(CurrencyCode::as_str), Some("USD"));
        assert_eq!(currency(Some("shillings"), kes), None);
    }

    #[test]
    fn words_are_one_line_and_not_too_long() {
        assert_eq!(words("a\r\nb"), "a  b");
        assert_eq!(words(&"x".repeat(1000)).len(), LONGEST_WORDS);
    }

    #[test]
    fn a_missing_input_is_refused_by_its_path() {
        let error = required(Some(" "), InputName::PayerPhone).expect_err("blank");
        let ProviderError::Refused(refused) = error else { panic!("{error}") };
        assert_eq!(refused.fields[0].path, ["input", "payer", "phoneNumber"]);
        assert_eq!(required(Some("IRINA"), InputName::PayerName), Ok("IRINA"));
    }
}
