//! Tokens that billpay signs itself, for `billpay token` and `/oauth/token`.
//!
//! They are HS256 access tokens with exactly the claims that [`super::jwt`] asks for.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::config::Secret;
use crate::domain::requester::{CustomerId, Scope, Scopes, TenantId};

/// The `typ` of an access token, by RFC 9068.
pub(super) const ACCESS_TOKEN: &str = "at+jwt";

/// What a token says, but for its times.
#[derive(Clone, Copy, Debug)]
pub struct TokenClaims<'a> {
    /// `sub`.
    pub subject: &'a str,
    /// `tenant`.
    pub tenant: &'a TenantId,
    /// `customer`, where the token speaks for one.
    pub customer: Option<&'a CustomerId>,
    /// `scope`.
    pub scopes: Scopes,
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub audience: &'a str,
}

/// Signs a token that holds from `now` for `ttl`, in whole seconds.
pub fn mint(secret: &Secret, claims: &TokenClaims<'_>, now: Timestamp, ttl: Duration) -> String {
    let header = Header { typ: Some(ACCESS_TOKEN.to_owned()), ..Header::new(Algorithm::HS256) };
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    let issued = now.as_second();
    let wire = WireClaims {
        sub: claims.subject,
        tenant: claims.tenant.as_str(),
        customer: claims.customer.map(CustomerId::as_str),
        scope: claims.scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "),
        iss: claims.issuer,
        aud: claims.audience,
        iat: issued,
        exp: issued.saturating_add(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)),
    };
    jsonwebtoken::encode(&header, &wire, &key).expect("HMAC signs any text with any key")
}

/// The claims as they stand in the token.
#[derive(Serialize)]
struct WireClaims<'a> {
    sub: &'a str,
    tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<&'a str>,
    scope: String,
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}
