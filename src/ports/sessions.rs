//! Sessions with providers, shared by all processes, so that none signs in more often than it must.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::provider::ProviderCode;

/// Where a session is kept. It is a secret: whoever keeps it encrypts it.
#[async_graphql::async_trait::async_trait]
pub trait Sessions: Send + Sync + fmt::Debug {
    /// The session that was kept last, if it can be read.
    async fn load(&self, provider: ProviderCode) -> Option<String>;

    /// Whether this process may renew it now: one may at a time, for as long as `lease`.
    async fn may_renew(&self, provider: ProviderCode, lease: Duration) -> bool;

    /// Keeps a new one and ends the lease.
    async fn keep(&self, provider: ProviderCode, session: &str);
}

/// Sessions of this process alone.
#[derive(Default)]
pub struct OwnSessions(Mutex<BTreeMap<ProviderCode, String>>);

impl fmt::Debug for OwnSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnSessions")
    }
}

#[async_graphql::async_trait::async_trait]
impl Sessions for OwnSessions {
    async fn load(&self, provider: ProviderCode) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&provider).cloned()
    }

    async fn may_renew(&self, _: ProviderCode, _: Duration) -> bool {
        true
    }

    async fn keep(&self, provider: ProviderCode, session: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(provider, session.to_owned());
    }
}
