//! Values derived from text, the same at every run: what an account owes, whose it is, a payment's references.

pub(super) use super::super::derive::number;

/// The provider's own id of a payment, in the form of its examples.
pub(super) fn system_conversation_id(key: &str) -> String {
    let number = number("system conversation", key);
    let (high, middle, low) = (number >> 48, (number >> 32) & 0xffff, number & 0xffff_ffff);
    format!("01000000-{high:04x}-0a00-{middle:04x}-08de{low:08x}")
}

/// The biller's reference of a paid bill: `S` and digits.
pub(super) fn reference(key: &str) -> String {
    format!("S{:09}", number("reference", key) % 1_000_000_000)
}

/// The twenty digits that a prepaid meter takes, in groups of four.
pub(super) fn meter_token(key: &str) -> String {
    let digits = format!("{:020}", number("meter token", key));
    [&digits[0..4], &digits[4..8], &digits[8..12], &digits[12..16], &digits[16..20]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_values_are_stable_and_differ_by_key() {
        assert_eq!(system_conversation_id("a"), system_conversation_id("a"));
        assert_ne!(system_conversation_id("a"), system_conversation_id("b"));
        assert_ne!(reference("a"), reference("b"));
        assert_ne!(number("x", "a"), number("y", "a"));
    }

    #[test]
    fn derived_values_have_the_documented_forms() {
        assert_eq!(system_conversation_id("a").len(), "01000000-005c-0a00-9a73-08de9e9b1b7c".len());
        assert_eq!(meter_token("a").len(), "1234-5678-9012-3456-7890".len());
    }
}
