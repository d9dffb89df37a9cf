//! Signing in, and the tokens that it hands out: in a header, as a JWT, for 300 seconds.
//!
//! A token has the documented claims and a signature, but it is good because it is in the list: one that has expired,
//! was revoked, or comes from before a restart gets 401.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::super::lock;
use super::Click;
use super::fields::Fields;
use super::rejection::Rejection;

/// The sandbox's documented e-mail address.
pub const EMAIL: &str = "sandbox@example.com";
/// The sandbox's documented password.
pub const PASSWORD: &str = "sandbox-password";

const LIFE: Duration = Duration::from_secs(300);
const ACCOUNT_ID: u32 = 13;

/// The tokens handed out, with the moment at which each expires.
#[derive(Default)]
pub(super) struct Tokens {
    expiries: Mutex<HashMap<String, Instant>>,
}

/// As in the tokens that the page prints: `aud` is there, and null.
#[derive(Serialize)]
struct Claims {
    jti: String,
    sub: String,
    scp: &'static str,
    aud: Option<&'static str>,
    iat: i64,
    exp: i64,
}

#[derive(Serialize)]
struct Account {
    id: u32,
    status: &'static str,
    email: &'static str,
    created_at: &'static str,
    updated_at: &'static str,
    admin_user_id: Option<u32>,
}

impl Tokens {
    fn issue(&self) -> String {
        let token = jwt();
        let now = Instant::now();
        let mut expiries = lock(&self.expiries);
        expiries.retain(|_, expiry| *expiry > now);
        expiries.insert(token.clone(), now + LIFE);
        token
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        bearer(headers)
            .is_some_and(|token| lock(&self.expiries).get(token).is_some_and(|expiry| *expiry > Instant::now()))
    }

    /// Ends a token before its time.
    pub(super) fn revoke(&self, headers: &HeaderMap) {
        if let Some(token) = bearer(headers) {
            lock(&self.expiries).remove(token);
        }
    }
}

/// `POST /api/v1/accounts/sign_in.json`.
pub(super) async fn sign_in(State(click): State<Arc<Click>>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = match Fields::read(&headers, &body) {
        Ok(fields) => fields,
        Err(rejection) => return rejection.into_response(),
    };
    if fields.text("account[email]") != Some(EMAIL) || fields.text("account[password]") != Some(PASSWORD) {
        return Rejection::SignIn.into_response();
    }
    signed_in(&click.tokens.issue())
}

/// Lets a call through that carries a live token.
pub(super) async fn require(State(click): State<Arc<Click>>, request: Request, next: Next) -> Response {
    if click.tokens.admit(request.headers()) {
        next.run(request).await
    } else {
        Rejection::Unauthorised.into_response()
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The token stands in a header and nowhere else. The cookie is part of the answer and of no use.
fn signed_in(token: &str) -> Response {
    let headers = [
        (header::AUTHORIZATION, format!("Bearer {token}")),
        (header::LOCATION, "/".to_owned()),
        (header::CACHE_CONTROL, "max-age=0, private, must-revalidate".to_owned()),
        (header::SET_COOKIE, format!("_buslnk_session={}; path=/; HttpOnly", hex::encode(rand::random::<[u8; 16]>()))),
    ];
    let account = Account {
        id: ACCOUNT_ID,
        status: "active",
        email: EMAIL,
        created_at: "2020-05-31T09:58:18.277Z",
        updated_at: "2020-05-31T09:58:18.284Z",
        admin_user_id: None,
    };
    (StatusCode::CREATED, headers, Json(account)).into_response()
}

/// A JWT like those of the page, signed with a key that nobody has.
#[expect(clippy::disallowed_methods, reason = "a simulator stands for another company's machine")]
fn jwt() -> String {
    let issued_at = Timestamp::now().as_second();
    let claims = Claims {
        jti: uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string(),
        sub: ACCOUNT_ID.to_string(),
        scp: "account",
        aud: None,
        iat: issued_at,
        exp: issued_at + LIFE.as_secs().cast_signed(),
    };
    let header = Header { typ: None, ..Header::new(Algorithm::HS256) };
    let key = EncodingKey::from_secret(&rand::random::<[u8; 32]>());
    jsonwebtoken::encode(&header, &claims, &key).expect("HMAC signs any text with any key")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use serde_json::Value;

    use super::*;

    fn bearing(text: String) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, text.parse().expect("a header"))])
    }

    #[test]
    fn only_an_issued_token_is_admitted_until_it_is_revoked() {
        let tokens = Tokens::default();
        let token = tokens.issue();
        let headers = bearing(format!("Bearer {token}"));
        assert!(tokens.admit(&headers));
        assert!(!tokens.admit(&bearing(token)));
        assert!(!tokens.admit(&bearing(format!("Bearer {}", jwt()))));
        assert!(!tokens.admit(&HeaderMap::new()));
        tokens.revoke(&headers);
        assert!(!tokens.admit(&headers));
    }

    #[test]
    fn a_token_has_the_documented_claims_and_300_seconds() {
        let token = jwt();
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!((parts.len(), parts[0]), (3, "eyJhbGciOiJIUzI1NiJ9"));
        let claims = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).expect("base64");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!((&claims["sub"], &claims["scp"]), (&Value::from("13"), &Value::from("account")));
        assert!(claims.get("aud").is_some_and(Value::is_null) && claims["jti"].is_string());
        let second = |name: &str| claims[name].as_i64().expect("a moment");
        assert_eq!(second("exp") - second("iat"), 300);
    }
}
