//! Access tokens: OAuth 2.0 client credentials, as JSON and as a form, because the documents disagree.
//!
//! A token is random, lives an hour and is forgotten at a restart: the next call with it gets 401, as an expired one
//! does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::super::lock;
use super::Almara;
use super::rejection::Rejection;

/// The sandbox's documented `client_id`.
pub const CLIENT_ID: &str = "sandbox-client";
/// The sandbox's documented `client_secret`.
pub const CLIENT_SECRET: &str = "sandbox-secret";

const LIFE: Duration = Duration::from_secs(3600);
const SCOPE: &str = "PyPay_api";

/// The tokens handed out, with the moment at which each expires.
#[derive(Default)]
pub(super) struct Tokens {
    expiries: Mutex<HashMap<String, Instant>>,
}

impl Tokens {
    fn issue(&self) -> String {
        let token = hex::encode(rand::random::<[u8; 32]>());
        let now = Instant::now();
        let mut expiries = lock(&self.expiries);
        expiries.retain(|_, expiry| *expiry > now);
        expiries.insert(token.clone(), now + LIFE);
        token
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        bearer.is_some_and(|token| lock(&self.expiries).get(token).is_some_and(|expiry| *expiry > Instant::now()))
    }
}

/// What a client sends for a token; unknown members are ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Grant {
    client_id: String,
    client_secret: String,
    grant_type: String,
}

impl Grant {
    fn from_form(body: &[u8]) -> Self {
        let mut grant = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "client_id" => grant.client_id = value.into_owned(),
                "client_secret" => grant.client_secret = value.into_owned(),
                "grant_type" => grant.grant_type = value.into_owned(),
                _ => {}
            }
        }
        grant
    }
}

#[derive(Serialize)]
struct Token {
    access_token: String,
    expires_in: u64,
    token_type: &'static str,
    scope: &'static str,
}

#[derive(Serialize)]
struct GrantError {
    error: &'static str,
}

/// `POST /v1/oauth/token`, a JSON body.
pub(super) async fn from_json(State(almara): State<Arc<Almara>>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(grant) => answer(&almara.tokens, &grant),
        Err(_) => refuse(StatusCode::BAD_REQUEST, "invalid_request"),
    }
}

/// `POST /connect/token`, a form.
pub(super) async fn from_form(State(almara): State<Arc<Almara>>, body: Bytes) -> Response {
    answer(&almara.tokens, &Grant::from_form(&body))
}

/// Lets a call through that carries a live token.
pub(super) async fn require(State(almara): State<Arc<Almara>>, request: Request, next: Next) -> Response {
    if almara.tokens.admit(request.headers()) {
        next.run(request).await
    } else {
        Rejection::Unauthorised.into_response()
    }
}

fn answer(tokens: &Tokens, grant: &Grant) -> Response {
    if grant.grant_type != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    if grant.client_id != CLIENT_ID || grant.client_secret != CLIENT_SECRET {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    Json(Token { access_token: tokens.issue(), expires_in: LIFE.as_secs(), token_type: "Bearer", scope: SCOPE })
        .into_response()
}

fn refuse(status: StatusCode, error: &'static str) -> Response {
    (status, Json(GrantError { error })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_issued_token_is_admitted() {
        let tokens = Tokens::default();
        let token = tokens.issue();
        let bearing = |text: String| HeaderMap::from_iter([(header::AUTHORIZATION, text.parse().expect("a header"))]);
        assert!(tokens.admit(&bearing(format!("Bearer {token}"))));
        assert!(!tokens.admit(&bearing(token)));
        assert!(!tokens.admit(&bearing("Bearer other".to_owned())));
        assert!(!tokens.admit(&HeaderMap::new()));
    }

    #[test]
    fn a_form_is_read() {
        let grant = Grant::from_form(b"client_id=a%20b&client_secret=c&grant_type=client_credentials&scope=PyPay_api");
        assert_eq!((grant.client_id.as_str(), grant.client_secret.as_str()), ("a b", "c"));
        assert_eq!(grant.grant_type, "client_credentials");
    }
}
