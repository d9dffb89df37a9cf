//! `POST /callbacks/{provider}`: what providers send.
//!
//! The answer is exactly 200 once it is stored, since a provider repeats on anything else; 503 where the database does
//! not take it, so that it comes again. Who sends too much is told when to come back, see
//! [`callback_limit`](super::callback_limit).

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tower_http::timeout::TimeoutLayer;

use super::callback_limit::{CallbackLimit, Peer};
use crate::app::App;
use crate::app::receive_callback::Received;
use crate::domain::provider::ProviderCode;
use crate::ports::provider::CallbackError;
use crate::telemetry::metric;

/// The most that a callback's body may hold.
const LARGEST_BODY_BYTES: usize = 256 * 1024;

/// How long a callback may take, from its head to its answer. What is being stored then is stored all the same, and the
/// provider sends it again.
const LONGEST: Duration = Duration::from_secs(10);

/// The routes.
pub fn routes(app: App, limit: CallbackLimit) -> Router {
    Router::new()
        .route("/callbacks/{provider}", post(receive))
        .route_layer(middleware::from_fn_with_state(limit, hold))
        .layer(DefaultBodyLimit::max(LARGEST_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LONGEST))
        .with_state(app)
}

/// Turns away who sends too much, before the body is read.
async fn hold(
    State(limit): State<CallbackLimit>,
    Path(provider): Path<String>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(code) = provider.parse::<ProviderCode>() else { return StatusCode::NOT_FOUND.into_response() };
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map_or(Peer::UNKNOWN, |ConnectInfo(peer)| *peer);
    match limit.admit(peer, code) {
        Ok(()) => next.run(request).await,
        Err(seconds) => {
            metrics::counter!(metric::CALLBACKS, "provider" => code.as_str(), "outcome" => "limited").increment(1);
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
        }
    }
}

async fn receive(State(app): State<App>, Path(provider): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(provider) = provider.parse::<ProviderCode>() else { return StatusCode::NOT_FOUND };
    let headers: Vec<_> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    // The change goes on although the sender may hang up.
    let stored = tokio::spawn(async move { app.receive_callback(provider, &headers, &body).await });
    match stored.await {
        Ok(Ok(Received::Stored | Received::Repeated | Received::Ignored)) => StatusCode::OK,
        Ok(Ok(Received::Refused(CallbackError::Unreadable))) => StatusCode::BAD_REQUEST,
        Ok(Ok(Received::Refused(CallbackError::Forged))) => StatusCode::UNAUTHORIZED,
        Ok(Ok(Received::Off)) => StatusCode::NOT_FOUND,
        Ok(Err(error)) => {
            tracing::error!(%error, provider.name = %provider, "a callback could not be stored");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(_panic) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
