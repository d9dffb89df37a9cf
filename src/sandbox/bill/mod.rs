//! The simulator of BILL v3 (United States): log-in, vendors, bills, payments one by one and in bulk, notifications.
//!
//! It answers with the bodies of the provider's documentation, oddities included: an array for an error, three fields
//! for one status, `CANCELLED` beside `CANCELED`, notifications whose body is a string. What it limits is limited for
//! real: three calls at once, 20,000 an hour, sessions that die, calls that need a second factor. Nothing makes a
//! payment unique, so the same payment sent twice is two payments; only what is left of a bill bounds them. What
//! becomes of one is the script that [`mod@scenarios`] has for its amount or its vendor. Where the documentation is
//! silent the choice is ours, and `docs/sandbox.md` says so.

mod book;
mod clock;
mod delivery;
mod derive;
mod fields;
mod funding;
mod life;
mod limit;
mod list;
mod login;
mod look_up;
mod mfa;
mod once;
mod order;
mod owed;
mod pay;
mod payment;
mod rates;
mod rejection;
mod reverse;
mod scenarios;
mod script;
mod session;
mod status;
mod subscription;
mod vendor;
mod webhook;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router, middleware};

use self::book::Book;
use self::limit::Limits;
use self::mfa::Devices;
use self::once::Once;
use self::rates::Rates;
use self::rejection::Rejection;
use self::session::Sessions;
use self::subscription::Subscriptions;
use super::Options;
use super::effects::{Effect, Effects};
use crate::ports::clock::Clock;

pub use self::login::{DEV_KEY, DEVICE, ORGANIZATION_ID, PASSWORD, REMEMBER_ME_ID, USERNAME};
pub(super) use self::scenarios::scenarios;
pub use self::subscription::WEBHOOK_SECURITY_KEY;

/// The provider's code, also in the effects file.
pub(super) const PROVIDER: &str = "bill";

/// The simulator's state, shared by all its calls.
pub(super) struct BillCom {
    effects: Effects,
    callbacks: reqwest::Client,
    clock: Clock,
    later: Duration,
    hang: Duration,
    limits: Limits,
    sessions: Sessions,
    devices: Devices,
    subscriptions: Subscriptions,
    rates: Rates,
    once: Once,
    book: Book,
}

impl BillCom {
    /// A simulator that remembers the payments in the ledger as cleared.
    pub(super) fn new(effects: Effects, callbacks: reqwest::Client, options: &Options) -> Self {
        let book = Book::restored(effects.of(PROVIDER));
        Self {
            effects,
            callbacks,
            clock: options.clock.clone(),
            later: options.later,
            hang: options.hang,
            limits: Limits::new(),
            sessions: Sessions::default(),
            devices: Devices::new(),
            subscriptions: Subscriptions::new(options.callbacks.as_deref()),
            rates: Rates::default(),
            once: Once::default(),
            book,
        }
    }

    /// The provider's two groups of paths, and the sandbox's own under `/_sandbox`, which no limit counts.
    pub(super) fn router(self: Arc<Self>) -> Router {
        let limited = middleware::from_fn_with_state(Arc::clone(&self), limit::limit);
        let inside = middleware::from_fn_with_state(Arc::clone(&self), session::require);
        let trusted = middleware::from_fn_with_state(Arc::clone(&self), session::require_trust);
        let paths = reading().merge(paying().route_layer(trusted)).route_layer(inside.clone());
        let paths = paths.route("/v3/login", post(login::log_in)).route_layer(limited.clone());
        let events = events().route_layer(inside).route_layer(limited);
        Router::new()
            .nest("/connect", paths.fallback(unknown_path))
            .nest("/connect-events", events.fallback(unknown_path))
            .route("/_sandbox/effects", get(effects))
            .route("/_sandbox/webhook", put(subscription::redirect))
            .with_state(self)
    }
}

/// What any session may do.
fn reading() -> Router<Arc<BillCom>> {
    Router::new()
        .route("/v3/login/session", get(login::session))
        .route("/v3/logout", post(login::log_out))
        .route("/v3/mfa/challenge", post(mfa::challenge))
        .route("/v3/mfa/challenge/validate", post(mfa::validate))
        .route("/v3/mfa/step-up", post(mfa::step_up))
        .route("/v3/vendors", get(vendor::list))
        .route("/v3/vendors/{id}", get(vendor::one))
        .route("/v3/bills", get(owed::list))
        .route("/v3/bills/{id}", get(owed::one))
        .route("/v3/funding-accounts/banks", get(funding::banks))
        .route("/v3/funding-accounts/cards", get(funding::cards))
        .route("/v3/funding-accounts/cards/funding-purposes", get(funding::purposes))
        .route("/v3/payments", get(look_up::list))
        .route("/v3/payments/{id}", get(look_up::one))
        .route("/v3/payments/exchange-rate", get(rates::get).post(rates::post))
}

/// What only a trusted session may do.
fn paying() -> Router<Arc<BillCom>> {
    Router::new()
        .route("/v3/payments", post(pay::one))
        .route("/v3/payments/bulk", post(pay::many))
        .route("/v3/payments/{id}/cancel", post(reverse::cancel))
        .route("/v3/payments/{id}/void", post(reverse::void))
}

fn events() -> Router<Arc<BillCom>> {
    Router::new()
        .route("/v3/subscriptions", post(subscription::subscribe).get(subscription::list))
        .route("/v3/subscriptions/{id}/security-key", post(subscription::renew_key))
}

async fn unknown_path() -> Response {
    Rejection::unknown_path().into_response()
}

/// `GET /_sandbox/effects`: the money that moved, oldest first. The sandbox's own call: the provider has none.
async fn effects(State(bill): State<Arc<BillCom>>) -> Json<Vec<Effect>> {
    Json(bill.effects.of(PROVIDER))
}
