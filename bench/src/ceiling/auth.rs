//! Tokens: verified as billpay verifies them, and by the same library.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use super::Refused;

/// Who asks.
#[derive(Debug, Deserialize)]
pub(super) struct Requester {
    pub(super) sub: String,
    pub(super) tenant: String,
    scope: String,
}

impl Requester {
    /// Lets through who has a scope.
    pub(super) fn require(&self, scope: &str) -> Result<(), Refused> {
        if self.scope.split(' ').any(|held| held == scope) { Ok(()) } else { Err(Refused::Token) }
    }
}

/// Verifies tokens.
pub(super) struct Authenticator {
    key: DecodingKey,
    validation: Validation,
}

impl Authenticator {
    pub(super) fn new(secret: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&["billpay"]);
        validation.set_audience(&["billpay"]);
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation }
    }

    /// Who sent these headers.
    pub(super) fn of_headers(&self, headers: &HeaderMap) -> Result<Requester, Refused> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.authenticate(authorization.ok_or(Refused::Token)?)
    }

    /// Who the value of such a header speaks for.
    pub(super) fn authenticate(&self, authorization: &str) -> Result<Requester, Refused> {
        let token = authorization.strip_prefix("Bearer ").ok_or(Refused::Token)?;
        let verified = decode::<Requester>(token, &self.key, &self.validation);
        verified.map(|token| token.claims).map_err(|_| Refused::Token)
    }
}
