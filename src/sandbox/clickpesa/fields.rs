//! Reading the members of a body. An absent member and one that is null are the same.
//!
//! Members that no page names are ignored, and the first fault found is the one that is told.

use axum::http::{HeaderMap, header};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::checksum;
use super::rejection::Rejection;

/// 0.01 shilling.
const LEAST_AMOUNT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// A million million shillings: the pages state no bound, and sums stay far from what a number can hold.
const LARGEST_AMOUNT: Decimal = Decimal::from_parts(0xd4a5_1000, 0xe8, 0, false, 0);

/// Reads the body of one of the provider's calls: JSON that calls itself so, and holds to its checksum if it has one.
/// No body at all is an empty object.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Rejection> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("application/json") {
        return Err(Rejection::invalid("Content-Type must be application/json"));
    }
    let members = parse(body)?;
    checksum::verify(&members)?;
    Ok(members)
}

/// Reads the body of one of the sandbox's own calls, whatever it calls itself.
pub(super) fn parse(body: &[u8]) -> Result<Map<String, Value>, Rejection> {
    serde_json::from_slice(body).map_err(|_| Rejection::invalid("The body must be a JSON object"))
}

/// The members of an object.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn new(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    pub(super) fn find(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Rejection> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| misfit(name, "a string"));
        self.find(name).map(text).transpose()
    }

    /// Text that is there and not blank.
    pub(super) fn required_text(&self, name: &str) -> Result<&'a str, Rejection> {
        let text = self.text(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| required(name))
    }

    /// A flag that is false where it is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Rejection> {
        self.find(name).map_or(Ok(false), |value| value.as_bool().ok_or_else(|| misfit(name, "a boolean")))
    }

    /// An amount as a JSON number.
    pub(super) fn amount(&self, name: &str) -> Result<Option<Decimal>, Rejection> {
        match self.find(name) {
            Some(Value::Number(number)) => payable(name, number.as_str()).map(Some),
            Some(_) => Err(misfit(name, "a number")),
            None => Ok(None),
        }
    }

    /// An amount as a JSON number or as text, as the sandbox's own calls take it.
    pub(super) fn required_amount(&self, name: &str) -> Result<Decimal, Rejection> {
        match self.find(name) {
            Some(Value::Number(number)) => payable(name, number.as_str()),
            Some(Value::String(text)) => payable(name, text),
            Some(_) => Err(misfit(name, "a number")),
            None => Err(required(name)),
        }
    }

    /// The members of a member; none where it is absent.
    pub(super) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, Rejection> {
        let object = |value: &'a Value| value.as_object().map(Fields).ok_or_else(|| misfit(name, "an object"));
        self.find(name).map(object).transpose()
    }
}

/// What is told of a field that is not there.
pub(super) fn required(name: &str) -> Rejection {
    Rejection::Invalid(format!("{name} is required"))
}

fn misfit(name: &str, wanted: &str) -> Rejection {
    Rejection::Invalid(format!("{name} must be {wanted}"))
}

/// At least 0.01, with at most two decimals.
fn payable(name: &str, text: &str) -> Result<Decimal, Rejection> {
    let decimal = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    let amount = decimal.map_err(|_| misfit(name, "a number"))?.normalize();
    if amount < LEAST_AMOUNT {
        return Err(misfit(name, "at least 0.01"));
    }
    if amount > LARGEST_AMOUNT {
        return Err(misfit(name, "at most 1000000000000"));
    }
    if amount.scale() > 2 {
        return Err(misfit(name, "a number with at most 2 decimal places"));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn members(json: &str) -> Map<String, Value> {
        parse(json.as_bytes()).expect("an object")
    }

    #[test]
    fn an_amount_is_a_number_of_at_least_a_hundredth() {
        let amount = |text: &str| Fields::new(&members(&format!(r#"{{"a":{text}}}"#))).amount("a");
        assert_eq!(amount("90900"), Ok(Some(Decimal::new(90_900, 0))));
        assert_eq!(amount("0.01"), Ok(Some(Decimal::new(1, 2))));
        assert_eq!(amount("90900.100"), Ok(Some(Decimal::new(909_001, 1))));
        assert_eq!(amount("1e12"), Ok(Some(LARGEST_AMOUNT)));
        assert_eq!(amount("null"), Ok(None));
        for text in ["0", "-1", "0.001", "1.234", "1000000000000.01", "1e400", "\"1\"", "true"] {
            assert!(amount(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_sandboxes_own_calls_take_text_too() {
        let amount = |text: &str| Fields::new(&members(&format!(r#"{{"a":{text}}}"#))).required_amount("a");
        assert_eq!(amount("\"10000\""), amount("10000"));
        assert_eq!(amount("null"), Err(Rejection::invalid("a is required")));
        assert!(amount("\"x\"").is_err());
    }

    #[test]
    fn a_body_is_json_that_calls_itself_so_or_nothing() {
        let json = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        assert_eq!(read(&HeaderMap::new(), b""), Ok(Map::new()));
        assert_eq!(read(&json, b"{}"), Ok(Map::new()));
        assert!(read(&HeaderMap::new(), b"{}").is_err());
        assert!(read(&json, b"[]").is_err());
        assert!(read(&json, br#"{"checksum":"0"}"#).is_err());
    }
}
