//! The playground: GraphiQL, all of it served from this binary, under a policy that lets it reach no other host.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use serde_json::json;

/// What the playground's build made; empty where it was not built.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/playground/dist"]
#[allow_missing = true]
struct Assets;

/// What the page is told when it opens.
#[derive(Clone, Default)]
pub struct Playground {
    /// A token to work with, in the demo alone.
    pub token: Option<String>,
    /// The tenant that the token names.
    pub tenant: Option<String>,
}

impl std::fmt::Debug for Playground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playground").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// The routes.
pub fn routes(playground: Playground) -> Router {
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { asset("index.html", &headers, false) }))
        .route("/playground/config.json", get(config))
        .route("/playground/{*file}", get(file))
        .with_state(Arc::new(playground))
}

async fn config(State(playground): State<Arc<Playground>>, headers: HeaderMap) -> Response {
    // The token is for pages of this host only: a foreign name that resolves to us gets none.
    let token = playground.token.as_ref().filter(|_| names_loopback(&headers));
    let body = json!({ "endpoint": "/graphql", "token": token, "tenant": playground.tenant });
    secured(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response(), &headers)
}

async fn file(Path(file): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    if file.ends_with(".gz") {
        return secured(StatusCode::NOT_FOUND.into_response(), &headers);
    }
    asset(&file, &headers, query.is_some_and(|query| query.starts_with("v=")))
}

fn asset(name: &str, headers: &HeaderMap, immutable: bool) -> Response {
    let wants_gzip = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let zipped =
        wants_gzip.is_some_and(|value| value.contains("gzip")).then(|| Assets::get(&format!("{name}.gz"))).flatten();
    let is_zipped = zipped.is_some();
    let Some(found) = zipped.or_else(|| Assets::get(name)) else {
        let message = "the playground is not built into this binary: run `make playground` and build again\n";
        return secured((StatusCode::NOT_FOUND, message).into_response(), headers);
    };
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let cache = if immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response =
        ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache.to_owned())], found.data).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    if is_zipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    secured(response, headers)
}

/// Sets the headers that keep the page to itself.
fn secured(mut response: Response, request: &HeaderMap) -> Response {
    // A page's own WebSocket is another scheme of the same host, which 'self' covers in new browsers only.
    let host = request.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host));
    let sockets = host.map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; \
         img-src 'self' data:; connect-src 'self'{sockets}; worker-src 'self' blob:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    response
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

fn names_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_name_gets_the_token() {
        let named = |host: &'static str| {
            names_loopback(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]))
        };
        assert!(named("127.0.0.1:8080") && named("localhost:1") && named("localhost") && named("[::1]:8080"));
        assert!(!named("evil.example:8080") && !named("127.0.0.1.evil.example") && !named(""));
    }
}
