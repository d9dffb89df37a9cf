//! Counts answers and their time, by route and status: never by anything that a request chooses freely.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::telemetry::metric;

/// The layer, for `axum::middleware::from_fn`. It stands inside the routes, so that the matched one is known.
pub async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", |path| known(path.as_str()));
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(metric::HTTP_REQUESTS, "route" => route, "status" => status).increment(1);
    metrics::histogram!(metric::HTTP_DURATION, "route" => route).record(started.elapsed());
    response
}

fn known(path: &str) -> &'static str {
    match path {
        "/graphql" => "/graphql",
        "/callbacks/{provider}" => "/callbacks/{provider}",
        "/oauth/token" => "/oauth/token",
        "/healthz" => "/healthz",
        "/readyz" => "/readyz",
        "/metrics" => "/metrics",
        "/" | "/playground/config.json" | "/playground/{*file}" => "/playground",
        _ => "other",
    }
}
