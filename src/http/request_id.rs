//! One id for each request, by which it is found in the logs.
//!
//! A client's `x-request-id` is kept where it is 1 to 64 of `[A-Za-z0-9-]`, else a UUID of version 7 is made. The id
//! goes into the tracing span, into the GraphQL errors and into the answer's header.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

/// The id of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    fn read(headers: &HeaderMap) -> Option<Self> {
        let id = headers.get(HEADER)?.to_str().ok()?;
        let fits = (1..=LONGEST).contains(&id.len());
        (fits && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).then(|| Self(id.to_owned()))
    }
}

/// The id that [`assign`] gave; a new one where the layer does not stand.
impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::generate))
    }
}

/// The layer, for `axum::middleware::from_fn`.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let id = RequestId::read(request.headers()).unwrap_or_else(RequestId::generate);
    let span = tracing::info_span!(
        "request",
        request.id = %id.as_str(),
        http.method = %request.method(),
        http.path = %request.uri().path(),
    );
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::try_from(id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(id: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(id).unwrap())]);
        RequestId::read(&headers).map(RequestId::into_string)
    }

    #[test]
    fn a_clients_id_is_kept_where_it_is_well_formed() {
        assert_eq!(read("Abc-123").as_deref(), Some("Abc-123"));
        for bad in ["", "a b", "a\"b", "a_b", &"x".repeat(65)] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
