//! A bearer token, verified and read into the [`Requester`] that every use case asks for.
//!
//! The token's three parts are split, its header is read strictly, and the header's algorithm picks the one key that
//! may verify it: HS256 the shared secret, RS256, ES256 and EdDSA a key of that kind in the issuer's set. Nothing of the
//! claims is looked at before the signature holds. The library verifies signatures, in constant time; the rest is done
//! here, because the library neither refuses `crit`, `jku` and their like nor reads the caller's clock, and its own
//! check of `exp` fails under serde_json's arbitrary precision.
//!
//! All of this is done once for a token: what was verified is kept (`believed`). Its key is looked up and its
//! times are judged at each request all the same.
//!
//! What comes out is signed by a key of the settings, meant for this server, in force now, and names one tenant. No
//! message repeats a part of the token.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;

use super::believed::{Believed, TokenHash, Verified};
use super::claims;
pub use super::jwks::KeySetError;
use super::jwks::{KeyKind, Keys, NoKeysYet, WantedKey};
use super::token::ACCESS_TOKEN;
use super::unique_json::UniqueObject;
use crate::config::AuthSettings;
use crate::domain::requester::Requester;
use crate::ports::clock::Clock;
use crate::telemetry::metric;

/// The longest token that is looked at.
pub const LONGEST_TOKEN_BYTES: usize = 8 * 1024;
/// The header's names by which a token would bring its own key or its own rules.
const REFUSED_HEADERS: [&str; 6] = ["crit", "b64", "jku", "jwk", "x5u", "x5c"];

/// Why a token is not believed, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The header holds no bearer token.
    #[error("send the token as `Authorization: Bearer <token>`")]
    NotBearer,
    /// It is not three parts of base64 with JSON objects in them.
    #[error("the token is not a signed JWT of at most 8 KiB; ask its issuer for another")]
    Malformed,
    /// No key of this server verifies it, or its header is not one of an access token.
    #[error("the token is not an access token signed by an issuer that this server trusts; ask that issuer for one")]
    Untrusted,
    /// `iss` or `aud` names another service.
    #[error("the token is for another service; ask for one whose `iss` and `aud` name this server")]
    OtherService,
    /// It has ended.
    #[error("the token has ended; ask its issuer for another")]
    Expired,
    /// It begins later.
    #[error("the token is not valid yet; ask its issuer to set its clock")]
    NotYetValid,
    /// It lives longer than is accepted, or ends before it begins.
    #[error("the token's `exp` is too long after its `iat`, or before it; ask for one with a shorter life")]
    LivesTooLong,
    /// A claim is absent or of another type than the contract says.
    #[error("the token's claim `{0}` is missing or not as it must be; ask its issuer to put it in")]
    Claim(&'static str),
    /// The issuer's keys were never fetched.
    #[error("the issuer's keys can't be fetched now; try again in a minute")]
    KeysUnavailable,
}

impl AuthError {
    /// The word in the metric.
    const fn reason(self) -> &'static str {
        match self {
            Self::NotBearer => "not_bearer",
            Self::Malformed => "malformed",
            Self::Untrusted => "untrusted",
            Self::OtherService => "other_service",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::LivesTooLong => "lives_too_long",
            Self::Claim(_) => "claim",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }
}

/// Turns `Authorization` headers into requesters.
pub struct Authenticator {
    settings: AuthSettings,
    secret: Option<Arc<DecodingKey>>,
    keys: Option<Keys>,
    believed: Believed,
    clock: Clock,
}

impl Authenticator {
    /// Reads the keys that the settings name; a set behind a URL is fetched at its first use.
    pub fn try_new(settings: &AuthSettings, clock: Clock) -> Result<Self, KeySetError> {
        let secret = settings.hs256_secret.as_ref().map(|secret| DecodingKey::from_secret(secret.expose().as_bytes()));
        let keys = settings.key_set.as_ref().map(Keys::try_new).transpose()?;
        Ok(Self {
            settings: settings.clone(),
            secret: secret.map(Arc::new),
            keys,
            believed: Believed::default(),
            clock,
        })
    }

    /// The requester that the whole value of an `Authorization` header speaks for.
    pub async fn authenticate(&self, authorization: &str) -> Result<Requester, AuthError> {
        let verified = self.verify(authorization).await;
        if let Err(error) = &verified {
            metrics::counter!(metric::TOKENS_REFUSED, "reason" => error.reason()).increment(1);
        }
        verified
    }

    /// By what tokens are believed: whoever makes some goes by the same.
    pub(super) const fn settings(&self) -> &AuthSettings {
        &self.settings
    }

    /// How long a requester's token is still good.
    pub fn time_left(&self, requester: &Requester) -> Duration {
        Duration::try_from(requester.expires_at.duration_since(self.clock.now())).unwrap_or_default()
    }

    async fn verify(&self, authorization: &str) -> Result<Requester, AuthError> {
        let now = self.clock.now();
        let text = bearer(authorization)?;
        let token = Token::split(text)?;
        let hash = TokenHash::of(text);
        if let Some(verified) = self.believed.get(&hash)
            && let Some(requester) = self.recognise(&verified, now).await?
        {
            return Ok(requester);
        }
        let header = Header::read(&token)?;
        let (key, algorithm) = self.key_for(&header, now).await?;
        token.verify(&key, algorithm)?;
        let (requester, times) = claims::requester(&object(token.claims)?, &self.settings, now)?;
        self.believed.keep(hash, Verified { header, key, times, requester: requester.clone() });
        Ok(requester)
    }

    /// Who sent a token that was verified before; None where the key that verified it is no longer the one for it.
    async fn recognise(&self, verified: &Verified, now: Timestamp) -> Result<Option<Requester>, AuthError> {
        let (key, _) = self.key_for(&verified.header, now).await?;
        if !Arc::ptr_eq(&key, &verified.key) {
            return Ok(None);
        }
        verified.times.check(&self.settings, now)?;
        Ok(Some(verified.requester.clone()))
    }

    /// The one key that may have signed under such a header, with the one algorithm it signs by.
    async fn key_for(&self, header: &Header, now: Timestamp) -> Result<(Arc<DecodingKey>, Algorithm), AuthError> {
        match (header.signer, header.kind) {
            (Signer::Secret, TokenKind::Access | TokenKind::Plain) => {
                self.secret.clone().map(|key| (key, Algorithm::HS256)).ok_or(AuthError::Untrusted)
            }
            (Signer::Issuer(kind), TokenKind::Access) => {
                let keys = self.keys.as_ref().ok_or(AuthError::Untrusted)?;
                let found = keys.find(WantedKey { id: header.key_id.as_deref(), kind }, now).await;
                let key = found.map_err(|NoKeysYet| AuthError::KeysUnavailable)?.ok_or(AuthError::Untrusted)?;
                Ok((key, kind.algorithm()))
            }
            (Signer::Issuer(_), TokenKind::Plain) => Err(AuthError::Untrusted),
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The token of a bearer header; the scheme's name has no case.
fn bearer(authorization: &str) -> Result<&str, AuthError> {
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim_start_matches(' ')),
        Some(_) | None => Err(AuthError::NotBearer),
    }
}

/// A token in its parts, each still in base64.
struct Token<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    /// Header and claims, with the dot between them.
    signed: &'a str,
}

impl<'a> Token<'a> {
    fn split(token: &'a str) -> Result<Self, AuthError> {
        if token.len() > LONGEST_TOKEN_BYTES {
            return Err(AuthError::Malformed);
        }
        let mut parts = token.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(header), Some(claims), Some(signature), None) => {
                Ok(Self { header, claims, signature, signed: &token[..header.len() + 1 + claims.len()] })
            }
            _ => Err(AuthError::Malformed),
        }
    }

    fn verify(&self, key: &DecodingKey, algorithm: Algorithm) -> Result<(), AuthError> {
        match crypto::verify(self.signature, self.signed.as_bytes(), key, algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(AuthError::Untrusted),
        }
    }
}

/// What a header says that we act on.
pub(super) struct Header {
    signer: Signer,
    kind: TokenKind,
    key_id: Option<String>,
}

/// Who must have signed, by `alg`.
#[derive(Clone, Copy)]
enum Signer {
    Secret,
    Issuer(KeyKind),
}

/// What the token is for, by `typ`.
#[derive(Clone, Copy)]
enum TokenKind {
    Access,
    Plain,
}

impl Header {
    fn read(token: &Token<'_>) -> Result<Self, AuthError> {
        let header = object(token.header)?;
        if REFUSED_HEADERS.iter().any(|name| header.get(name).is_some()) {
            return Err(AuthError::Untrusted);
        }
        let word = |name| header.get(name).and_then(Value::as_str);
        let signer = word("alg").and_then(Signer::of).ok_or(AuthError::Untrusted)?;
        let kind = word("typ").and_then(TokenKind::of).ok_or(AuthError::Untrusted)?;
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(AuthError::Untrusted),
        };
        Ok(Self { signer, kind, key_id })
    }
}

impl Signer {
    fn of(algorithm: &str) -> Option<Self> {
        let kinds = [KeyKind::Rsa, KeyKind::P256, KeyKind::Ed25519];
        match algorithm {
            "HS256" => Some(Self::Secret),
            name => kinds.into_iter().find(|kind| kind.algorithm_name() == name).map(Self::Issuer),
        }
    }
}

impl TokenKind {
    /// Media types have no case and may be written in full.
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix("application/").unwrap_or(&name) {
            ACCESS_TOKEN => Some(Self::Access),
            "jwt" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// The object that a part of the token stands for.
fn object(part: &str) -> Result<UniqueObject, AuthError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| AuthError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| AuthError::Malformed)
}

#[cfg(test)]
mod tests;
