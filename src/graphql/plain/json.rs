//! JSON as it is written, one value after another.

use std::fmt::Display;
use std::io::Write;

use async_graphql::EnumType;

/// Whether a value was written. None: it is not at hand, and the whole object is to be resolved by the library.
pub type Told = Option<()>;

/// What has been written so far.
pub struct Json(Vec<u8>);

impl Json {
    /// Room for a payment with its biller and its bill number.
    const USUAL_BYTES: usize = 1024;

    /// Nothing yet.
    pub fn new() -> Self {
        Self(Vec::with_capacity(Self::USUAL_BYTES))
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Takes what is JSON already, or a piece of it.
    pub fn raw(&mut self, json: &[u8]) {
        self.0.extend_from_slice(json);
    }

    /// Nothing is there.
    pub fn null(&mut self) -> Told {
        self.raw(b"null");
        Some(())
    }

    /// Any text.
    pub fn text(&mut self, text: &str) -> Told {
        serde_json::to_writer(&mut self.0, text).ok()
    }

    /// A text, where there is one.
    pub fn some_text(&mut self, text: Option<&str>) -> Told {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// What shows itself without quotes, backslashes and control characters: ids, amounts, days, moments.
    pub fn shown(&mut self, value: impl Display) -> Told {
        write!(self.0, "\"{value}\"").ok()
    }

    /// The same, where it is there.
    pub fn some_shown(&mut self, value: Option<impl Display>) -> Told {
        match value {
            Some(value) => self.shown(value),
            None => self.null(),
        }
    }

    /// A whole number.
    pub fn number(&mut self, number: i32) -> Told {
        write!(self.0, "{number}").ok()
    }

    /// True or false.
    pub fn flag(&mut self, flag: bool) -> Told {
        self.raw(if flag { b"true" } else { b"false" });
        Some(())
    }

    /// True or false, where it is known.
    pub fn some_flag(&mut self, flag: Option<bool>) -> Told {
        match flag {
            Some(flag) => self.flag(flag),
            None => self.null(),
        }
    }

    /// A list, item by item.
    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T) -> Told) -> Told {
        self.raw(b"[");
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.raw(b",");
            }
            write(self, item)?;
        }
        self.raw(b"]");
        Some(())
    }

    /// A value of an enum, by its name in the schema.
    pub fn word<E: EnumType>(&mut self, value: E) -> Told {
        let item = E::items().iter().find(|item| item.value == value)?;
        self.shown(item.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::object::payment_parts::PaymentStatus;

    fn written(write: impl FnOnce(&mut Json) -> Told) -> String {
        let mut json = Json::new();
        assert!(write(&mut json).is_some());
        String::from_utf8(json.into_bytes()).expect("UTF-8")
    }

    #[test]
    fn values_are_written_as_serde_writes_them() {
        let odd = "a \"quoted\" \\ line\nwith \u{1} and \u{2028} and ä";
        assert_eq!(written(|json| json.text(odd)), serde_json::to_string(odd).expect("JSON"));
        assert_eq!(written(|json| json.some_text(None)), "null");
        assert_eq!(written(|json| json.number(i32::MIN)), "-2147483648");
        assert_eq!(written(|json| json.flag(true)), "true");
        assert_eq!(written(|json| json.some_flag(Some(false))), "false");
        assert_eq!(written(|json| json.some_shown(None::<u8>)), "null");
        assert_eq!(written(|json| json.list([1, 2], Json::number)), "[1,2]");
        assert_eq!(written(|json| json.list([0; 0], Json::number)), "[]");
        assert_eq!(written(|json| json.word(PaymentStatus::NeedsReview)), "\"NEEDS_REVIEW\"");
    }
}
