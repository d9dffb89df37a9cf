//! Fetching the providers' catalogues: their billers, and the accounts that money can come from.

use std::time::Duration;

use super::access::require;
use super::engine::call::called;
use super::look_up::refusal_of;
use super::{App, AppError};
use crate::domain::ids::ProviderId;
use crate::domain::provider::{ProviderCode, ProviderState};
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::ports::provider::{CatalogueEntry, FundingAccountEntry, Provider, ProviderError};
use crate::store::{StoreError, SyncReport};

/// How long one process may take to fetch a catalogue before another tries.
const SYNC_LEASE: Duration = Duration::from_secs(60);
/// How old a catalogue may become.
pub const SYNC_EVERY: Duration = Duration::from_secs(24 * 3600);

impl App {
    /// Fetches the catalogue of one provider, or of all, and tells what changed.
    pub async fn sync_billers(&self, requester: &Requester, provider: Option<&str>) -> Result<SyncReport, AppError> {
        require(requester, Scope::Operator)?;
        let wanted = match provider {
            None => self.providers.keys().copied().collect(),
            Some(id) => {
                let path = &["input", "providerId"];
                let id = id.parse::<ProviderId>().map_err(|_| Refusal::not_found(path, "provider"))?;
                let known = self.providers.keys().copied().find(|code| code.id() == id);
                vec![known.ok_or_else(|| Refusal::not_found(path, "provider"))?]
            }
        };
        let mut sum = SyncReport::default();
        for code in wanted {
            let report = self.sync_provider(code).await?.map_err(|error| refusal_of(&error, &[]))?;
            sum.added += report.added;
            sum.changed += report.changed;
            sum.retired += report.retired;
        }
        Ok(sum)
    }

    /// Fetches the catalogues that are missing or older than a day. One process does so for all.
    pub async fn sync_stale(&self) -> Result<(), StoreError> {
        for &code in self.providers.keys() {
            let synced_at = self.store.provider(code).await?.and_then(|row| row.synced_at);
            let fresh = synced_at.is_some_and(|at| at + SYNC_EVERY > self.clock.now());
            if !fresh
                && self.store.lease_sync(code, SYNC_LEASE).await?
                && let Err(error) = self.sync_provider(code).await?
            {
                tracing::warn!(provider.name = %code, %error, "the catalogue could not be fetched");
            }
        }
        Ok(())
    }

    async fn sync_provider(&self, code: ProviderCode) -> Result<Result<SyncReport, ProviderError>, StoreError> {
        let Some(provider) = self.provider(code) else { return Ok(Ok(SyncReport::default())) };
        match fetch(provider.as_ref()).await {
            Ok((entries, accounts)) => {
                let report = self.store.store_catalogue(code, &entries, &self.ids).await?;
                self.store.store_funding_accounts(code, &accounts, &self.ids).await?;
                self.note_without_pause(code, ProviderState::Healthy, None).await?;
                self.catalogue.refresh(&self.store).await?;
                tracing::info!(provider.name = %code, added = report.added, changed = report.changed, retired = report.retired, "catalogue fetched");
                Ok(Ok(report))
            }
            Err(error) => {
                let state = match &error {
                    ProviderError::Misconfigured(_) => ProviderState::Misconfigured,
                    ProviderError::Refused(_) | ProviderError::NotSent(_) | ProviderError::Unknown(_) => {
                        ProviderState::Degraded
                    }
                };
                self.note_without_pause(code, state, Some(&error.to_string())).await?;
                Ok(Err(error))
            }
        }
    }
}

/// A provider's billers and funding accounts.
async fn fetch(provider: &dyn Provider) -> Result<(Vec<CatalogueEntry>, Vec<FundingAccountEntry>), ProviderError> {
    // A session shows that the way is open; some catalogues need none. What else was prepared is given back at once.
    provider.prepare(None).await.map(drop)?;
    let code = provider.code();
    let entries = called(code, "catalogue", provider.catalogue()).await?;
    Ok((entries, called(code, "funding_accounts", provider.funding_accounts()).await?))
}
