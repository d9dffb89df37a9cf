//! Payments: money moves as often as it is asked for, and `{}` is all that is said of it.
//!
//! The order is the guarantee: the effect is on disk, and only then is there an answer or a silence. Recording runs in
//! a task of its own, so that a client that hangs up cannot leave it half done.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::sleep;

use super::fields::Fields;
use super::paid::Payment;
use super::rejection::{self, BROKEN, Rejection};
use super::script::{Answer, Script};
use super::{Click, PROVIDER, bill, scenarios};

/// How long the slow account takes.
const SLOW: Duration = Duration::from_secs(4);

/// The envelope that the pages of transfers document, and that of bills does not.
#[derive(Serialize)]
struct Envelope {
    request_id: &'static str,
    description: &'static str,
    body: Option<&'static str>,
    success: bool,
}

/// `POST /api/v1/bill_payments.json`.
pub(super) async fn pay(State(click): State<Arc<Click>>, headers: HeaderMap, body: Bytes) -> Response {
    let payment = match read(&headers, &body) {
        Ok(payment) => payment,
        Err(rejection) => return rejection.into_response(),
    };
    match scenarios::payment_script(&payment.account) {
        Script::Paid(answer) => paid(click, payment, answer).await,
        Script::Refused(refusal) => Rejection::Refused(refusal).into_response(),
        Script::Lost(fault) => fault.respond(&BROKEN, click.hang).await,
        Script::ExpiredToken if click.paid.expires(&payment) => {
            click.tokens.revoke(&headers);
            Rejection::Unauthorised.into_response()
        }
        Script::ExpiredToken => paid(click, payment, Answer::Created).await,
    }
}

/// Both dates are required, as the table says; the second is called `processing_date`, as in the example.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Payment, Rejection> {
    let fields = Fields::read(headers, body)?;
    let biller = bill::biller(&fields)?;
    let account = fields.account()?.to_owned();
    let amount = fields.required_amount("amount")?;
    fields.required_date("due_date")?;
    fields.required_date("processing_date")?;
    Ok(Payment { biller, account, amount })
}

async fn paid(click: Arc<Click>, payment: Payment, answer: Answer) -> Response {
    let hang = click.hang;
    if !tokio::spawn(record(click, payment)).await.unwrap_or(false) {
        return rejection::server_error();
    }
    match answer {
        Answer::Created => bill::created(),
        Answer::CreatedSlowly => {
            sleep(SLOW).await;
            bill::created()
        }
        Answer::OtherBody => other_body(),
        Answer::Faulty(fault) => fault.respond(&BROKEN, hang).await,
    }
}

async fn record(click: Arc<Click>, payment: Payment) -> bool {
    let recorded = click.effects.record(click.paid.movement(&payment)).await;
    if let Err(error) = &recorded {
        tracing::error!(provider.name = PROVIDER, %error, "sandbox effect not recorded");
    }
    recorded.is_ok()
}

fn other_body() -> Response {
    let envelope = Envelope { request_id: "jisr1", description: "Successful operation", body: None, success: true };
    (StatusCode::CREATED, Json(envelope)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(members: &str) -> Result<Payment, Rejection> {
        read(&HeaderMap::new(), format!("{{{members}}}").as_bytes())
    }

    #[test]
    fn the_documented_payment_is_read() {
        let body = r#""customer_mobile_number":"0506966507","processing_date":"2019-09-09","due_date":"2025-10-14",
            "biller_name":"sec","amount":"100","bill_account":"12232019000000017""#;
        let payment = read_json(body).expect("a payment");
        assert_eq!((payment.biller, payment.account.as_str()), ("sec", "12232019000000017"));
        assert_eq!(payment.amount.to_string(), "100");
    }

    #[test]
    fn trap_2_both_dates_are_required() {
        let rest = r#""biller_name":"sec","amount":"100","bill_number":"1""#;
        let due = read_json(&format!(r#"{rest},"due_date":"2025-10-14""#));
        assert!(matches!(due, Err(Rejection::Missing("processing_date"))));
        let processed = read_json(&format!(r#"{rest},"processing_date":"2025-10-14""#));
        assert!(matches!(processed, Err(Rejection::Missing("due_date"))));
    }

    #[test]
    fn only_the_four_billers_are_known() {
        assert!(matches!(read_json(r#""biller_name":"swcc""#), Err(Rejection::Refused(_))));
    }
}
