//! Inquiries: a GET with its fields in the body, answered with 201.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::fields::Fields;
use super::rejection::{BROKEN, Notation, Refusal, Rejection};
use super::script::Inquiry;
use super::{Click, scenarios};

/// The values of `biller_name`.
const BILLERS: [&str; 4] = ["stc", "sec", "zain", "mobily"];

/// No page shows an answer with members; these are made.
#[derive(Serialize)]
struct OtherBill {
    amount: &'static str,
    due_date: &'static str,
}

/// `GET /api/v1/bill_payments.json`.
pub(super) async fn inquire(State(click): State<Arc<Click>>, headers: HeaderMap, body: Bytes) -> Response {
    match read(&headers, &body).map(|account| scenarios::inquiry(&account)) {
        Ok(Inquiry::Nothing) => created(),
        Ok(Inquiry::OtherBody) => other_bill(),
        Ok(Inquiry::Refused(refusal)) => Rejection::Refused(refusal).into_response(),
        Ok(Inquiry::Faulty(fault)) => fault.respond(&BROKEN, click.hang).await,
        Err(rejection) => rejection.into_response(),
    }
}

/// All that a success is documented to say.
pub(super) fn created() -> Response {
    (StatusCode::CREATED, Json(serde_json::json!({}))).into_response()
}

/// The biller that a body names.
pub(super) fn biller(fields: &Fields) -> Result<&'static str, Rejection> {
    let name = fields.required_text("biller_name")?;
    let known = BILLERS.into_iter().find(|biller| *biller == name);
    known.ok_or(Rejection::Refused(Refusal::of_payment("Biller is not supported.", Notation::Json)))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<String, Rejection> {
    let fields = Fields::read(headers, body)?;
    biller(&fields)?;
    fields.account().map(str::to_owned)
}

fn other_bill() -> Response {
    (StatusCode::CREATED, Json(OtherBill { amount: "100.00", due_date: "2025-10-14" })).into_response()
}
