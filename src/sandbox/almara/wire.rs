//! Small parts that the provider's bodies share: money, moments, traces, and the `message` around an answer.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Number;

/// The environment that a test account sees.
pub(super) const APP_DOMAIN_NAME: &str = "TEST";

/// What stands around most answers.
#[derive(Serialize)]
pub(super) struct Message<T> {
    pub message: T,
}

/// Now, with the seven fractional digits of .NET.
#[expect(
    clippy::disallowed_methods,
    reason = "a simulator stands for another company's machine, with a clock of its own"
)]
pub(super) fn timestamp() -> String {
    format!("{:.7}", Timestamp::now())
}

/// An amount as text, with two decimals.
pub(super) fn amount_text(amount: Decimal) -> String {
    format!("{amount:.2}")
}

/// An amount as a JSON number, with two decimals.
pub(super) fn money(amount: Decimal) -> Number {
    amount_text(amount).parse().expect("a decimal is a JSON number")
}

/// The `-1.0` that older answers give for an amount that is not known yet.
pub(super) fn money_not_known() -> Number {
    "-1.0".parse().expect("a JSON number")
}

/// A random trace in the W3C form.
pub(super) fn trace_id() -> String {
    let trace = hex::encode(rand::random::<[u8; 16]>());
    let span = hex::encode(rand::random::<[u8; 8]>());
    format!("00-{trace}-{span}-00")
}

/// A random id for a call that nobody asks for again.
pub(super) fn conversation_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_two_decimals() {
        assert_eq!(money(Decimal::new(220, 0)).to_string(), "220.00");
        assert_eq!(money(Decimal::new(23_156, 2)).to_string(), "231.56");
        assert_eq!(money(Decimal::new(155, 1)).to_string(), "15.50");
    }

    #[test]
    fn a_timestamp_has_seven_fractional_digits() {
        let (_, fraction) = timestamp().split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a fraction");
        assert_eq!(fraction.len(), "9219936Z".len());
        assert!(fraction.ends_with('Z'));
    }
}
