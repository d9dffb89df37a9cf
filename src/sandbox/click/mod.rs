//! The simulator of Click (Saudi Arabia): signing in, inquiries and payments.
//!
//! It answers with the bodies of the provider's documentation, oddities included: a token in a header, `{}` as the
//! whole of a success, 201 for a GET, an error printed in Ruby, 422 for what is forbidden. It takes both bodies that
//! the pages speak of (JSON and a form) and all three names of the account. It has no memory of a payment that a client
//! could ask for, so the same payment sent twice is paid twice. What happens to one is the script that
//! [`mod@scenarios`] has for its account. Where the documentation is silent the choice is ours, and `docs/sandbox.md`
//! says so.

mod bill;
mod fields;
mod multipart;
mod paid;
mod pay;
mod rejection;
mod scenarios;
mod script;
mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router, middleware};

use self::paid::Paid;
use self::token::Tokens;
use super::Options;
use super::effects::{Effect, Effects};

pub(super) use self::scenarios::scenarios;
pub use self::token::{EMAIL, PASSWORD};

/// The provider's code, also in the effects file.
pub(super) const PROVIDER: &str = "click";

/// The simulator's state, shared by all its calls.
pub(super) struct Click {
    effects: Effects,
    hang: Duration,
    tokens: Tokens,
    paid: Paid,
}

impl Click {
    /// A simulator that goes on counting where the ledger ends.
    pub(super) fn new(effects: Effects, options: &Options) -> Self {
        let paid = Paid::restored(effects.of(PROVIDER));
        Self { effects, hang: options.hang, tokens: Tokens::default(), paid }
    }

    /// The provider's paths, and the sandbox's own under `/_sandbox`.
    pub(super) fn router(self: Arc<Self>) -> Router {
        let protected = Router::new()
            .route("/api/v1/bill_payments.json", post(pay::pay).get(bill::inquire))
            .route_layer(middleware::from_fn_with_state(Arc::clone(&self), token::require));
        Router::new()
            .route("/api/v1/accounts/sign_in.json", post(token::sign_in))
            .route("/_sandbox/effects", get(effects))
            .merge(protected)
            .with_state(self)
    }
}

/// `GET /_sandbox/effects`: the money that moved, oldest first. The sandbox's own call: the provider has none.
async fn effects(State(click): State<Arc<Click>>) -> Json<Vec<Effect>> {
    Json(click.effects.of(PROVIDER))
}
