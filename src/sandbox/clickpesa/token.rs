//! Tokens: the client's id and key in two headers, for a text that already begins with `Bearer `.
//!
//! A token is good because it is in the list, for an hour; a restart empties it. The whole text must come back as it
//! was given: one with a second `Bearer` before it is not in the list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::json;

use super::super::lock;
use super::rejection::Rejection;
use super::{Clickpesa, wire};

/// The sandbox's documented `client-id`.
pub const CLIENT_ID: &str = "sandbox-client-id";
/// The sandbox's documented `api-key`.
pub const API_KEY: &str = "sandbox-api-key";

const LIFE: Duration = Duration::from_secs(3600);

/// The tokens handed out, each with its `Bearer `, and the moment at which it expires.
#[derive(Default)]
pub(super) struct Tokens {
    expiries: Mutex<HashMap<String, Instant>>,
}

#[derive(Serialize)]
struct Generated {
    success: bool,
    token: String,
}

impl Tokens {
    fn issue(&self) -> String {
        let token = format!("Bearer {}", jwt());
        let now = Instant::now();
        let mut expiries = lock(&self.expiries);
        expiries.retain(|_, expiry| *expiry > now);
        expiries.insert(token.clone(), now + LIFE);
        token
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        let expiries = lock(&self.expiries);
        authorisation(headers).and_then(|token| expiries.get(token)).is_some_and(|expiry| *expiry > Instant::now())
    }

    /// Ends a token before its time.
    pub(super) fn revoke(&self, headers: &HeaderMap) {
        if let Some(token) = authorisation(headers) {
            lock(&self.expiries).remove(token);
        }
    }
}

/// `POST /generate-token`.
pub(super) async fn generate(State(clickpesa): State<Arc<Clickpesa>>, headers: HeaderMap) -> Response {
    match check(&headers) {
        Ok(()) => Json(Generated { success: true, token: clickpesa.tokens.issue() }).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// Lets a call through that carries a live token.
pub(super) async fn require(State(clickpesa): State<Arc<Clickpesa>>, request: Request, next: Next) -> Response {
    if clickpesa.tokens.admit(request.headers()) {
        next.run(request).await
    } else {
        Rejection::Unauthorised.into_response()
    }
}

fn check(headers: &HeaderMap) -> Result<(), Rejection> {
    let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (of("client-id"), of("api-key")) {
        (Some(CLIENT_ID), Some(API_KEY)) => Ok(()),
        (Some(CLIENT_ID), Some(_)) => Err(Rejection::Forbidden("Invalid or Expired API-Key")),
        (Some(_), Some(_)) => Err(Rejection::Forbidden("Invalid client details")),
        (None, _) | (_, None) => Err(Rejection::Unauthorised),
    }
}

fn authorisation(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// The form of a JWT; what stands for its signature is random.
fn jwt() -> String {
    let issued_at = wire::now().as_second();
    let claims = json!({ "id": CLIENT_ID, "iat": issued_at, "exp": issued_at + LIFE.as_secs().cast_signed() });
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    format!("{header}.{claims}.{signature}")
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn bearing(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, text.parse().expect("a header"))])
    }

    #[test]
    fn a_token_is_good_as_it_was_given_and_in_no_other_form() {
        let tokens = Tokens::default();
        let token = tokens.issue();
        let bare = token.strip_prefix("Bearer ").expect("the prefix is part of it");
        assert_eq!(bare.split('.').count(), 3);
        assert!(tokens.admit(&bearing(&token)));
        assert!(!tokens.admit(&bearing(bare)));
        assert!(!tokens.admit(&bearing(&format!("Bearer {token}"))));
        assert!(!tokens.admit(&HeaderMap::new()));
        tokens.revoke(&bearing(&token));
        assert!(!tokens.admit(&bearing(&token)));
    }

    #[test]
    fn a_client_is_checked_in_the_documented_words() {
        let check_with = |headers: &[(&'static str, &'static str)]| {
            let pair = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
            check(&HeaderMap::from_iter(headers.iter().map(pair)))
        };
        assert_eq!(check_with(&[("client-id", CLIENT_ID), ("api-key", API_KEY)]), Ok(()));
        assert_eq!(check_with(&[("client-id", CLIENT_ID)]), Err(Rejection::Unauthorised));
        assert_eq!(check_with(&[("api-key", API_KEY)]), Err(Rejection::Unauthorised));
        let wrong_key = check_with(&[("client-id", CLIENT_ID), ("api-key", "x")]);
        assert_eq!(wrong_key, Err(Rejection::Forbidden("Invalid or Expired API-Key")));
        let wrong_client = check_with(&[("client-id", "x"), ("api-key", API_KEY)]);
        assert_eq!(wrong_client, Err(Rejection::Forbidden("Invalid client details")));
    }
}
