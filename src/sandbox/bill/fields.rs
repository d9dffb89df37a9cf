//! Reading a JSON body: the first fault that is met is the answer.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::rejection::Rejection;

/// The characters of `2025-12-31`.
const DATE_LENGTH: usize = 10;

/// Parses a body that must be an object.
pub(super) fn parse(body: &[u8]) -> Result<Map<String, Value>, Rejection> {
    serde_json::from_slice(body).map_err(|_| Rejection::unreadable())
}

/// The members of an object. One that is null counts as absent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn new(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    /// Text that is not blank.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, Rejection> {
        let text = self.find(name).map(|value| value.as_str().ok_or_else(|| Rejection::invalid_type(name)));
        Ok(text.transpose()?.filter(|text| !text.trim().is_empty()))
    }

    pub(super) fn required_text(self, name: &str) -> Result<&'a str, Rejection> {
        self.text(name)?.ok_or_else(|| Rejection::missing(name))
    }

    /// Text of at most `most` characters.
    pub(super) fn short_text(self, name: &str, most: usize) -> Result<Option<&'a str>, Rejection> {
        match self.text(name)? {
            Some(text) if text.chars().count() > most => Err(Rejection::invalid(name, text)),
            text => Ok(text),
        }
    }

    /// True or false; false where absent.
    pub(super) fn flag(self, name: &str) -> Result<bool, Rejection> {
        let flag = self.find(name).map(|value| value.as_bool().ok_or_else(|| Rejection::invalid_type(name)));
        Ok(flag.transpose()?.unwrap_or(false))
    }

    /// An integer of 32 bits.
    pub(super) fn integer(self, name: &str) -> Result<Option<i32>, Rejection> {
        let integer = |value: &Value| value.as_i64().and_then(|number| i32::try_from(number).ok());
        self.find(name).map(|value| integer(value).ok_or_else(|| Rejection::invalid_type(name))).transpose()
    }

    /// A number above zero with at most two decimals.
    pub(super) fn required_amount(self, name: &str) -> Result<Decimal, Rejection> {
        let value = self.find(name).ok_or_else(|| Rejection::missing(name))?;
        let Value::Number(number) = value else { return Err(Rejection::invalid_type(name)) };
        let amount = Decimal::from_str_exact(number.as_str()).ok();
        let is_payable = |amount: &Decimal| *amount > Decimal::ZERO && amount.normalize().scale() <= 2;
        amount.filter(is_payable).ok_or_else(|| Rejection::invalid(name, number.as_str()))
    }

    /// A day as `2025-12-31`.
    pub(super) fn date(self, name: &str) -> Result<Option<Date>, Rejection> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let date = Some(text).filter(|text| text.len() == DATE_LENGTH).and_then(|text| text.parse().ok());
        date.map(Some).ok_or_else(|| Rejection::invalid(name, text))
    }

    pub(super) fn object(self, name: &str) -> Result<Option<Self>, Rejection> {
        let object = |value: &'a Value| value.as_object().map(Self);
        self.find(name).map(|value| object(value).ok_or_else(|| Rejection::invalid_type(name))).transpose()
    }

    pub(super) fn required_object(self, name: &str) -> Result<Self, Rejection> {
        self.object(name)?.ok_or_else(|| Rejection::missing(name))
    }

    /// A list of objects.
    pub(super) fn required_objects(self, name: &str) -> Result<Vec<Self>, Rejection> {
        let value = self.find(name).ok_or_else(|| Rejection::missing(name))?;
        let members = value.as_array().ok_or_else(|| Rejection::invalid_type(name))?;
        members.iter().map(|member| member.as_object().map(Self).ok_or_else(|| Rejection::invalid_type(name))).collect()
    }

    /// Whether a member is there.
    pub(super) fn has(self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Map<String, Value> {
        parse(json.as_bytes()).expect("an object")
    }

    #[test]
    fn an_amount_is_a_number_above_zero_with_two_decimals_at_most() {
        let amount = |text: &str| Fields::new(&members(&format!(r#"{{"a":{text}}}"#))).required_amount("a").ok();
        assert_eq!(amount("228.99"), Some(Decimal::new(22_899, 2)));
        assert_eq!(amount("142.000"), Some(Decimal::new(142_000, 3)));
        assert_eq!(["0", "-1", "1.234", "\"15\"", "null"].map(amount), [None; 5]);
    }

    #[test]
    fn a_date_has_the_documented_form() {
        let date = |text: &str| Fields::new(&members(&format!(r#"{{"d":"{text}"}}"#))).date("d").is_ok();
        assert!(date("2025-12-31"));
        assert_eq!(["2025-12-32", "20251231", "12/31/2025", "2025-12-31T00:00"].map(date), [false; 4]);
    }

    #[test]
    fn a_body_is_an_object() {
        assert!(["", "[]", "\"a\"", "{\"a\":1"].iter().all(|body| parse(body.as_bytes()).is_err()));
    }
}
