//! A JSON value as one text, in the form that JavaScript gives it: what a checksum is made of.
//!
//! Keys are sorted at every depth, arrays keep their order, nothing stands between the parts, text is raw UTF-8, and a
//! number has the digits it needs. Other languages' standard encoders differ in the last two, so that their checksums
//! would differ too. JavaScript also moves keys that are whole numbers to the front; no documented body has such keys,
//! and they are left where sorting puts them.

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use super::wire;

/// The canonical form: all of the value, nested objects included.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => value.to_string(),
        Value::Number(number) => digits(number),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => object(members),
    }
}

/// The older form: the values alone, one after the other, in the order of their names.
///
/// What it makes of an absent value, of an array and of an object is not documented: nothing and the canonical form are
/// our choice.
pub(super) fn values(members: &Map<String, Value>) -> String {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => canonical(value),
    };
    sorted(members).into_iter().map(|(_, value)| text(value)).collect()
}

fn object(members: &Map<String, Value>) -> String {
    let member = |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), canonical(value));
    let members: Vec<_> = sorted(members).into_iter().map(member).collect();
    format!("{{{}}}", members.join(","))
}

/// In the order of UTF-16 units, as JavaScript sorts.
fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    members
}

fn digits(number: &Number) -> String {
    let text = number.as_str();
    let decimal = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    decimal.map_or_else(|_| text.to_owned(), wire::shortest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        canonical(&serde_json::from_str(json).expect("JSON"))
    }

    #[test]
    fn keys_are_sorted_at_every_depth_and_arrays_are_not() {
        assert_eq!(of(r#"{"b": [3, {"d": 1, "c": null}], "a": true}"#), r#"{"a":true,"b":[3,{"c":null,"d":1}]}"#);
    }

    #[test]
    fn keys_are_sorted_as_javascript_does() {
        // U+1F600 begins with the unit D83D, which stands before U+FF5E, though its code point is greater.
        assert_eq!(of("{\"\u{ff5e}\":1,\"\u{1f600}\":2}"), "{\"\u{1f600}\":2,\"\u{ff5e}\":1}");
    }

    #[test]
    fn numbers_have_the_digits_they_need() {
        assert_eq!(of("[100.0, 100, 0.50, 1e2, -0, 90900.25]"), "[100,100,0.5,100,0,90900.25]");
    }

    #[test]
    fn text_stays_raw() {
        let raw = r#"{"a":"Maji – Bili & <b> \"x\"\n"}"#;
        assert_eq!(of(raw), raw);
    }

    #[test]
    fn the_older_form_joins_the_values() {
        let json = r#"{"billReference":"CUSTOMJH121","billAmount":90900.0,"billPaymentMode":"EXACT","none":null}"#;
        let members: Map<String, Value> = serde_json::from_str(json).expect("an object");
        assert_eq!(values(&members), "90900EXACTCUSTOMJH121");
    }
}
