//! Small parts that the provider's bodies share.

use rust_decimal::Decimal;
use serde_json::Number;

/// An amount as text, with two decimals.
pub(super) fn amount_text(amount: Decimal) -> String {
    format!("{amount:.2}")
}

/// An amount as a JSON number, with two decimals.
pub(super) fn money(amount: Decimal) -> Number {
    number(&amount_text(amount))
}

/// A rate as a JSON number, with the decimals that it has.
pub(super) fn rate(rate: Decimal) -> Number {
    number(&rate.to_string())
}

fn number(text: &str) -> Number {
    text.parse().expect("a decimal is a JSON number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_two_decimals_and_a_rate_its_own() {
        assert_eq!(money(Decimal::new(142, 0)).to_string(), "142.00");
        assert_eq!(rate(Decimal::new(12_703, 4)).to_string(), "1.2703");
    }
}
