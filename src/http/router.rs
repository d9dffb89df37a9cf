//! All routes together, with what every answer goes through.

use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::middleware;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::callback_limit::CallbackLimit;
use super::graphql::Edge;
use super::playground::Playground;
use super::{callbacks, graphql, health, measure, oauth, playground, request_id};
use crate::app::App;

/// The routes of the server. Without a playground `/` is not served.
pub fn router(
    app: App,
    edge: Edge,
    callbacks_limit: CallbackLimit,
    playground: Option<Playground>,
    shutdown: CancellationToken,
) -> Router {
    let cors = cors(&edge.allowed_origins);
    let oauth = oauth::routes(app.clone(), edge.authenticator.settings());
    let graphql = graphql::routes(edge).layer(cors);
    let mut router = Router::new().merge(graphql).merge(oauth).merge(callbacks::routes(app.clone(), callbacks_limit));
    if let Some(playground) = playground {
        router = router.merge(playground::routes(playground));
    }
    router
        .merge(health::routes(app, shutdown))
        .route_layer(middleware::from_fn(measure::measure))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(request_id::assign))
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
