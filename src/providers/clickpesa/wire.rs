//! ClickPesa's paths, names and shapes as its pages show them. Nothing is interpreted here.
//!
//! A value that is a number in one place and text in another (`collectedAmount`) is a [`Scalar`], kept as the text that
//! it was. What a page documents as always there is optional here where we can do without it.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::providers::json;

/// Answers the client's name and key, in headers, with a token.
pub(super) const GENERATE_TOKEN: &str = "/generate-token";
/// Before a number: GET finds it, PATCH changes it.
pub(super) const BILLPAY: &str = "/billpay";
/// Before a number: what was paid to it.
pub(super) const PAYMENTS: &str = "/payments";
/// What was paid to any number, by default the newest first.
pub(super) const ALL_PAYMENTS: &str = "/payments/all";

/// A 404 that knows of no such number.
pub(super) const UNKNOWN_NUMBER: &str = "BillPay Number does not exist";
/// How a 404 that knows of no payments begins; the reference that was asked for follows.
pub(super) const UNKNOWN_PAYMENT: &str = "Invalid or missing payment";

/// The four calls that make numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Order,
    Customer,
    Orders,
    Customers,
}

impl Endpoint {
    pub(super) const ALL: [Self; 4] = [Self::Order, Self::Customer, Self::Orders, Self::Customers];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Order => "/billpay/create-order-control-number",
            Self::Customer => "/billpay/create-customer-control-number",
            Self::Orders => "/billpay/bulk-create-order-control-numbers",
            Self::Customers => "/billpay/bulk-create-customer-control-numbers",
        }
    }

    /// Whether it makes several at once, each for itself.
    pub(super) const fn is_batch(self) -> bool {
        match self {
            Self::Order | Self::Customer => false,
            Self::Orders | Self::Customers => true,
        }
    }
}

/// A number to be made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewBill<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_payment_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_amount: Option<Number>,
    pub bill_reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_max_collection_amount: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_phone: Option<&'a str>,
}

/// Several of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewBills<'a> {
    pub control_numbers: Vec<NewBill<'a>>,
}

/// What of a frozen [`NewBill`] is needed to recognise its answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub bill_reference: String,
}

/// The same of [`NewBills`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct References {
    pub control_numbers: Vec<Reference>,
}

/// What PATCH changes; what is absent stays.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillChange<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_payment_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_amount: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_max_collection_amount: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_status: Option<&'static str>,
}

/// The answer to the request for a token. The token begins with `Bearer `.
#[derive(Deserialize)]
pub(super) struct GeneratedToken {
    pub success: Option<bool>,
    pub token: String,
}

/// A number, as it was made, found or changed: each call shows a part of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bill {
    pub bill_pay_number: Scalar,
    pub bill_description: Option<String>,
    pub bill_amount: Option<Scalar>,
    pub bill_payment_mode: Option<String>,
    /// In the answer to PATCH; whether also in that to GET is not documented.
    pub bill_status: Option<String>,
    /// That GET shows it is documented; that it has the request's name is inferred.
    pub bill_max_collection_amount: Option<Scalar>,
}

/// The answer to several numbers: those that were made, and why the others were not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batch {
    pub bill_pay_numbers: Option<Vec<Scalar>>,
    /// Only where some failed.
    pub errors: Option<Vec<BatchError>>,
}

/// Why one number of several was not made.
#[derive(Deserialize)]
pub(super) struct BatchError {
    /// Its place in the request, from 0.
    pub index: usize,
    pub reason: Option<String>,
}

/// One payment, in the query and in a webhook.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub id: Option<Scalar>,
    pub status: Option<String>,
    pub payment_reference: Option<Scalar>,
    pub payment_phone_number: Option<Scalar>,
    /// That this is the number that was paid is inferred.
    pub order_reference: Option<Scalar>,
    pub collected_amount: Option<Scalar>,
    pub collected_currency: Option<String>,
    pub message: Option<String>,
    pub channel: Option<String>,
    pub updated_at: Option<String>,
    pub customer: Option<Payer>,
}

/// Who paid.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payer {
    pub customer_name: Option<String>,
    pub customer_phone_number: Option<Scalar>,
    pub customer_email: Option<String>,
}

/// One page of all payments. The payments are read one by one, so that one that is odd hides no other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentsPage {
    pub data: Vec<Value>,
    /// How many there are on all pages.
    pub total_count: Option<Value>,
}

/// The one documented error. Lists of messages are what the framework that ClickPesa's errors look like (NestJS) also
/// writes; no page shows one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct ErrorBody {
    message: Message,
}

/// What an error says, unless it has no documented shape.
pub(super) fn read_message(body: &[u8]) -> Option<String> {
    match json::read::<ErrorBody>(body).ok()?.message {
        Message::One(text) => Some(text),
        Message::Several(texts) => Some(texts.join("; ")),
    }
}

/// A value that is text in one place and a number in another, as the text that it was.
#[derive(Clone)]
pub(super) struct Scalar(String);

impl Scalar {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(D::Error::custom("neither text nor a number"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::clickpesa::fixture;

    #[test]
    fn each_path_belongs_to_one_endpoint() {
        for endpoint in Endpoint::ALL {
            let same = Endpoint::ALL.into_iter().filter(|other| other.path() == endpoint.path()).count();
            assert_eq!(same, 1, "{}", endpoint.path());
            assert_eq!(endpoint.path().contains("/bulk-"), endpoint.is_batch());
        }
    }

    #[test]
    fn an_error_says_one_thing_or_several() {
        let recorded = fixture::answer("reference_in_use");
        let expected = "Bill reference already used: Use a different reference";
        assert_eq!(read_message(&recorded.body).as_deref(), Some(expected));
        let tolerated = br#"{"statusCode":400,"message":["a","b"],"error":"Bad Request"}"#;
        assert_eq!(read_message(tolerated).as_deref(), Some("a; b"));
        for body in ["", "{}", "[]", "<html>", r#"{"message":7}"#, r#"{"message":"a","message":"b"}"#] {
            assert_eq!(read_message(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_scalar_is_the_text_that_it_was() {
        for (json, text) in [("10000", "10000"), ("\"10000\"", "10000"), ("100.50", "100.50")] {
            let scalar: Scalar = serde_json::from_str(json).expect("a single value");
            assert_eq!(scalar.as_str(), text);
        }
        for json in ["true", "[]", "{}"] {
            assert!(serde_json::from_str::<Scalar>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Option<Scalar>>("null").is_ok_and(|scalar| scalar.is_none()));
    }
}
