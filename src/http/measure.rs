//! Counts answers and their time, by route and status: never by anything that a request chooses freely.
//!
//! The figures of what is answered most are found once and kept: finding one takes longer than adding to it.

use std::sync::LazyLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Counter, Histogram};

use crate::telemetry::metric;

const GRAPHQL: &str = "/graphql";

static GRAPHQL_ANSWERED: LazyLock<Counter> = LazyLock::new(|| answers(GRAPHQL, StatusCode::OK));
static GRAPHQL_DURATION: LazyLock<Histogram> = LazyLock::new(|| duration(GRAPHQL));

/// The layer, for `axum::middleware::from_fn`. It stands inside the routes, so that the matched one is known.
pub async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", |path| known(path.as_str()));
    let started = Instant::now();
    let response = next.run(request).await;
    match (route, response.status()) {
        (GRAPHQL, StatusCode::OK) => GRAPHQL_ANSWERED.increment(1),
        (route, status) => answers(route, status).increment(1),
    }
    match route {
        GRAPHQL => GRAPHQL_DURATION.record(started.elapsed()),
        route => duration(route).record(started.elapsed()),
    }
    response
}

fn answers(route: &'static str, status: StatusCode) -> Counter {
    metrics::counter!(metric::HTTP_REQUESTS, "route" => route, "status" => status.as_u16().to_string())
}

fn duration(route: &'static str) -> Histogram {
    metrics::histogram!(metric::HTTP_DURATION, "route" => route)
}

fn known(path: &str) -> &'static str {
    match path {
        GRAPHQL => GRAPHQL,
        "/callbacks/{provider}" => "/callbacks/{provider}",
        "/oauth/token" => "/oauth/token",
        "/healthz" => "/healthz",
        "/readyz" => "/readyz",
        "/metrics" => "/metrics",
        "/" | "/playground/config.json" | "/playground/{*file}" => "/playground",
        _ => "other",
    }
}
