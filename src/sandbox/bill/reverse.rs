//! Cancelling a payment before its money moves, and voiding it afterwards. Both are only asked for: what was asked is
//! done a while later.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::fields::{self, Fields};
use super::payment::{Payment, Void};
use super::rejection::Rejection;
use super::script::Step;
use super::status::SingleStatus;
use super::webhook::{self, Telling};
use super::{BillCom, life};

const LONGEST_REASON: usize = 4000;
const VOID_TYPES: [&str; 4] = ["VOID_ONLY", "VOID_AND_CREDIT", "VOID_AND_REISSUE", "VOID_AND_REISSUE_VCARD"];
const CANCELLED: &[Step] = &[Step::Wait, Step::Become(SingleStatus::Canceled)];
const VOIDED: &[Step] = &[Step::Wait, Step::Become(SingleStatus::Voided)];

/// `POST /v3/payments/{paymentId}/cancel`.
pub(super) async fn cancel(State(bill): State<Arc<BillCom>>, Path(id): Path<String>) -> Response {
    let cancelled = bill.book.cancel(&id);
    if let Ok(payment) = &cancelled {
        webhook::tell(&bill, payment, Telling::ONCE);
        life::change(&bill, payment, CANCELLED);
    }
    answer(cancelled)
}

/// `POST /v3/payments/{paymentId}/void`.
pub(super) async fn void(State(bill): State<Arc<BillCom>>, Path(id): Path<String>, body: Bytes) -> Response {
    let voided = read(&body).and_then(|void| bill.book.void(&id, void));
    if let Ok(payment) = &voided {
        life::change(&bill, payment, VOIDED);
    }
    answer(voided)
}

fn answer(changed: Result<Payment, Rejection>) -> Response {
    match changed {
        Ok(payment) => Json(payment.view()).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn read(body: &[u8]) -> Result<Void, Rejection> {
    let members = fields::parse(body)?;
    let body = Fields::new(&members);
    let wanted = body.required_text("type")?;
    let known = VOID_TYPES.into_iter().find(|known| *known == wanted);
    let r#type = known.ok_or_else(|| Rejection::invalid("type", wanted))?;
    let reason = body.short_text("reason", LONGEST_REASON)?.ok_or_else(|| Rejection::missing("reason"))?;
    Ok(Void { r#type, reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_void_needs_a_known_type_and_a_reason() {
        assert!(read(br#"{"type":"VOID_ONLY","reason":"wrong bill"}"#).is_ok());
        for body in [
            r#"{"type":"VOID_ONLY"}"#.to_owned(),
            r#"{"reason":"wrong bill"}"#.to_owned(),
            r#"{"type":"VOID","reason":"wrong bill"}"#.to_owned(),
            format!(r#"{{"type":"VOID_ONLY","reason":"{}"}}"#, "a".repeat(4001)),
        ] {
            assert!(read(body.as_bytes()).is_err());
        }
    }
}
