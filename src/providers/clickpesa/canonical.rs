//! JSON as the one text that a checksum is made of, in the form that JavaScript's `JSON.stringify` gives it.
//!
//! The members of every object are sorted by name and stand without spaces, arrays keep their order, text is raw UTF-8
//! without any HTML escape, and a number has no more digits than it needs (`100`, not `100.0`). ClickPesa's samples in
//! other languages differ from each other where text is not ASCII; that JavaScript's form is the one that counts is
//! inferred.
//!
//! Two differences from JavaScript remain, and both only make a checksum fail that JavaScript would let pass. Names that
//! are whole numbers, which JavaScript moves to the front, stay where sorting puts them: no documented body has any.
//! Numbers keep all their digits, where JavaScript rounds at about the sixteenth, so that no two amounts look alike.

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

/// The canonical text of a value, at every depth.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => value.to_string(),
        Value::Number(number) => shortest(number),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => object(members),
    }
}

/// The canonical text of an object.
pub(super) fn object(members: &Map<String, Value>) -> String {
    let written = |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), canonical(value));
    let members: Vec<_> = sorted(members).into_iter().map(written).collect();
    format!("{{{}}}", members.join(","))
}

/// The older text: the values of the members one after the other, in the order of their names.
///
/// What it makes of objects and arrays is not documented. Their canonical text is our choice; what JavaScript writes of
/// itself, `[object Object]`, would say nothing of what they hold.
pub(super) fn joined_values(members: &Map<String, Value>) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => canonical(value),
    };
    sorted(members).into_iter().map(|(_, value)| text(value)).collect()
}

/// Sorted as JavaScript sorts names: by UTF-16 units, which differs from code points beyond U+FFFF.
fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    members
}

/// A number that is too long to be an amount stays as it is written.
fn shortest(number: &Number) -> String {
    let text = number.as_str();
    let decimal = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    decimal.map_or_else(|_| text.to_owned(), |decimal| decimal.normalize().to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Any JSON of a few levels.
    pub(in crate::providers::clickpesa) fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// An object with at least one member.
    pub(in crate::providers::clickpesa) fn any_members() -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map(".{0,4}", any_value(), 1..5).prop_map(|members| members.into_iter().collect())
    }

    fn of(json: &str) -> String {
        canonical(&serde_json::from_str(json).expect("JSON"))
    }

    #[test]
    fn members_are_sorted_at_every_depth_and_items_are_not() {
        assert_eq!(
            of(r#"{ "b": [2, {"d": 1, "c": null}, 1], "a": true }"#),
            r#"{"a":true,"b":[2,{"c":null,"d":1},1]}"#
        );
    }

    #[test]
    fn names_are_sorted_as_javascript_does() {
        // U+1F600 is D83D DE00 in UTF-16 and so stands before U+FF5E, though its code point is the greater.
        assert_eq!(of("{\"\u{ff5e}\":1,\"\u{1f600}\":2}"), "{\"\u{1f600}\":2,\"\u{ff5e}\":1}");
    }

    #[test]
    fn numbers_have_the_digits_they_need() {
        assert_eq!(of("[100.0, 100, 0.50, 1e2, 90900.25, -1.10]"), "[100,100,0.5,100,90900.25,-1.1]");
        let long = "1234567890123456789012345678901234567890";
        assert_eq!(of(long), long);
    }

    #[test]
    fn text_is_raw_and_has_no_html_escapes() {
        let raw = r#"{"a":"Maji – Bili & <b> \"x\" \n"}"#;
        assert_eq!(of(raw), raw);
    }

    #[test]
    fn the_older_text_joins_values_by_the_order_of_names() {
        let body = json!({ "event": "PAYMENT RECEIVED", "data": { "b": "x", "a": 1 }, "none": null, "last": true });
        let Value::Object(members) = body else { panic!("an object") };
        assert_eq!(joined_values(&members), r#"{"a":1,"b":"x"}PAYMENT RECEIVEDtrue"#);
    }

    proptest! {
        #[test]
        fn the_order_in_which_members_are_written_does_not_matter(
            (members, shuffled) in any_members().prop_flat_map(|members| {
                let entries: Vec<_> = members.clone().into_iter().collect();
                (Just(members), Just(entries).prop_shuffle())
            })
        ) {
            let written: Vec<_> =
                shuffled.iter().map(|(name, value)| format!("{}: {value}", Value::from(name.as_str()))).collect();
            prop_assert_eq!(of(&format!("{{ {} }}", written.join(" , "))), object(&members));
        }

        #[test]
        fn the_canonical_text_is_the_same_value_and_no_others(one in any_value(), other in any_value()) {
            prop_assert_eq!(&serde_json::from_str::<Value>(&canonical(&one)).expect("JSON"), &one);
            prop_assert_eq!(canonical(&one) == canonical(&other), one == other);
        }
    }
}
