//! Almara's JSON as its pages show it: the names, the shapes, and where the pages disagree, both.
//!
//! Nothing is interpreted here. A value that is a number on one page and text on another is a [`Scalar`], kept as the
//! text that it was; a body of none of the documented shapes is not read at all. Almara's own spellings stand as they
//! are, so a name that looks wrong (`callBackUrl`, `RemindMeDueDate`) is right.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Number, Value};

use crate::providers::json::{self, Unreadable};

/// What `POST /v1/bill-payments` is asked for.
#[derive(Clone, Copy)]
pub(super) enum TransactionType {
    Query = 1,
    Pay = 2,
    Validate = 3,
}

impl Serialize for TransactionType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

/// `POST /v1/bill-payments`, type 2.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillPayment<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_id: Option<&'a str>,
    pub service_id: &'a str,
    pub account_number: &'a str,
    pub transaction_type: TransactionType,
    pub transaction_desc: &'a str,
    pub originator_conversation_id: &'a str,
    pub msisdn: &'a str,
    pub narration: &'a str,
    pub amount: Number,
    pub customer_names: &'a str,
    pub country_code: &'a str,
    pub currency_code: &'a str,
    pub save_biller_number: bool,
    pub call_back_url: &'a str,
}

/// What of a frozen [`BillPayment`] is needed to recognise its answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Originator {
    pub originator_conversation_id: String,
}

/// `POST /v1/bill-payments`, types 1 and 3.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillQuery<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_id: Option<&'a str>,
    pub service_id: &'a str,
    pub account_number: &'a str,
    pub transaction_type: TransactionType,
    pub originator_conversation_id: &'a str,
    pub country_code: &'a str,
    pub currency_code: &'a str,
}

/// `POST /v1/bill-numbers`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillNumber<'a> {
    pub service_id: &'a str,
    pub account_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_desc: Option<&'a str>,
    #[serde(rename = "RemindMeDueDate")]
    pub remind_me_due_date: bool,
}

/// The request for a token, in both its forms.
#[derive(Serialize)]
pub(super) struct Grant<'a> {
    pub client_id: &'a str,
    pub client_secret: &'a str,
    pub grant_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'a str>,
}

/// The answer to it.
#[derive(Deserialize)]
pub(super) struct GrantedToken {
    pub access_token: String,
    pub expires_in: Option<u64>,
}

/// A value that is text in one place and a number or a truth value in another, as the text that it was.
#[derive(Clone)]
pub(super) struct Scalar(String);

impl Scalar {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// None for what is no single value.
    pub(super) fn of(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self(text)),
            Value::Number(number) => Some(Self(number.to_string())),
            Value::Bool(flag) => Some(Self(flag.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Value::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not a single value"))
    }
}

/// The answer to a POST: `M` inside `message` where it went well, else one of three error shapes.
pub(super) struct Reply<M> {
    /// Which environment answered, where it says so.
    pub app_domain_name: Option<String>,
    pub shape: Shape<M>,
}

/// What a [`Reply`] holds.
pub(super) enum Shape<M> {
    Message(M),
    Failure(Failure),
    Problem(Problem),
    FieldList(FieldList),
}

#[derive(Deserialize)]
struct Envelope<M> {
    message: M,
}

/// Shape 1: a business failure.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    pub reason: String,
    pub system_conversation_id: Option<String>,
    pub originator_conversation_id: Option<String>,
}

/// Shape 2: ASP.NET's model validation, by field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    pub title: Option<String>,
    pub errors: BTreeMap<String, Vec<String>>,
    pub trace_id: Option<String>,
}

/// Shape 3: a failure with a list of fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldList {
    pub errors: Vec<FieldError>,
    pub system_conversation_id: Option<String>,
    pub originator_conversation_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct FieldError {
    pub field: Option<String>,
    pub message: Option<String>,
}

impl<M: DeserializeOwned> Reply<M> {
    /// Reads a body by its one telling member. None, or two of them, is no documented shape; nor is an empty list of
    /// errors, which refuses nothing.
    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let value: Value = json::read(body)?;
        let told = |name: &str| value.get(name).filter(|member| !member.is_null());
        let shape = match (told("message"), told("reason"), told("errors")) {
            (Some(Value::Object(_)), None, None) => Shape::Message(json::read::<Envelope<M>>(body)?.message),
            (None, Some(Value::String(_)), None) => Shape::Failure(json::read(body)?),
            (None, None, Some(Value::Object(errors))) if !errors.is_empty() => Shape::Problem(json::read(body)?),
            (None, None, Some(Value::Array(errors))) if !errors.is_empty() => Shape::FieldList(json::read(body)?),
            (_, _, _) => return Err(Unreadable),
        };
        let origin = told("message").unwrap_or(&value).get("appDomainName").and_then(Value::as_str);
        Ok(Self { app_domain_name: origin.map(str::to_owned), shape })
    }
}

/// The `message` of `POST /v1/bill-payments`, in the forms of 2021 and of 2026.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillMessage {
    pub remarks: Option<String>,
    pub originator_conversation_id: Option<String>,
    pub system_conversation_id: Option<String>,
    pub due_date: Option<Scalar>,
    pub due_amount: Option<Scalar>,
    pub currency: Option<String>,
    /// 2021.
    pub customer_name: Option<String>,
    /// 2026.
    pub account_customer_name: Option<String>,
    pub active: Option<Scalar>,
    /// 2021, an integer.
    pub status_code: Option<Scalar>,
    /// 2026, text or null.
    pub response_code: Option<Scalar>,
}

/// The `message` of `POST /v1/bill-numbers`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SavedNumber {
    pub system_conversation_id: Option<String>,
    pub account_customer_name: Option<String>,
    pub last_known_balance: Option<Scalar>,
    pub due_date: Option<Scalar>,
    pub verified: Option<bool>,
}

/// The body of `GET /v1/bill-numbers`, known from 2021 only.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeptNumber {
    pub account_number: Scalar,
    pub customer_name: Option<String>,
    pub account_customer_name: Option<String>,
    pub last_known_balance: Option<Scalar>,
    pub due_date: Option<Scalar>,
    pub enabled: Option<Scalar>,
    pub verified: Option<bool>,
}

/// The body of `GET /v1/bill-payments`: that of 2026, with the outcome in a member of its own, or the flat one of 2021.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundPayment {
    pub originator_conversation_id: Option<String>,
    pub system_conversation_id: Option<String>,
    pub account_number: Option<Scalar>,
    pub account_customer_name: Option<String>,
    pub customer_name: Option<String>,
    pub amount: Option<Scalar>,
    pub currency_code: Option<String>,
    pub bill_request_outcome: Option<Outcome>,
    /// 2021.
    pub status: Option<Scalar>,
    /// 2021.
    pub status_code: Option<Scalar>,
    /// 2021.
    pub status_description: Option<String>,
    pub response_code: Option<Scalar>,
    pub result_code: Option<Scalar>,
}

/// What became of a payment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    pub status: Option<Scalar>,
    pub status_desc: Option<String>,
    pub result_code: Option<Scalar>,
    pub result_desc: Option<String>,
    pub third_party_payload: Option<ThirdPartyPayload>,
}

/// What the biller answered.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThirdPartyPayload {
    pub reference: Option<Scalar>,
    /// Its `ResponseExtraData` is null on the page; what else it may be is not documented.
    pub extra_data: Option<Value>,
}

/// The body that Almara posts to `callBackUrl`, as far as a hint is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Callback {
    pub originator_conversation_id: Option<String>,
    pub system_conversation_id: Option<String>,
}

/// One service of `GET /v1/bill-services`; the names are known from the status body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillService {
    #[serde(alias = "serviceID", alias = "ServiceId")]
    pub service_id: Scalar,
    pub service_category_description: Option<String>,
    pub service_type_description: Option<String>,
}

/// Reads the list of services: a bare array, or an object with one array among its members.
pub(super) fn read_services(body: &[u8]) -> Result<Vec<BillService>, Unreadable> {
    let list = match json::read(body)? {
        list @ Value::Array(_) => list,
        Value::Object(members) => {
            let mut lists = members.into_values().filter(Value::is_array);
            match (lists.next(), lists.next()) {
                (Some(only), None) => only,
                (None, _) | (Some(_), Some(_)) => return Err(Unreadable),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(Unreadable),
    };
    serde_json::from_value(list).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::almara::fixture;

    fn shape_of(body: &[u8]) -> &'static str {
        match Reply::<BillMessage>::read(body).map(|reply| reply.shape) {
            Ok(Shape::Message(_)) => "message",
            Ok(Shape::Failure(_)) => "failure",
            Ok(Shape::Problem(_)) => "problem",
            Ok(Shape::FieldList(_)) => "field list",
            Err(Unreadable) => "none",
        }
    }

    #[test]
    fn the_acceptance_and_the_three_error_shapes_are_told_apart() {
        for (name, shape) in [
            ("pay_accepted", "message"),
            ("pay_accepted_older", "message"),
            ("pay_duplicate", "failure"),
            ("bill_number_refused", "failure"),
            ("bill_number_invalid", "problem"),
            ("pay_field_list", "field list"),
        ] {
            assert_eq!(shape_of(&fixture::answer(name)), shape, "{name}");
        }
    }

    #[test]
    fn what_has_no_documented_shape_is_not_read() {
        for body in [
            "{}",
            "[]",
            "null",
            r#"{"message":"Bill Payment submission accepted"}"#,
            r#"{"id":"1","idType":"OriginatorConversationId","message":"not found"}"#,
            r#"{"message":{},"reason":"both"}"#,
            r#"{"errors":[]}"#,
            r#"{"errors":{}}"#,
            r#"{"reason":7}"#,
            r#"{"message":{"remarks":"a","remarks":"b"}}"#,
            "<html><body>It works!</body></html>",
        ] {
            assert_eq!(shape_of(body.as_bytes()), "none", "{body}");
        }
    }

    #[test]
    fn the_environment_is_read_inside_and_outside_the_message() {
        let environment =
            |name: &str| Reply::<BillMessage>::read(&fixture::answer(name)).map(|reply| reply.app_domain_name);
        assert_eq!(environment("pay_accepted"), Ok(Some("TEST".to_owned())));
        assert_eq!(environment("bill_number_refused"), Ok(Some("LIVE".to_owned())));
        assert_eq!(environment("bill_number_invalid"), Ok(None));
    }

    #[test]
    fn a_scalar_is_the_text_that_it_was() {
        for (json, text) in [("220.00", "220.00"), ("-1.0", "-1.0"), ("\"0\"", "0"), ("0", "0"), ("true", "true")] {
            let scalar: Scalar = serde_json::from_str(json).expect("a single value");
            assert_eq!(scalar.as_str(), text);
        }
        assert!(serde_json::from_str::<Scalar>("[]").is_err());
        assert!(serde_json::from_str::<Option<Scalar>>("null").is_ok_and(|scalar| scalar.is_none()));
    }

    #[test]
    fn services_stand_in_a_bare_array_or_in_an_objects_only_one() {
        let ids = |body: &[u8]| -> Result<Vec<String>, Unreadable> {
            let services = read_services(body)?;
            Ok(services.into_iter().map(|service| service.service_id.into_string()).collect())
        };
        let expected = ["860a26ce-4828-f111-bc5a-0e7d952d79b7", "bc97d2b1-4828-f111-bc5a-0w7d952d79b7", "2"];
        assert_eq!(ids(&fixture::answer("services")), Ok(expected.map(str::to_owned).to_vec()));
        assert_eq!(ids(&fixture::answer("services_wrapped")), Ok(vec!["2".to_owned()]));
        assert_eq!(ids(br#"{"a":[],"b":[]}"#), Err(Unreadable));
        assert_eq!(ids(br#"{"services":{}}"#), Err(Unreadable));
        assert_eq!(ids(br#"[{"serviceTypeDescription":"no id"}]"#), Err(Unreadable));
    }

    #[test]
    fn service_id_is_read_in_each_of_its_spellings() {
        for name in ["serviceId", "ServiceId", "serviceID"] {
            let services = read_services(format!(r#"[{{"{name}":2}}]"#).as_bytes()).expect("a list");
            assert_eq!(services[0].service_id.as_str(), "2");
        }
    }
}
