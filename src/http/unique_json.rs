//! A JSON object in which no name stands twice.
//!
//! Parsers disagree on which of two equal names counts, so a text that holds both says one thing to the signer and
//! another to the verifier. Such a text is refused here.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// The members of a JSON object, each name once.
#[derive(Debug)]
pub(super) struct UniqueObject(BTreeMap<String, Value>);

impl UniqueObject {
    /// The member of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl<'de> Deserialize<'de> for UniqueObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersOnce)
    }
}

struct MembersOnce;

impl<'de> Visitor<'de> for MembersOnce {
    type Value = UniqueObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose names are unique")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueObject, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(UniqueObject(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_however_it_is_spelt() {
        assert!(serde_json::from_str::<UniqueObject>(r#"{"a":1,"b":1}"#).is_ok());
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"[["a",1]]"#, "1", r#"{"a":1} x"#] {
            assert!(serde_json::from_str::<UniqueObject>(bad).is_err(), "{bad}");
        }
    }
}
