//! Reading a JSON body as ASP.NET does: names in any case, and all faults of the model reported together.
//!
//! A required field that is absent reads as its type's default and leaves a fault behind, so [`Fields::finish`] must
//! be asked before what was read is used.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use super::rejection::Rejection;

/// Parses a body that must call itself JSON and be an object.
pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Rejection> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("application/json") {
        return Err(Rejection::NotJson);
    }
    serde_json::from_slice(body).map_err(|_| {
        let message = "The JSON value could not be converted to the request model.".to_owned();
        Rejection::Invalid(BTreeMap::from([("$".to_owned(), vec![message])]))
    })
}

/// A body being read, with the faults found so far.
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    faults: BTreeMap<String, Vec<String>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(members: &'a Map<String, Value>) -> Self {
        Self { members, faults: BTreeMap::new() }
    }

    /// The faults, if there are any.
    pub(super) fn finish(self) -> Result<(), Rejection> {
        if self.faults.is_empty() { Ok(()) } else { Err(Rejection::Invalid(self.faults)) }
    }

    pub(super) fn required_text(&mut self, name: &str) -> String {
        let text = self.text(name);
        self.require(name, text)
    }

    pub(super) fn required_flag(&mut self, name: &str) -> bool {
        let flag = self.flag(name);
        self.require(name, flag)
    }

    pub(super) fn required_integer(&mut self, name: &str) -> u64 {
        let integer = self.number(name).and_then(Number::as_u64);
        self.require(name, integer)
    }

    /// An amount above zero with at most two decimals.
    pub(super) fn required_amount(&mut self, name: &str) -> Decimal {
        let number = self.number(name);
        let amount = number.and_then(|number| Decimal::from_str_exact(number.as_str()).ok()).filter(is_payable);
        if number.is_some() && amount.is_none() {
            self.fault(name, format!("The field {name} must be above 0 and have at most two decimals."));
        }
        self.require(name, amount)
    }

    /// Text or an integer, as text: the documents say the one and show the other.
    pub(super) fn required_reference(&mut self, name: &str, other_name: &str) -> String {
        let reference = match self.find(name).or_else(|| self.find(other_name)) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        };
        self.require(name, reference.filter(|text| !text.trim().is_empty()))
    }

    /// Text that is not blank.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.find(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.misfit(name, "System.String")
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.find(name)? {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.misfit(name, "System.Boolean")
            }
        }
    }

    fn number(&mut self, name: &str) -> Option<&'a Number> {
        match self.find(name)? {
            Value::Null => None,
            Value::Number(number) => Some(number),
            Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.misfit(name, "System.Decimal")
            }
        }
    }

    fn find(&self, name: &str) -> Option<&'a Value> {
        self.members.iter().find(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn require<T: Default>(&mut self, name: &str, value: Option<T>) -> T {
        if value.is_none() && !self.faults.contains_key(name) {
            self.fault(name, format!("The {name} field is required."));
        }
        value.unwrap_or_default()
    }

    fn misfit<T>(&mut self, name: &str, wanted: &str) -> Option<T> {
        self.fault(name, format!("The JSON value could not be converted to {wanted}."));
        None
    }

    fn fault(&mut self, name: &str, message: String) {
        self.faults.entry(name.to_owned()).or_default().push(message);
    }
}

fn is_payable(amount: &Decimal) -> bool {
    *amount > Decimal::ZERO && amount.normalize().scale() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).expect("an object")
    }

    fn faults(fields: Fields<'_>) -> Vec<String> {
        fields.faults.into_keys().collect()
    }

    #[test]
    fn names_are_read_in_any_case() {
        let members = members(r#"{"ServiceId":7,"accountnumber":"1"}"#);
        let mut fields = Fields::new(&members);
        assert_eq!(fields.required_reference("ServiceId", "ServiceCode"), "7");
        assert_eq!(fields.required_text("AccountNumber"), "1");
        assert!(fields.finish().is_ok());
    }

    #[test]
    fn every_fault_is_reported() {
        let members = members(r#"{"accountNumber":" ","msisdn":7}"#);
        let mut fields = Fields::new(&members);
        fields.required_text("AccountNumber");
        fields.required_text("Msisdn");
        fields.required_flag("SaveBillerNumber");
        assert_eq!(faults(fields), ["AccountNumber", "Msisdn", "SaveBillerNumber"]);
    }

    #[test]
    fn an_amount_is_above_zero_with_two_decimals_at_most() {
        let read = |text: &str| {
            let members = members(&format!(r#"{{"amount":{text}}}"#));
            let mut fields = Fields::new(&members);
            let amount = fields.required_amount("Amount");
            fields.finish().is_ok().then_some(amount)
        };
        assert_eq!(read("15"), Some(Decimal::new(15, 0)));
        assert_eq!(read("15.50"), Some(Decimal::new(1550, 2)));
        assert_eq!(["0", "-1", "1.234", "\"15\"", "null"].map(read), [None; 5]);
    }
}
