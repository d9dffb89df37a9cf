//! The body that asks for a control number.

use super::fields::{self, Fields};
use super::number::Kind;
use super::rejection::Rejection;
use super::terms::Terms;

/// The most characters of a reference; stated for bulks, and applied to single numbers too.
const LONGEST_REFERENCE: usize = 20;
/// The country code and the number, without a plus.
const PHONE_DIGITS: usize = 12;

/// A number that is asked for.
pub(super) struct Draft {
    pub kind: Kind,
    /// What shall be the number; absent where the provider is to make one.
    pub reference: Option<String>,
    pub customer_name: Option<String>,
    pub terms: Terms,
}

impl Draft {
    /// Reads one; an order's customer is ignored, as no page has it in the body of a single order.
    pub(super) fn read(kind: Kind, fields: Fields<'_>) -> Result<Self, Rejection> {
        let customer_name = match kind {
            Kind::Order => None,
            Kind::Customer => Some(customer_name(fields)?),
        };
        let terms = Terms::read(fields)?;
        terms.check()?;
        Ok(Self { kind, reference: reference(fields)?, customer_name, terms })
    }
}

fn reference(fields: Fields<'_>) -> Result<Option<String>, Rejection> {
    let Some(reference) = fields.text("billReference")? else { return Ok(None) };
    if reference.is_empty() || !reference.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = "Invalid Bill Reference, should only contain alphanumeric characters and cannot be blank";
        return Err(Rejection::invalid(message));
    }
    if reference.len() > LONGEST_REFERENCE {
        return Err(Rejection::invalid("billReference must be shorter than or equal to 20 characters"));
    }
    Ok(Some(reference.to_owned()))
}

/// The name, if there is also a way to reach whom it names.
fn customer_name(fields: Fields<'_>) -> Result<String, Rejection> {
    let name = fields.required_text("customerName")?;
    let email = fields.text("customerEmail")?;
    let phone = fields.text("customerPhone")?;
    if email.is_none() && phone.is_none() {
        return Err(fields::required("customerEmail or customerPhone"));
    }
    if email.is_some_and(|email| !is_email(email)) {
        return Err(Rejection::invalid("customerEmail must be an email"));
    }
    if phone.is_some_and(|phone| !is_phone(phone)) {
        return Err(Rejection::invalid("customerPhone must have 12 digits, with the country code and without a plus"));
    }
    Ok(name.to_owned())
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

fn is_phone(text: &str) -> bool {
    text.len() == PHONE_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(kind: Kind, body: &Value) -> Result<Draft, Rejection> {
        Draft::read(kind, Fields::new(body.as_object().expect("an object")))
    }

    #[test]
    fn an_order_needs_nothing_and_ignores_a_customer() {
        let draft = read(Kind::Order, &json!({ "customerName": "Asha" })).expect("a draft");
        assert_eq!((draft.reference, draft.customer_name), (None, None));
        assert!(draft.terms.is_empty());
    }

    #[test]
    fn a_reference_has_up_to_twenty_letters_and_digits() {
        let is_taken = |reference: &str| read(Kind::Order, &json!({ "billReference": reference })).is_ok();
        assert!(["CUSTOMJH121", "a", "01234567890123456789"].into_iter().all(is_taken));
        assert!(!["", " ", "a-b", "é", "012345678901234567890"].into_iter().any(is_taken));
    }

    #[test]
    fn a_customer_needs_a_name_and_a_way_to_be_reached() {
        let phone = json!({ "customerName": "Asha", "customerPhone": "255712345678" });
        let draft = read(Kind::Customer, &phone).expect("a draft");
        assert_eq!(draft.customer_name.as_deref(), Some("Asha"));
        assert!(read(Kind::Customer, &json!({ "customerName": "Asha", "customerEmail": "a@example.com" })).is_ok());
        for refused in [
            json!({}),
            json!({ "customerPhone": "255712345678" }),
            json!({ "customerName": " ", "customerPhone": "255712345678" }),
            json!({ "customerName": "Asha" }),
            json!({ "customerName": "Asha", "customerPhone": "+255712345678" }),
            json!({ "customerName": "Asha", "customerPhone": "0712345678" }),
            json!({ "customerName": "Asha", "customerEmail": "example.com" }),
        ] {
            assert!(read(Kind::Customer, &refused).is_err(), "{refused}");
        }
    }
}
