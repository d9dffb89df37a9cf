//! All routes together, with what every answer goes through.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, Method, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use tokio_util::sync::CancellationToken;
use tower::{Layer, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::callback_limit::CallbackLimit;
use super::graphql::Edge;
use super::playground::Playground;
use super::{callbacks, graphql, health, measure, oauth, playground, request_id};
use crate::app::App;

/// The routes of the server. Without a playground `/` is not served. Once it is `leaving`, the server calls itself not
/// ready.
pub fn router(
    app: App,
    edge: Edge,
    callbacks_limit: CallbackLimit,
    playground: Option<Playground>,
    leaving: CancellationToken,
) -> Router {
    let cors = Arc::new(cors(&edge.allowed_origins));
    let oauth = oauth::routes(app.clone(), edge.authenticator.settings());
    let graphql = graphql::routes(edge).layer(middleware::from_fn_with_state(cors, answer_pages));
    let mut router = Router::new().merge(graphql).merge(oauth).merge(callbacks::routes(app.clone(), callbacks_limit));
    if let Some(playground) = playground {
        router = router.merge(playground::routes(playground));
    }
    router
        .merge(health::routes(app, leaving))
        .route_layer(middleware::from_fn(measure::measure))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(request_id::assign))
}

/// Puts a request of a page through CORS. Only browsers send `Origin`, and they send it with every request of a page for
/// another origin than its own; all others are spared the work.
async fn answer_pages(State(cors): State<Arc<CorsLayer>>, request: Request, next: Next) -> Response {
    let is_of_page = request.headers().contains_key(header::ORIGIN) || request.method() == Method::OPTIONS;
    if !is_of_page {
        return next.run(request).await;
    }
    match cors.layer(next).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Pages of these origins may call, whatever the transport. They may read when to try again and the request's id,
/// and say below which span of theirs a trace goes on.
fn cors(allowed: &[String]) -> CorsLayer {
    let request_id = HeaderName::from_static("x-request-id");
    let origins: Vec<_> = allowed.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            request_id.clone(),
            graphql::TRACEPARENT,
        ])
        .expose_headers([header::RETRY_AFTER, request_id])
}
