//! Control numbers, looked up.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Number;

use super::number::{BillStatus, ControlNumber};
use super::{Clickpesa, wire};

/// A number as the sandbox lists it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    bill_pay_number: String,
    kind: &'static str,
    bill_amount: Option<Number>,
    bill_description: Option<String>,
    /// Null of a number from before a restart.
    reference_given: Option<bool>,
    bill_status: BillStatus,
    collected: Number,
}

/// `GET /billpay/{billPayNumber}`.
pub(super) async fn find(State(clickpesa): State<Arc<Clickpesa>>, Path(number): Path<String>) -> Response {
    match clickpesa.numbers.find(&number) {
        Ok(number) => Json(number.found()).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// `GET /_sandbox/control-numbers`: every number that exists, oldest first, so that what was made twice can be counted.
/// The sandbox's own call: the provider has none.
pub(super) async fn list(State(clickpesa): State<Arc<Clickpesa>>) -> Response {
    let listed: Vec<_> = clickpesa.numbers.all().into_iter().map(listed).collect();
    Json(listed).into_response()
}

fn listed(number: ControlNumber) -> Listed {
    Listed {
        bill_pay_number: number.number,
        kind: number.kind.name(),
        bill_amount: number.terms.amount.map(wire::money),
        bill_description: number.terms.description,
        reference_given: number.reference_given,
        bill_status: number.status,
        collected: wire::money(number.collected),
    }
}
