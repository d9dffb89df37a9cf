//! The billers and the funding accounts, in memory.
//!
//! They seldom change and stand beside every payment, so they are read once and again when a provider's catalogue
//! version rises; every process notices by itself. Who needs a biller that is not there asks the database once more.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::biller::Biller;
use crate::domain::funding_account::FundingAccount;
use crate::domain::ids::{BillerId, FundingAccountId};
use crate::domain::provider::ProviderCode;
use crate::store::{Store, StoreError};

/// All billers and funding accounts as they were at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    by_id: HashMap<BillerId, Arc<Biller>>,
    by_name: Vec<Arc<Biller>>,
    funding_accounts: Vec<FundingAccount>,
    versions: Vec<(String, i64)>,
}

/// The present snapshot.
#[derive(Debug, Default)]
pub struct Catalogue(RwLock<Arc<Snapshot>>);

impl Snapshot {
    /// A biller by its id.
    pub fn get(&self, id: BillerId) -> Option<&Arc<Biller>> {
        self.by_id.get(&id)
    }

    /// Every biller, by name.
    pub fn all(&self) -> &[Arc<Biller>] {
        &self.by_name
    }

    /// A funding account by its id.
    pub fn funding_account(&self, id: FundingAccountId) -> Option<&FundingAccount> {
        self.funding_accounts.iter().find(|account| account.id == id)
    }

    /// The funding accounts of a provider, by label.
    pub fn funding_accounts_of(&self, provider: ProviderCode) -> impl Iterator<Item = &FundingAccount> {
        self.funding_accounts.iter().filter(move |account| account.provider == provider)
    }
}

impl Catalogue {
    /// The billers and funding accounts as last read.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them again, if any provider's catalogue has changed.
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let mut versions: Vec<_> =
            store.providers().await?.into_iter().map(|row| (row.code.to_string(), row.catalogue_version)).collect();
        versions.sort();
        if self.snapshot().versions == versions {
            return Ok(());
        }
        let mut by_name: Vec<Arc<Biller>> = store.billers().await?.into_iter().map(Arc::new).collect();
        by_name.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        let by_id = by_name.iter().map(|biller| (biller.id, biller.clone())).collect();
        let mut funding_accounts = store.funding_accounts().await?;
        funding_accounts.sort_by(|one, other| (&one.label, one.id).cmp(&(&other.label, other.id)));
        let read = Snapshot { by_id, by_name, funding_accounts, versions };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(())
    }
}
