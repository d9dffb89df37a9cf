//! The public keys that tokens are verified with.
//!
//! A set is read from a file once, or fetched from the issuer and kept. Only keys that sign by RS256, ES256 or EdDSA
//! are taken from it, each bound to its one algorithm; a shared secret or an encryption key in a set is passed over. A
//! fetched set is asked for again when it is ten minutes old or lacks a key, but at most once a minute, so that a flood
//! of unknown keys makes no flood of requests. A failed fetch leaves the last set in use.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Client;
use serde::Deserialize;
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use crate::authorities::authorities;
use crate::config::KeySetSource;

/// A fetched set is asked for again after this time, so that withdrawn keys stop to count.
const FRESH_FOR: SignedDuration = SignedDuration::from_mins(10);
/// The least time between two fetches.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_SET_BYTES: usize = 256 * 1024;
/// The bytes of a coordinate on P-256 and of an Ed25519 key.
const COORDINATE_BYTES: usize = 32;

/// What a public key is, and so which one algorithm it verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    P256,
    Ed25519,
}

impl KeyKind {
    /// The algorithm that goes with the key.
    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa => Algorithm::RS256,
            Self::P256 => Algorithm::ES256,
            Self::Ed25519 => Algorithm::EdDSA,
        }
    }

    /// The algorithm's name in a header and in a set.
    pub(super) const fn algorithm_name(self) -> &'static str {
        match self {
            Self::Rsa => "RS256",
            Self::P256 => "ES256",
            Self::Ed25519 => "EdDSA",
        }
    }
}

/// Which key a token asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedKey<'a> {
    /// The header's `kid`, which is compared and never opened.
    pub(super) id: Option<&'a str>,
    /// By the header's `alg`.
    pub(super) kind: KeyKind,
}

/// Why a set can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// The file can't be read.
    #[error("auth.jwks_file can't be read: {0}")]
    File(#[source] io::Error),
    /// The issuer does not answer, or the client can't be built.
    #[error("auth.jwks_url can't be fetched: {0}")]
    Fetch(#[source] reqwest::Error),
    /// The answer is larger than any set.
    #[error("the key set is longer than {LARGEST_SET_BYTES} bytes")]
    TooLong,
    /// It is no set of keys.
    #[error("the key set is no JSON object with `keys`")]
    Malformed,
    /// Nothing in it verifies tokens.
    #[error("the key set holds no RSA, P-256 or Ed25519 key for signatures")]
    Empty,
}

/// Where keys are found.
#[derive(Debug)]
pub(super) enum Keys {
    Fixed(KeySet),
    Fetched(Box<FetchedKeys>),
}

impl Keys {
    /// Reads the file, or gets ready to fetch.
    pub(super) fn try_new(source: &KeySetSource) -> Result<Self, KeySetError> {
        match source {
            KeySetSource::File(path) => KeySet::read(path).map(Self::Fixed),
            KeySetSource::Url(url) => FetchedKeys::try_new(url).map(Box::new).map(Self::Fetched),
        }
    }

    /// The key, `None` where the set lacks it.
    pub(super) async fn find(
        &self,
        wanted: WantedKey<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<DecodingKey>>, NoKeysYet> {
        match self {
            Self::Fixed(set) => Ok(set.find(wanted)),
            Self::Fetched(keys) => keys.find(wanted, now).await,
        }
    }
}

/// No set was ever fetched, so nothing can be said of any key.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoKeysYet;

/// The usable keys of one set.
#[derive(Debug)]
pub(super) struct KeySet(Vec<PublicKey>);

#[derive(Debug)]
struct PublicKey {
    id: Option<String>,
    kind: KeyKind,
    key: Arc<DecodingKey>,
}

impl KeySet {
    fn read(path: &Path) -> Result<Self, KeySetError> {
        Self::parse(&std::fs::read(path).map_err(KeySetError::File)?)
    }

    fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let set: WireSet = serde_json::from_slice(json).map_err(|_| KeySetError::Malformed)?;
        let keys: Vec<_> =
            set.keys.into_iter().filter_map(|key| WireKey::deserialize(key).ok()?.public_key()).collect();
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    /// The key of that id; without an id, the only key of that kind.
    fn find(&self, wanted: WantedKey<'_>) -> Option<Arc<DecodingKey>> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.kind == wanted.kind && wanted.id.is_none_or(|id| key.id.as_deref() == Some(id)));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(Arc::clone(&only.key)),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }
}

/// A set as issuers write it.
#[derive(Deserialize)]
struct WireSet {
    keys: Vec<serde_json::Value>,
}

/// A key of it.
#[derive(Deserialize)]
struct WireKey {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl WireKey {
    fn public_key(self) -> Option<PublicKey> {
        let (kind, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => (KeyKind::Rsa, DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?)),
            ("EC", Some("P-256")) => {
                let (x, y) = (coordinate(self.x.as_deref()?)?, coordinate(self.y.as_deref()?)?);
                (KeyKind::P256, DecodingKey::from_ec_components(x, y))
            }
            ("OKP", Some("Ed25519")) => {
                (KeyKind::Ed25519, DecodingKey::from_ed_components(coordinate(self.x.as_deref()?)?))
            }
            _ => return None,
        };
        let signs = self.usage.is_none_or(|usage| usage == "sig");
        let fits = self.alg.is_none_or(|name| name == kind.algorithm_name());
        (signs && fits).then_some(PublicKey { id: self.kid, kind, key: Arc::new(key.ok()?) })
    }
}

/// The text, if it stands for as many bytes as the curve has.
fn coordinate(text: &str) -> Option<&str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() == COORDINATE_BYTES).then_some(text)
}

/// A set that is fetched when it is needed.
#[derive(Debug)]
pub(super) struct FetchedKeys {
    url: Url,
    http: Client,
    /// When the last fetch began; whoever holds it may begin the next.
    tried_at: Mutex<Option<Timestamp>>,
    cached: RwLock<Option<CachedSet>>,
}

#[derive(Debug)]
struct CachedSet {
    set: KeySet,
    fetched_at: Timestamp,
}

impl FetchedKeys {
    fn try_new(url: &Url) -> Result<Self, KeySetError> {
        let http = client().map_err(KeySetError::Fetch)?;
        Ok(Self { url: url.clone(), http, tried_at: Mutex::new(None), cached: RwLock::new(None) })
    }

    async fn find(&self, wanted: WantedKey<'_>, now: Timestamp) -> Result<Option<Arc<DecodingKey>>, NoKeysYet> {
        match self.look(wanted, now) {
            Look::Fresh(key) => return Ok(Some(key)),
            Look::Stale(key) => match self.tried_at.try_lock() {
                Ok(tried_at) => self.refresh(tried_at, now).await,
                Err(_) => return Ok(Some(key)),
            },
            Look::Missing | Look::Empty => self.refresh(self.tried_at.lock().await, now).await,
        }
        match self.look(wanted, now) {
            Look::Fresh(key) | Look::Stale(key) => Ok(Some(key)),
            Look::Missing => Ok(None),
            Look::Empty => Err(NoKeysYet),
        }
    }

    fn look(&self, wanted: WantedKey<'_>, now: Timestamp) -> Look {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        let Some(cached) = cached.as_ref() else { return Look::Empty };
        match cached.set.find(wanted) {
            Some(key) if is_within(FRESH_FOR, cached.fetched_at, now) => Look::Fresh(key),
            Some(key) => Look::Stale(key),
            None => Look::Missing,
        }
    }

    /// Fetches the set, unless that was tried a moment ago.
    async fn refresh(&self, mut tried_at: MutexGuard<'_, Option<Timestamp>>, now: Timestamp) {
        if tried_at.is_some_and(|then| is_within(PAUSE, then, now)) {
            return;
        }
        *tried_at = Some(now);
        match self.fetch().await {
            Ok(set) => {
                let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
                *cached = Some(CachedSet { set, fetched_at: now });
            }
            Err(error) => tracing::warn!(%error, "no new key set; tokens are verified with the last one"),
        }
    }

    async fn fetch(&self) -> Result<KeySet, KeySetError> {
        let answer = self.http.get(self.url.clone()).send().await.and_then(reqwest::Response::error_for_status);
        let mut answer = answer.map_err(KeySetError::Fetch)?;
        let mut json = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(KeySetError::Fetch)? {
            if json.len() + chunk.len() > LARGEST_SET_BYTES {
                return Err(KeySetError::TooLong);
            }
            json.extend_from_slice(&chunk);
        }
        KeySet::parse(&json)
    }
}

/// What the last fetched set says of a key.
enum Look {
    Fresh(Arc<DecodingKey>),
    Stale(Arc<DecodingKey>),
    Missing,
    Empty,
}

/// Whether `now` is less than `span` after `then`. A clock set back counts as a long time.
fn is_within(span: SignedDuration, then: Timestamp, now: Timestamp) -> bool {
    (SignedDuration::ZERO..span).contains(&now.duration_since(then))
}

fn client() -> reqwest::Result<Client> {
    Client::builder()
        .tls_certs_only(authorities()?)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(FETCH_TIMEOUT)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> KeySet {
        KeySet::parse(include_bytes!("../../tests/fixtures/jwks/jwks.json")).expect("a set")
    }

    #[test]
    fn only_public_keys_for_signatures_are_taken_from_a_set() {
        let set = set();
        let ids: Vec<_> = set.0.iter().map(|key| key.id.as_deref().expect("an id")).collect();
        assert_eq!(ids, ["rsa-1", "ec-1", "ed-1"]);
    }

    #[test]
    fn j4_a_key_is_found_by_its_id_and_kind_and_by_nothing_else() {
        let set = set();
        let find = |id, kind| set.find(WantedKey { id, kind }).is_some();
        assert!(find(Some("rsa-1"), KeyKind::Rsa) && find(None, KeyKind::Rsa));
        assert!(!find(Some("rsa-1"), KeyKind::P256));
        for id in ["", "oct-1", "../rsa-1", "' OR 1=1 --", "https://evil.example/keys", "rsa-for-encryption"] {
            assert!(!find(Some(id), KeyKind::Rsa), "{id}");
        }
    }

    #[test]
    fn a_set_without_usable_keys_is_refused() {
        assert!(matches!(KeySet::parse(b"{\"keys\":[]}"), Err(KeySetError::Empty)));
        let short = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"},{"kty":"oct","k":"AAAA"},7]}"#;
        assert!(matches!(KeySet::parse(short), Err(KeySetError::Empty)));
        assert!(matches!(KeySet::parse(b"[]"), Err(KeySetError::Malformed)));
    }

    #[test]
    fn a_clock_set_back_does_not_stop_refreshes() {
        let (then, now) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(59));
        assert!(is_within(PAUSE, then, now));
        assert!(!is_within(PAUSE, now, then) && !is_within(PAUSE, then, now + SignedDuration::from_secs(1)));
    }
}
