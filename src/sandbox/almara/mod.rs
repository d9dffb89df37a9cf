//! The simulator of Almara Pay (Kenya): services, look-ups, payments, status, callbacks and saved bill numbers.
//!
//! It answers with the bodies of the provider's documentation, contradictions included: three error shapes, two token
//! endpoints, two forms of acceptance, four forms of a date. A payment is captured once per `originatorConversationId`
//! and its money moves at most once; what then happens is the script that [`mod@scenarios`] has for its account or
//! amount. Where the documentation is silent (statuses other than "Completed", the answer to a query, the catalogue)
//! the choice is ours, and `docs/sandbox.md` says so.

mod bill;
mod callback;
mod derive;
mod fields;
mod look_up;
mod number;
mod pay;
mod payment;
mod query;
mod rejection;
mod request;
mod route;
mod scenarios;
mod script;
mod service;
mod status;
mod token;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};

use self::number::SavedNumbers;
use self::payment::Payments;
use self::request::BillRequest;
use self::token::Tokens;
use super::Options;
use super::effects::{Effect, Effects};

pub(super) use self::scenarios::scenarios;
pub use self::token::{CLIENT_ID, CLIENT_SECRET};

/// The provider's code, also in the effects file.
pub(super) const PROVIDER: &str = "almara";

/// The simulator's state, shared by all its calls.
pub(super) struct Almara {
    effects: Effects,
    callbacks: reqwest::Client,
    later: Duration,
    hang: Duration,
    tokens: Tokens,
    payments: Payments,
    numbers: SavedNumbers,
}

impl Almara {
    /// A simulator that remembers the payments in the ledger as completed.
    pub(super) fn new(effects: Effects, callbacks: reqwest::Client, options: &Options) -> Self {
        let payments = Payments::restored(effects.of(PROVIDER));
        Self {
            effects,
            callbacks,
            later: options.later,
            hang: options.hang,
            tokens: Tokens::default(),
            payments,
            numbers: SavedNumbers::default(),
        }
    }

    /// The provider's paths, and the sandbox's own under `/_sandbox`.
    pub(super) fn router(self: Arc<Self>) -> Router {
        let protected = Router::new()
            .route("/v1/bill-payments", post(bill_payment).get(status::find))
            .route("/v1/bill-services", get(service::list))
            .route("/v1/bill-numbers", post(number::save).get(number::find))
            .route("/v1/transaction-routes/assigned-routes", get(route::list))
            .route_layer(middleware::from_fn_with_state(Arc::clone(&self), token::require));
        Router::new()
            .route("/v1/oauth/token", post(token::from_json))
            .route("/connect/token", post(token::from_form))
            .route("/_sandbox/effects", get(effects))
            .merge(protected)
            .with_state(self)
    }
}

/// `POST /v1/bill-payments`: one path for queries, validations and payments; the transaction type tells which.
async fn bill_payment(State(almara): State<Arc<Almara>>, headers: HeaderMap, body: Bytes) -> Response {
    match request::read(&headers, &body) {
        Ok(BillRequest::LookUp(look_up)) => look_up::answer(&almara, look_up).await,
        Ok(BillRequest::Pay(payment)) => pay::answer(almara, *payment).await,
        Err(rejection) => rejection.into_response(),
    }
}

/// `GET /_sandbox/effects`: the money that moved, oldest first. The sandbox's own call: the provider has none.
async fn effects(State(almara): State<Arc<Almara>>) -> Json<Vec<Effect>> {
    Json(almara.effects.of(PROVIDER))
}
