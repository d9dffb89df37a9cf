//! What all processes know of the ways to the providers, as it was read a moment ago.
//!
//! Each submission asks for it, and it changes seldom: so it is read once for all who ask within a quarter of a second,
//! and anew once this process has changed it. A pause that another process begins is seen that much later.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::app::App;
use crate::app::memo::Memo;
use crate::domain::provider::{ProviderCode, ProviderState};
use crate::store::{ProviderRow, Store, StoreError};

/// The rows of all providers.
pub(super) type KnownWays = Arc<HashMap<ProviderCode, ProviderRow>>;

/// What was read.
#[derive(Debug, Default)]
pub struct Ways {
    /// By how often this process had changed it.
    read: Arc<Memo<u64, KnownWays>>,
    changes: AtomicU64,
}

impl App {
    /// What is known of all ways.
    pub(in crate::app) async fn ways(&self) -> Result<KnownWays, StoreError> {
        let changes = self.ways.changes.load(Ordering::SeqCst);
        let store = self.store.clone();
        let find_out = move || async move { read(&store).await.ok() };
        match self.ways.read.get(&changes, &self.clock, None, find_out).await {
            Some(known) => Ok(known.value),
            None => read(&self.store).await,
        }
    }

    /// Records how well the way to a provider works.
    pub(in crate::app) async fn record_way(
        &self,
        provider: ProviderCode,
        state: ProviderState,
        reason: Option<&str>,
        submits_paused_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let recorded = self.store.set_provider_state(provider, state, reason, submits_paused_until).await;
        self.forget_ways();
        recorded
    }

    /// Records what a question tells, or the fetching of a catalogue. Where submissions pause it tells nothing, since only a submission
    /// that is answered shows that the provider takes them; but that a catalogue could be fetched ends a pause that is over and
    /// that nobody has tried since.
    pub(in crate::app) async fn note_without_pause(
        &self,
        provider: ProviderCode,
        state: ProviderState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let recorded = self.store.set_unpaused_provider_state(provider, state, reason).await;
        self.forget_ways();
        recorded
    }

    /// To be called after this process has changed what is known.
    pub(super) fn forget_ways(&self) {
        self.ways.changes.fetch_add(1, Ordering::SeqCst);
    }
}

async fn read(store: &Store) -> Result<KnownWays, StoreError> {
    Ok(Arc::new(store.providers().await?.into_iter().map(|way| (way.code, way)).collect()))
}
