//! Tokens that were verified, so that the next request with the same token is spared it.
//!
//! A token is known by the SHA-256 of all of it, so that no other has its place, and so that none is kept. What is kept
//! is what it said, and the key that verified it: whoever asks looks the key up again, as for a new token, and believes
//! the token only under the very same key. A fetched set makes new keys of all that it holds, and forgets the others;
//! with it all that was believed under the last set is verified anew. The times are judged at each request. What was
//! not asked for longest is forgotten first.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jsonwebtoken::DecodingKey;
use lru::LruCache;
use sha2::{Digest, Sha256};

use super::claims::Times;
use super::jwt::Header;
use crate::domain::requester::Requester;

/// Tokens that are known at once.
const MOST_TOKENS: usize = 2048;

/// The SHA-256 of a whole token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// What a token said that was verified.
pub(super) struct Verified {
    pub(super) header: Header,
    /// By which it was verified.
    pub(super) key: Arc<DecodingKey>,
    pub(super) times: Times,
    pub(super) requester: Requester,
}

/// The tokens that were verified lately.
pub(super) struct Believed(Mutex<LruCache<TokenHash, Arc<Verified>>>);

impl Believed {
    pub(super) fn get(&self, token: &TokenHash) -> Option<Arc<Verified>> {
        self.lock().get(token).cloned()
    }

    pub(super) fn keep(&self, token: TokenHash, verified: Verified) {
        let mut tokens = self.lock();
        tokens.put(token, Arc::new(verified));
        if tokens.len() > MOST_TOKENS {
            tokens.pop_lru();
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<TokenHash, Arc<Verified>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Believed {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

/// Without the hashes, and without who was believed.
impl fmt::Debug for Believed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Believed").finish_non_exhaustive()
    }
}
