//! Control numbers, changed: what they ask for, and whether they can be paid.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Clickpesa;
use super::fields::{self, Fields};
use super::number::{BillStatus, ControlNumber};
use super::rejection::Rejection;
use super::terms::Terms;

/// What a client changes; at least one of the two.
struct Change {
    terms: Terms,
    status: Option<BillStatus>,
}

/// The answer of the deprecated call: its request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusSet {
    bill_pay_number: String,
    status: BillStatus,
}

/// `PATCH /billpay/{billPayNumber}`.
pub(super) async fn update(
    State(clickpesa): State<Arc<Clickpesa>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match updated(&clickpesa, &number, &headers, &body) {
        Ok(number) => Json(number.updated()).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// `PUT /billpay/update-status`, deprecated.
pub(super) async fn set_status(State(clickpesa): State<Arc<Clickpesa>>, headers: HeaderMap, body: Bytes) -> Response {
    match status_set(&clickpesa, &headers, &body) {
        Ok(set) => Json(set).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn updated(clickpesa: &Clickpesa, number: &str, headers: &HeaderMap, body: &[u8]) -> Result<ControlNumber, Rejection> {
    let change = Change::read(&fields::read(headers, body)?)?;
    clickpesa.numbers.replace(number, |number| change.of(number))
}

fn status_set(clickpesa: &Clickpesa, headers: &HeaderMap, body: &[u8]) -> Result<StatusSet, Rejection> {
    let members = fields::read(headers, body)?;
    let fields = Fields::new(&members);
    let number = fields.required_text("billPayNumber")?;
    let status = status(fields, "status")?.ok_or_else(|| fields::required("status"))?;
    let change = Change { terms: Terms::default(), status: Some(status) };
    let changed = clickpesa.numbers.replace(number, |number| change.of(number))?;
    Ok(StatusSet { bill_pay_number: changed.number, status: changed.status })
}

impl Change {
    fn read(members: &Map<String, Value>) -> Result<Self, Rejection> {
        let fields = Fields::new(members);
        let change = Self { terms: Terms::read(fields)?, status: status(fields, "billStatus")? };
        if change.terms.is_empty() && change.status.is_none() {
            return Err(Rejection::invalid("At least one field is required"));
        }
        Ok(change)
    }

    /// What it makes of a number. An order that was paid does not open again.
    fn of(self, number: &ControlNumber) -> Result<ControlNumber, Rejection> {
        if number.closed && self.status == Some(BillStatus::Active) {
            return Err(Rejection::invalid("BillPay Number is already paid"));
        }
        let terms = self.terms.over(&number.terms);
        terms.check()?;
        Ok(ControlNumber { terms, status: self.status.unwrap_or(number.status), ..number.clone() })
    }
}

fn status(fields: Fields<'_>, name: &str) -> Result<Option<BillStatus>, Rejection> {
    match fields.text(name)? {
        Some("ACTIVE") => Ok(Some(BillStatus::Active)),
        Some("INACTIVE") => Ok(Some(BillStatus::Inactive)),
        Some(_) => Err(Rejection::Invalid(format!("{name} must be one of the following values: ACTIVE, INACTIVE"))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::json;

    use super::super::number::Kind;
    use super::*;

    fn number() -> ControlNumber {
        ControlNumber {
            number: "1".to_owned(),
            kind: Kind::Order,
            reference_given: Some(true),
            customer_name: None,
            terms: Terms { amount: Some(Decimal::ONE_HUNDRED), ..Terms::default() },
            collected: Decimal::ZERO,
            status: BillStatus::Active,
            closed: false,
        }
    }

    fn change(body: &Value) -> Result<Change, Rejection> {
        Change::read(body.as_object().expect("an object"))
    }

    fn changed(body: &Value) -> Result<ControlNumber, Rejection> {
        change(body)?.of(&number())
    }

    #[test]
    fn what_is_not_named_stays() {
        let inactive = changed(&json!({ "billStatus": "INACTIVE" })).expect("changed");
        assert_eq!((inactive.status, &inactive.terms), (BillStatus::Inactive, &number().terms));
        let described = changed(&json!({ "billDescription": "x" })).expect("changed");
        assert_eq!((described.status, described.terms.amount), (BillStatus::Active, Some(Decimal::ONE_HUNDRED)));
    }

    #[test]
    fn a_change_is_of_something_and_holds_together_with_what_stays() {
        assert!(change(&json!({})).is_err());
        assert!(change(&json!({ "billStatus": "CLOSED" })).is_err());
        assert!(changed(&json!({ "billMaxCollectionAmount": 100 })).is_ok());
        assert!(changed(&json!({ "billMaxCollectionAmount": 99 })).is_err());
        assert!(changed(&json!({ "billMaxCollectionAmount": 100, "billPaymentMode": "EXACT" })).is_err());
    }

    #[test]
    fn a_paid_order_does_not_open_again() {
        let paid = number().paid(Decimal::ONE);
        let open = change(&json!({ "billStatus": "ACTIVE" })).expect("a change");
        assert!(open.of(&paid).is_err());
        let describe = change(&json!({ "billDescription": "x" })).expect("a change");
        assert!(describe.of(&paid).is_ok_and(|number| number.status == BillStatus::Inactive));
    }
}
