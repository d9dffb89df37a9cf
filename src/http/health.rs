//! Health: `/healthz` tells that the process lives, `/readyz` that it can do its work, `/metrics` how it does.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::domain::payment::status::PaymentStatus;
use crate::telemetry;

#[derive(Clone)]
struct Health {
    app: App,
    shutdown: CancellationToken,
}

/// The routes.
pub fn routes(app: App, shutdown: CancellationToken) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Health { app, shutdown })
}

async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match health.app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    if let Ok(counts) = health.app.store.count_by_status().await {
        for status in PaymentStatus::ALL {
            let count = counts.iter().find(|(name, _)| name == status.as_str()).map_or(0, |(_, count)| *count);
            let gauge = metrics::gauge!("billpay_payments", "status" => status.as_str());
            gauge.set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        }
    }
    if let Ok(forgotten) = health.app.store.count_forgotten().await {
        let gauge = metrics::gauge!(telemetry::metric::PAYMENTS_STRANDED);
        gauge.set(f64::from(u32::try_from(forgotten).unwrap_or(u32::MAX)));
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::metrics().render()).into_response()
}
