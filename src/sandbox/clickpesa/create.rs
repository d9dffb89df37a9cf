//! One control number at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use tokio::time::sleep;

use super::draft::Draft;
use super::fields::{self, Fields};
use super::number::Kind;
use super::rejection::{BROKEN, Rejection};
use super::script::{Creation, Interruption, Making};
use super::{Clickpesa, collect, scenarios};

/// How long the slow amount takes.
const SLOW: Duration = Duration::from_secs(4);

/// `POST /billpay/create-order-control-number`.
pub(super) async fn order(State(clickpesa): State<Arc<Clickpesa>>, headers: HeaderMap, body: Bytes) -> Response {
    create(clickpesa, Kind::Order, &headers, &body).await
}

/// `POST /billpay/create-customer-control-number`.
pub(super) async fn customer(State(clickpesa): State<Arc<Clickpesa>>, headers: HeaderMap, body: Bytes) -> Response {
    create(clickpesa, Kind::Customer, &headers, &body).await
}

async fn create(clickpesa: Arc<Clickpesa>, kind: Kind, headers: &HeaderMap, body: &[u8]) -> Response {
    let draft = fields::read(headers, body).and_then(|members| Draft::read(kind, Fields::new(&members)));
    let draft = match draft {
        Ok(draft) => draft,
        Err(rejection) => return rejection.into_response(),
    };
    match scenarios::creation(draft.terms.amount) {
        Creation::Made(making) => make(clickpesa, draft, making).await,
        Creation::Refused(message) => Rejection::invalid(message).into_response(),
        Creation::Forbidden(message) => Rejection::Forbidden(message).into_response(),
        Creation::InterruptedFirst(interruption) if clickpesa.interruptions.strike(&draft) => {
            interrupt(&clickpesa, interruption, headers).await
        }
        Creation::InterruptedFirst(_) => make(clickpesa, draft, Making::Plain).await,
    }
}

async fn make(clickpesa: Arc<Clickpesa>, draft: Draft, making: Making) -> Response {
    let draft = match making {
        Making::ForMore => for_more(draft),
        Making::Plain | Making::Slow | Making::PaidSoon | Making::Unheard(_) => draft,
    };
    let number = match clickpesa.numbers.create(draft) {
        Ok(number) => number,
        Err(rejection) => return rejection.into_response(),
    };
    match making {
        Making::Plain | Making::ForMore => Json(number.created()).into_response(),
        Making::Slow => {
            sleep(SLOW).await;
            Json(number.created()).into_response()
        }
        Making::PaidSoon => {
            tokio::spawn(collect::soon(clickpesa, number.clone()));
            Json(number.created()).into_response()
        }
        Making::Unheard(fault) => fault.respond(&BROKEN, clickpesa.hang).await,
    }
}

fn for_more(mut draft: Draft) -> Draft {
    draft.terms.amount = draft.terms.amount.map(|amount| amount + Decimal::ONE);
    draft
}

async fn interrupt(clickpesa: &Clickpesa, interruption: Interruption, headers: &HeaderMap) -> Response {
    match interruption {
        Interruption::Lost(fault) => fault.respond(&BROKEN, clickpesa.hang).await,
        Interruption::ExpiredToken => {
            clickpesa.tokens.revoke(headers);
            Rejection::Unauthorised.into_response()
        }
        Interruption::Throttled => Rejection::Throttled.into_response(),
    }
}
