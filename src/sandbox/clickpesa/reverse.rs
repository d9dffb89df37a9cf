//! Money that goes back: a call of the sandbox's own.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Clickpesa;
use super::fields::{self, Fields};
use super::payment::Payment;
use super::rejection::Rejection;

/// `POST /_sandbox/reverse`: returns a payment, as `REFUNDED` before it is settled and as `REVERSED` after that.
///
/// Nobody is told, since no event for it is documented: only a query shows it. The ledger keeps the money that came in,
/// so a restart forgets the return. The sandbox's own call: the provider has none.
pub(super) async fn reverse(State(clickpesa): State<Arc<Clickpesa>>, body: Bytes) -> Response {
    match reversed(&clickpesa, &body) {
        Ok(payment) => Json(payment.collected()).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn reversed(clickpesa: &Clickpesa, body: &[u8]) -> Result<Payment, Rejection> {
    let members = fields::parse(body)?;
    clickpesa.payments.reverse(Fields::new(&members).required_text("id")?)
}
