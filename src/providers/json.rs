//! JSON as providers send it, read strictly.
//!
//! A body whose members stand twice can be read in two ways, and a program that sits between the provider and us may
//! have chosen the other one; so duplicate names are refused, at every depth. Errors never hold the text.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A text that is not the JSON that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not the JSON that was expected")]
pub(super) struct Unreadable;

/// Reads a whole text in which no name stands twice.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unreadable> {
    let Unambiguous = serde_json::from_slice(text).map_err(|_| Unreadable)?;
    serde_json::from_slice(text).map_err(|_| Unreadable)
}

/// Any JSON without duplicate names; nothing of it is kept.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

/// Integers come as such; other numbers as a map of one member, since serde_json keeps their digits
/// (`arbitrary_precision`), so no float ever comes.
impl<'de> Visitor<'de> for Unambiguous {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate names")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while let Some(Self) = items.next_element()? {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Self)) = members.next_entry::<String, Self>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read_value(text: &str) -> Result<Value, Unreadable> {
        read(text.as_bytes())
    }

    #[test]
    fn every_kind_of_json_is_read_and_numbers_keep_their_digits() {
        let text = r#"{"a":null,"b":[true,-1,1.50,"x",{}],"c":12345678901234567890123}"#;
        assert_eq!(read_value(text).map(|value| value.to_string()), Ok(text.to_owned()));
    }

    #[test]
    fn c5_duplicate_names_are_refused_at_every_depth() {
        for text in [
            r#"{"status":"failed","status":"ok"}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"[{"a":1},{"a":1,"a":1}]"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(read_value(text), Err(Unreadable), "{text}");
        }
        assert!(read_value(r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#).is_ok());
    }

    #[test]
    fn what_is_no_json_is_refused_without_a_panic() {
        let deep = "[".repeat(100_000);
        for text in ["", "<html>", "{", "{}{}", "\u{feff}{}", "NaN", deep.as_str()] {
            assert_eq!(read_value(text), Err(Unreadable));
        }
        assert_eq!(read::<Value>(b"\"\xff\""), Err(Unreadable));
    }
}
