//! Health: `/healthz` tells that the process lives, `/readyz` that it can do its work, `/metrics` how it does.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::figures::Figures;
use crate::domain::overload::Room;
use crate::telemetry;

#[derive(Clone)]
struct Health {
    app: App,
    figures: Arc<Figures>,
    leaving: CancellationToken,
}

/// The routes.
pub fn routes(app: App, leaving: CancellationToken) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Health { app, figures: Arc::default(), leaving })
}

async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.leaving.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    if health.app.store.ping().await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n");
    }
    match health.app.load.room() {
        Room::Enough => (StatusCode::OK, "ready\n"),
        Room::Low | Room::Scarce => (StatusCode::SERVICE_UNAVAILABLE, "the disk is nearly full\n"),
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    health.app.gather(&health.figures).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::metrics().render()).into_response()
}
