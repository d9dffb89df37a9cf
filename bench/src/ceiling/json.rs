//! JSON, written as text.

use std::fmt::Write;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ids;

/// Appends a text in quotes.
pub(super) fn text(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            char if u32::from(char) < 0x20 => {
                // Writing to a text cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
}

/// Appends a text, or null.
pub(super) fn maybe(out: &mut String, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.push_str("null"),
    }
}

/// Appends an id in quotes.
pub(super) fn id(out: &mut String, prefix: &str, id: Uuid) {
    out.push('"');
    ids::write(out, prefix, id);
    out.push('"');
}

/// Appends an amount of a currency with two digits, as `Money`.
pub(super) fn money(out: &mut String, minor: i64, currency: &str) {
    let _ = write!(out, r#"{{"amount":"{}.{:02}","currency":"#, minor / 100, minor % 100);
    text(out, currency);
    out.push('}');
}

/// Appends a moment in quotes.
pub(super) fn moment(out: &mut String, micros: i64) {
    let moment = Timestamp::from_microsecond(micros).unwrap_or_default();
    let _ = write!(out, "\"{moment}\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_money_has_its_digits() {
        let mut out = String::new();
        text(&mut out, "a\"b\\c\n");
        money(&mut out, 12_050, "SAR");
        moment(&mut out, 1_000_001);
        let expected =
            "\"a\\\"b\\\\c\\u000a\"{\"amount\":\"120.50\",\"currency\":\"SAR\"}\"1970-01-01T00:00:01.000001Z\"";
        assert_eq!(out, expected);
    }
}
