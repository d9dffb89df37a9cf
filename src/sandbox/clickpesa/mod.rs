//! The simulator of ClickPesa BillPay (Tanzania): control numbers, the payers who pay them, payments and webhooks.
//!
//! Here money comes in: billpay makes a control number, and somebody pays it over a mobile network. The somebody is a
//! call of the sandbox's own, `POST /_sandbox/pay`; it is held to what a payment channel would hold a payer to, and may
//! be forced past that, so that money can also arrive as it should not. What then becomes of a payment is the script
//! that [`mod@scenarios`] has for its amount; what becomes of the making of a number, that of its `billAmount`.
//!
//! Bodies and words are the provider's where they are documented, oddities included: a token that already says
//! `Bearer`, a collected amount that is a number when asked for and text when told. Where the documentation is silent
//! the choice is ours, and `docs/sandbox.md` says so.

mod bulk;
mod canonical;
mod checksum;
mod collect;
mod create;
mod draft;
mod fields;
mod find;
mod interruptions;
mod number;
mod numbers;
mod pay;
mod payment;
mod payments;
mod query;
mod rejection;
mod reverse;
mod scenarios;
mod script;
mod terms;
#[cfg(test)]
mod tests;
mod token;
mod update;
mod webhook;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post, put};
use axum::{Json, Router, middleware};

use self::interruptions::Interruptions;
use self::numbers::Numbers;
use self::payments::Payments;
use self::token::Tokens;
use self::webhook::Address;
use super::Options;
use super::effects::{Effect, Effects};

pub use self::checksum::CHECKSUM_KEY;
pub(super) use self::scenarios::scenarios;
pub use self::token::{API_KEY, CLIENT_ID};

/// The provider's code, also in the effects file.
pub(super) const PROVIDER: &str = "clickpesa";

/// The simulator's state, shared by all its calls.
pub(super) struct Clickpesa {
    effects: Effects,
    callbacks: reqwest::Client,
    webhook: Address,
    later: Duration,
    hang: Duration,
    tokens: Tokens,
    numbers: Numbers,
    payments: Payments,
    interruptions: Interruptions,
}

impl Clickpesa {
    /// A simulator that remembers the payments in the ledger as settled, and their numbers as closed.
    pub(super) fn new(effects: Effects, callbacks: reqwest::Client, options: &Options) -> Self {
        let paid = effects.of(PROVIDER);
        Self {
            effects,
            callbacks,
            webhook: Address::of(options.callbacks.as_deref()),
            later: options.later,
            hang: options.hang,
            tokens: Tokens::default(),
            numbers: Numbers::restored(&paid),
            payments: Payments::restored(paid),
            interruptions: Interruptions::default(),
        }
    }

    /// The provider's paths under `/third-parties`, and the sandbox's own under `/_sandbox`.
    pub(super) fn router(self: Arc<Self>) -> Router {
        let provider = Router::new()
            .route("/billpay/create-order-control-number", post(create::order))
            .route("/billpay/create-customer-control-number", post(create::customer))
            .route("/billpay/bulk-create-order-control-numbers", post(bulk::orders))
            .route("/billpay/bulk-create-customer-control-numbers", post(bulk::customers))
            .route("/billpay/update-status", put(update::set_status))
            .route("/billpay/{number}", get(find::find).patch(update::update))
            .route("/payments/all", get(query::all))
            .route("/payments/{reference}", get(query::of_reference))
            .route_layer(middleware::from_fn_with_state(Arc::clone(&self), token::require))
            .route("/generate-token", post(token::generate));
        Router::new()
            .nest("/third-parties", provider)
            .route("/_sandbox/pay", post(pay::pay))
            .route("/_sandbox/reverse", post(reverse::reverse))
            .route("/_sandbox/webhook", put(webhook::set_address))
            .route("/_sandbox/control-numbers", get(find::list))
            .route("/_sandbox/effects", get(effects))
            .with_state(self)
    }
}

/// `GET /_sandbox/effects`: the money that came in, oldest first. The sandbox's own call: the provider has none.
async fn effects(State(clickpesa): State<Arc<Clickpesa>>) -> Json<Vec<Effect>> {
    Json(clickpesa.effects.of(PROVIDER))
}
