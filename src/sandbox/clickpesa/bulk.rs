//! Many control numbers at once: each is made or refused on its own. Amounts choose nothing here.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use super::Clickpesa;
use super::draft::Draft;
use super::fields::{self, Fields};
use super::number::Kind;
use super::rejection::Rejection;

/// The most numbers of one call.
const MOST: usize = 50;
/// What an order of a bulk must not have.
const CUSTOMER_MEMBERS: [&str; 3] = ["customerName", "customerEmail", "customerPhone"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BulkCreated {
    bill_pay_numbers: Vec<String>,
    created: usize,
    failed: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Failed>,
}

/// What was not made: its place in the call, from 0.
#[derive(Serialize)]
struct Failed {
    index: usize,
    reason: String,
}

/// `POST /billpay/bulk-create-order-control-numbers`.
pub(super) async fn orders(State(clickpesa): State<Arc<Clickpesa>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&clickpesa, Kind::Order, &headers, &body)
}

/// `POST /billpay/bulk-create-customer-control-numbers`.
pub(super) async fn customers(State(clickpesa): State<Arc<Clickpesa>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&clickpesa, Kind::Customer, &headers, &body)
}

fn answer(clickpesa: &Clickpesa, kind: Kind, headers: &HeaderMap, body: &[u8]) -> Response {
    match items(headers, body) {
        Ok(items) => Json(create(clickpesa, kind, &items)).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn items(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Value>, Rejection> {
    let mut members = fields::read(headers, body)?;
    match members.remove("controlNumbers") {
        Some(Value::Array(items)) if (1..=MOST).contains(&items.len()) => Ok(items),
        Some(Value::Array(_)) => Err(Rejection::invalid("controlNumbers must have 1 to 50 elements")),
        Some(_) => Err(Rejection::invalid("controlNumbers must be an array")),
        None => Err(fields::required("controlNumbers")),
    }
}

fn create(clickpesa: &Clickpesa, kind: Kind, items: &[Value]) -> BulkCreated {
    let (mut bill_pay_numbers, mut errors) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match read(kind, item).and_then(|draft| clickpesa.numbers.create(draft)) {
            Ok(number) => bill_pay_numbers.push(number.number),
            Err(rejection) => errors.push(Failed { index, reason: rejection.message() }),
        }
    }
    BulkCreated { created: bill_pay_numbers.len(), failed: errors.len(), bill_pay_numbers, errors }
}

fn read(kind: Kind, item: &Value) -> Result<Draft, Rejection> {
    let members = item.as_object().ok_or_else(|| Rejection::invalid("must be an object"))?;
    let fields = Fields::new(members);
    let is_forbidden = |name: &&str| kind == Kind::Order && fields.find(name).is_some();
    match CUSTOMER_MEMBERS.into_iter().find(is_forbidden) {
        Some(name) => Err(Rejection::Invalid(format!("{name} is not allowed for an order"))),
        None => Draft::read(kind, fields),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_of_a_bulk_names_no_customer() {
        assert!(read(Kind::Order, &json!({ "billAmount": 90900 })).is_ok());
        assert!(read(Kind::Order, &json!({ "billAmount": -1 })).is_err());
        for name in CUSTOMER_MEMBERS {
            assert!(read(Kind::Order, &json!({ name: "255712345678" })).is_err(), "{name}");
        }
        assert!(read(Kind::Order, &json!("x")).is_err());
    }

    #[test]
    fn a_bulk_has_one_to_fifty_items() {
        let count = |count: usize| {
            let body = json!({ "controlNumbers": vec![json!({}); count] }).to_string();
            let json = [(axum::http::header::CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json"))];
            items(&HeaderMap::from_iter(json), body.as_bytes()).map(|items| items.len())
        };
        assert_eq!(count(1), Ok(1));
        assert_eq!(count(MOST), Ok(MOST));
        assert!(count(0).is_err() && count(MOST + 1).is_err());
    }

    #[test]
    fn errors_are_told_only_where_there_are_some() {
        let made = BulkCreated { bill_pay_numbers: vec!["1".to_owned()], created: 1, failed: 0, errors: Vec::new() };
        let body = serde_json::to_value(made).expect("a body");
        assert_eq!(body, json!({ "billPayNumbers": ["1"], "created": 1, "failed": 0 }));
    }
}
