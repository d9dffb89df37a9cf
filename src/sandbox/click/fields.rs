//! Reading a body as Rails does: a form or JSON, and the same fields from both.
//!
//! The pages' header blocks say JSON and their examples send forms; with both as printed a form calls itself JSON. So a
//! body that begins as a form is one, whatever it calls itself. Nested JSON is what Rails makes of `account[email]`.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::multipart;
use super::rejection::Rejection;

/// The characters of `2025-10-14`.
const DATE_LENGTH: usize = 10;
/// The three names under which the pages have the account: table, example, inquiry.
const ACCOUNT_NAMES: [&str; 3] = ["bill_number", "bill_account", "billing_acct"];

/// The fields of a body; of a name that stands twice the last counts.
#[derive(Debug)]
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Rejection> {
        let text = str::from_utf8(body).map_err(|_| Rejection::Unreadable)?;
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let fields = match multipart::boundary(content_type).or_else(|| multipart::first_boundary(text)) {
            Some(boundary) => multipart::read(boundary, text),
            None => serde_json::from_str(text).ok().map(flat),
        };
        fields.map(|fields| Self(fields.into_iter().collect())).ok_or(Rejection::Unreadable)
    }

    /// A text that is there and not blank.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(super) fn required_text(&self, name: &'static str) -> Result<&str, Rejection> {
        self.text(name).ok_or(Rejection::Missing(name))
    }

    /// The account, under any of its names.
    pub(super) fn account(&self) -> Result<&str, Rejection> {
        let account = ACCOUNT_NAMES.into_iter().find_map(|name| self.text(name));
        account.ok_or(Rejection::Missing(ACCOUNT_NAMES[0]))
    }

    pub(super) fn required_date(&self, name: &'static str) -> Result<Date, Rejection> {
        let text = self.required_text(name)?;
        let date = Some(text).filter(|text| text.len() == DATE_LENGTH).and_then(|text| text.parse().ok());
        date.ok_or(Rejection::Invalid(name))
    }

    /// An amount above zero with at most two decimals.
    pub(super) fn required_amount(&self, name: &'static str) -> Result<Decimal, Rejection> {
        let amount = Decimal::from_str_exact(self.required_text(name)?).ok();
        let is_payable = |amount: &Decimal| *amount > Decimal::ZERO && amount.normalize().scale() <= 2;
        amount.filter(is_payable).ok_or(Rejection::Invalid(name))
    }
}

/// The single values of an object, with those of its objects as `outer[inner]`.
fn flat(members: Map<String, Value>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (name, value) in members {
        match value {
            Value::Object(inner) => {
                let inner = inner.into_iter().filter_map(|(inner, value)| Some((inner, single(&value)?)));
                fields.extend(inner.map(|(inner, value)| (format!("{name}[{inner}]"), value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                fields.extend(single(&value).map(|value| (name, value)));
            }
        }
    }
    fields
}

fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"account[email]\"\r\n\r\na@b\r\n--b--\r\n";

    fn read(content_type: &'static str, body: &str) -> Result<Fields, Rejection> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Fields::read(&headers, body.as_bytes())
    }

    fn of_json(body: &str) -> Fields {
        read("application/json", body).expect("fields")
    }

    #[test]
    fn trap_3_json_a_form_and_a_form_that_calls_itself_json_are_the_same() {
        for (content_type, body) in [
            ("multipart/form-data; boundary=b", FORM),
            ("application/json", FORM),
            ("application/json", r#"{"account":{"email":"a@b"}}"#),
            ("application/json", r#"{"account[email]":"a@b"}"#),
        ] {
            let fields = read(content_type, body).expect("fields");
            assert_eq!(fields.required_text("account[email]").ok(), Some("a@b"), "{body}");
        }
        for body in ["", "[]", "a=b", "--b\r\nhalf"] {
            assert!(matches!(read("application/json", body), Err(Rejection::Unreadable)), "{body}");
        }
    }

    #[test]
    fn trap_1_the_account_has_three_names() {
        for name in ACCOUNT_NAMES {
            assert_eq!(of_json(&format!(r#"{{"{name}":"17"}}"#)).account().ok(), Some("17"), "{name}");
        }
        let with_number = of_json(r#"{"account_number":"17"}"#);
        assert!(matches!(with_number.account(), Err(Rejection::Missing("bill_number"))));
    }

    #[test]
    fn amounts_and_dates_are_checked() {
        let amount = |text: &str| of_json(&format!(r#"{{"amount":{text}}}"#)).required_amount("amount").ok();
        assert_eq!(amount("100"), Some(Decimal::new(100, 0)));
        assert_eq!(amount("\"100.50\""), Some(Decimal::new(10_050, 2)));
        assert_eq!(["0", "-1", "1.234", "\"x\"", "null"].map(amount), [None; 5]);
        let date = |text: &str| of_json(&format!(r#"{{"due_date":"{text}"}}"#)).required_date("due_date").is_ok();
        assert!(date("2025-10-14"));
        for text in ["", "2025-10-32", "14-10-2025", "2025-10-14T00:00", "20251014"] {
            assert!(!date(text), "{text}");
        }
    }
}
