//! Ids in the forms of the provider's, and references derived from text.

use jiff::civil::Date;

use super::super::derive::number;

/// The id of the payment that came as the `occurrence`th with one transaction number.
pub(super) fn payment_id(transaction_number: &str, occurrence: u64) -> String {
    format!("stp01{}", letters("payment", &format!("{transaction_number}#{occurrence}"), 15))
}

/// The id of one bill's part in a payment.
pub(super) fn bill_payment_id(payment_id: &str, index: usize) -> String {
    format!("blp01{}", letters("bill payment", &format!("{payment_id}/{index}"), 15))
}

/// The id of the bill that a payment makes.
pub(super) fn created_bill_id(payment_id: &str) -> String {
    format!("00n01{}", letters("bill", payment_id, 15))
}

/// The transaction number of a payment that came without one.
pub(super) fn transaction_number(seed: &str) -> String {
    letters("transaction", seed, 20)
}

/// As in `P24123101 - 0411839`.
pub(super) fn confirmation_number(payment_id: &str, process_date: Date) -> String {
    let number = number("confirmation", payment_id);
    let day = process_date.strftime("%y%m%d");
    format!("P{day}{:02} - {:07}", number % 100, (number / 100) % 10_000_000)
}

/// What nobody can guess.
pub(super) fn secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// A random UUID.
pub(super) fn uuid() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

fn letters(purpose: &str, text: &str, count: u64) -> String {
    let letter = |index| {
        let number = number(purpose, &format!("{text}/{index}")) % 26;
        char::from(b'A' + number as u8)
    };
    (0..count).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn derived_ids_are_stable_differ_and_have_the_documented_forms() {
        assert_eq!(payment_id("a", 1), payment_id("a", 1));
        assert_ne!(payment_id("a", 1), payment_id("a", 2));
        assert_eq!(payment_id("a", 1).len(), "stp01ZZRCUFIQWHP6ldb".len());
        assert_eq!(transaction_number("a").len(), "EPKZLNTSTYSEUWVALISV".len());
        let confirmation = confirmation_number("a", date(2024, 12, 31));
        assert!(confirmation.starts_with("P241231") && confirmation.len() == "P24123101 - 0411839".len());
    }
}
