//! The billers, in memory.
//!
//! They seldom change and stand beside every payment, so they are read once and again when a provider's catalogue
//! version rises; every process notices by itself. Who needs a biller that is not there asks the database once more.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::biller::Biller;
use crate::domain::ids::BillerId;
use crate::store::{Store, StoreError};

/// All billers as they were at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    by_id: HashMap<BillerId, Arc<Biller>>,
    by_name: Vec<Arc<Biller>>,
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
}

impl Catalogue {
    /// The billers as last read.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the billers again, if any provider's catalogue has changed.
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
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Snapshot { by_id, by_name, versions });
        Ok(())
    }
}
