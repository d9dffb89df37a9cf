//! `POST /callbacks/{provider}`: what providers send.
//!
//! The answer is exactly 200 once it is stored, since a provider repeats on anything else; 503 where the database does
//! not take it, so that it comes again.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use crate::app::App;
use crate::app::receive_callback::Received;
use crate::domain::provider::ProviderCode;
use crate::ports::provider::CallbackError;

/// The most that a callback's body may hold.
const LARGEST_BODY_BYTES: usize = 256 * 1024;

/// The routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/callbacks/{provider}", post(receive))
        .layer(DefaultBodyLimit::max(LARGEST_BODY_BYTES))
        .with_state(app)
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
        Ok(Ok(Received::Overflowing)) => StatusCode::TOO_MANY_REQUESTS,
        Ok(Ok(Received::Off)) => StatusCode::NOT_FOUND,
        Ok(Err(error)) => {
            tracing::error!(%error, provider.name = %provider, "a callback could not be stored");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(_panic) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
