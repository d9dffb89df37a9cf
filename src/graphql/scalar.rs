//! Scalars. Each refuses by form only, with one test for validation and for parsing: what a value *means* is answered
//! in a mutation's payload.

use async_graphql::{Description, InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jiff::Timestamp;
use jiff::civil;

use crate::domain::money;
use crate::domain::phone;

/// A scalar that travels as a string.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn parse_with<T: InputType>(value: &Value, read: impl Fn(&str) -> Option<T>) -> InputValueResult<T> {
    text(value).and_then(read).ok_or_else(|| InputValueError::custom("a value does not have the form of its type"))
}

/// A decimal number as a string: an optional minus, digits, at most one point between digits.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Decimal(pub money::DecimalText);

#[Scalar(
    use_type_description = true,
    name = "Decimal",
    specified_by_url = "https://scalars.graphql.org/chillicream/decimal.html"
)]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| text.parse().ok().map(Self))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(money::DecimalText::is_valid)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// The code of a currency: three letters of ISO 4217, such as KES.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct CurrencyCode(pub String);

fn is_code(text: &str, letters: usize) -> bool {
    text.len() == letters && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[Scalar(
    use_type_description = true,
    name = "CurrencyCode",
    specified_by_url = "https://www.iso.org/iso-4217-currency-codes.html"
)]
impl ScalarType for CurrencyCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| is_code(text, 3).then(|| Self(text.to_owned())))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(|text| is_code(text, 3))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// The code of a country: two letters of ISO 3166-1, such as KE.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct CountryCode(pub String);

#[Scalar(
    use_type_description = true,
    name = "CountryCode",
    specified_by_url = "https://www.iso.org/iso-3166-country-codes.html"
)]
impl ScalarType for CountryCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| is_code(text, 2).then(|| Self(text.to_owned())))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(|text| is_code(text, 2))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A phone number in E.164 form, such as +254710000000.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct PhoneNumber(pub String);

#[Scalar(use_type_description = true, name = "PhoneNumber", specified_by_url = "https://www.itu.int/rec/T-REC-E.164")]
impl ScalarType for PhoneNumber {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| phone::PhoneNumber::has_form(text).then(|| Self(text.to_owned())))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(phone::PhoneNumber::has_form)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// An absolute address, such as <https://shop.example/paid>.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Url(pub String);

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok()
}

#[Scalar(use_type_description = true, name = "URL", specified_by_url = "https://url.spec.whatwg.org/")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| is_url(text).then(|| Self(text.to_owned())))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(is_url)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A moment in UTC, as RFC 3339 writes it: 2026-11-22T09:30:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct DateTime(pub Timestamp);

#[Scalar(
    use_type_description = true,
    name = "DateTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| text.parse().ok().map(Self))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(|text| text.parse::<Timestamp>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A day: YYYY-MM-DD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct Date(pub civil::Date);

fn day(text: &str) -> Option<civil::Date> {
    let fits = text.len() == 10 && text.is_ascii() && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    fits.then(|| text.parse().ok()).flatten()
}

#[Scalar(
    use_type_description = true,
    name = "Date",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"
)]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| day(text).map(Self))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(|text| day(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A place in the event log: a whole number as a decimal string, since it may pass 31 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct Sequence(pub i64);

/// The digits of the largest.
const LONGEST_SEQUENCE: usize = 19;

fn sequence(text: &str) -> Option<i64> {
    let digits = (1..=LONGEST_SEQUENCE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[Scalar(
    use_type_description = true,
    name = "Sequence",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6"
)]
impl ScalarType for Sequence {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_with(&value, |text| sequence(text).map(Self))
    }

    fn is_valid(value: &Value) -> bool {
        text(value).is_some_and(|text| sequence(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid<T: ScalarType>(text: &str) -> bool {
        let value = Value::String(text.to_owned());
        assert_eq!(T::is_valid(&value), T::parse(value).is_ok(), "one test for both: {text:?}");
        T::is_valid(&Value::String(text.to_owned()))
    }

    #[test]
    fn each_scalar_refuses_by_form() {
        assert!(valid::<Decimal>("10.005") && valid::<Decimal>("-1") && !valid::<Decimal>("1e3"));
        assert!(valid::<CurrencyCode>("kes") && !valid::<CurrencyCode>("KE") && !valid::<CurrencyCode>("K€S"));
        assert!(valid::<PhoneNumber>("+254710000000") && !valid::<PhoneNumber>("0710000000"));
        assert!(valid::<Date>("2028-02-29") && !valid::<Date>("2027-02-29") && !valid::<Date>("2027-2-9"));
        assert!(valid::<DateTime>("2026-11-22T09:30:00Z") && !valid::<DateTime>("2026-11-22"));
        assert!(valid::<Sequence>("0") && !valid::<Sequence>("-1") && !valid::<Sequence>("9223372036854775808"));
        assert!(valid::<Url>("https://shop.example/paid") && !valid::<Url>("/paid"));
    }

    #[test]
    fn a_number_is_no_decimal() {
        assert!(!Decimal::is_valid(&Value::Number(5.into())));
    }
}
