//! JSON as it is written, one value after another.
//!
//! What every object of a page has (ids, amounts, moments) is written without the machinery of formats, which takes
//! longer than the writing.

use std::fmt::Display;
use std::io::Write;

use async_graphql::EnumType;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use crate::domain::ids::{Id, Kind};
use crate::domain::money::Money;

/// Whether a value was written. None: it is not at hand, and the whole object is to be resolved by the library.
pub type Told = Option<()>;

/// What has been written so far.
pub struct Json(Vec<u8>);

impl Json {
    /// Room for a payment with its biller and its bill number.
    const USUAL_BYTES: usize = 1024;

    /// Nothing yet.
    pub fn new() -> Self {
        Self::of_objects(1)
    }

    /// Nothing yet, with room for so many objects.
    pub fn of_objects(count: usize) -> Self {
        Self(Vec::with_capacity(Self::USUAL_BYTES.saturating_mul(count.max(1))))
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

    /// A text that holds no quotes, backslashes and control characters.
    pub fn bare(&mut self, text: &str) -> Told {
        self.raw(b"\"");
        self.raw(text.as_bytes());
        self.raw(b"\"");
        Some(())
    }

    /// An id.
    pub fn id<K: Kind>(&mut self, id: Id<K>) -> Told {
        self.raw(b"\"");
        id.write(&mut self.0);
        self.raw(b"\"");
        Some(())
    }

    /// The same, where it is there.
    pub fn some_id<K: Kind>(&mut self, id: Option<Id<K>>) -> Told {
        match id {
            Some(id) => self.id(id),
            None => self.null(),
        }
    }

    /// The amount of money, without its currency.
    pub fn amount(&mut self, money: Money) -> Told {
        self.raw(b"\"");
        money.write_decimal(&mut self.0);
        self.raw(b"\"");
        Some(())
    }

    /// A moment.
    pub fn moment(&mut self, at: Timestamp) -> Told {
        const PRINTER: DateTimePrinter = DateTimePrinter::new();
        self.raw(b"\"");
        PRINTER.print_timestamp(&at, &mut self.0).ok()?;
        self.raw(b"\"");
        Some(())
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
        self.bare(item.name)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::PaymentId;
    use crate::domain::money::CurrencyCode;
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

    #[test]
    fn what_is_written_without_a_format_is_what_it_shows() {
        for bits in [0, 1, u128::MAX, 0x0190_0000_0000_7000_8000_0000_0000_0001] {
            let id = PaymentId::from_uuid(Uuid::from_u128(bits));
            assert_eq!(written(|json| json.id(id)), format!("\"{id}\""));
        }
        for code in ["KES", "JPY", "KWD"] {
            let currency: CurrencyCode = code.parse().expect("a currency");
            for minor in [0, 1, -1, 9, 10, -99, 100, 101, 999, 1_000, 12_050, -12_050, i64::MAX, i64::MIN] {
                let money = Money::from_minor(minor, currency);
                assert_eq!(
                    written(|json| json.amount(money)),
                    format!("\"{}\"", money.decimal_text()),
                    "{minor} {code}"
                );
            }
        }
        for micros in [0, 1, -1, 1_000, 1_500_000, 1_795_305_600_000_000, 1_795_305_600_123_456] {
            let at = Timestamp::from_microsecond(micros).expect("a time");
            assert_eq!(written(|json| json.moment(at)), format!("\"{at}\""));
        }
    }
}
