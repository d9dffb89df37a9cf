//! The settings by which tokens are believed.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::reader::Reader;
use super::secret::Secret;
use super::value;
use crate::domain::requester::TenantId;

/// RFC 7518 asks of an HS256 key at least the hash's size.
const LEAST_HS256_BYTES: usize = 32;

/// Whose tokens are believed, and which.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// The key of HS256 tokens.
    pub hs256_secret: Option<Secret>,
    /// The keys of RS256, ES256 and EdDSA tokens.
    pub key_set: Option<KeySetSource>,
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or contain.
    pub audience: String,
    /// The tenant whose tokens may hold the scope `operator`.
    pub operator_tenant: Option<TenantId>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// The longest time from `iat` to `exp`.
    pub longest_life: Duration,
}

/// Where the issuer's key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetSource {
    /// Fetched, and fetched again when it may have changed.
    Url(Url),
    /// Read once at start.
    File(PathBuf),
}

impl AuthSettings {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let hs256_secret = reader.optional("auth.hs256_secret", value::secret_of(LEAST_HS256_BYTES));
        let key_set = KeySetSource::read(reader);
        let issuer = reader.required("auth.issuer", value::text);
        let audience = reader.required("auth.audience", value::text);
        let operator_tenant = reader.optional("auth.operator_tenant", value::tenant);
        let leeway = reader.required("auth.leeway", value::duration);
        let longest_life = reader.required("auth.longest_life", value::positive_duration);
        Some(Self {
            hs256_secret: hs256_secret?,
            key_set: key_set?,
            issuer: issuer?,
            audience: audience?,
            operator_tenant: operator_tenant?,
            leeway: leeway?,
            longest_life: longest_life?,
        })
    }
}

impl KeySetSource {
    fn read(reader: &mut Reader) -> Option<Option<Self>> {
        let url = reader.optional("auth.jwks_url", value::web_url);
        let file = reader.optional("auth.jwks_file", value::path);
        match (url?, file?) {
            (Some(url), None) => Some(Some(Self::Url(url))),
            (None, Some(path)) => Some(Some(Self::File(path))),
            (None, None) => Some(None),
            (Some(_), Some(_)) => {
                reader.note("auth.jwks_file", "is set beside auth.jwks_url", "keep one of the two");
                None
            }
        }
    }
}
