//! Automatic persisted queries: documents that clients have sent once, and name by their hash from then on.
//!
//! They are kept in this process, for the tenant that sent them and no other; a client that is told that its document
//! is not known sends it again, so nothing is lost when one is forgotten. Each tenant's documents are bounded by number
//! and by bytes, and the tenants by number; what was not asked for longest is forgotten first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::document_hash::DocumentHash;
use crate::domain::requester::TenantId;

/// Tenants whose documents are kept.
const MOST_TENANTS: usize = 128;
/// Bytes of the texts that are kept for one tenant.
const MOST_BYTES: usize = 1024 * 1024;

/// The documents of all tenants.
#[derive(Debug)]
pub struct PersistedQueries {
    most_per_tenant: usize,
    shelves: Mutex<LruCache<TenantId, Shelf>>,
}

/// The documents of one tenant.
#[derive(Debug)]
struct Shelf {
    texts: LruCache<DocumentHash, Arc<str>>,
    bytes: usize,
}

impl PersistedQueries {
    /// Keeps so many documents of a tenant; with 0 none.
    pub fn new(most_per_tenant: usize) -> Self {
        Self { most_per_tenant, shelves: Mutex::new(LruCache::unbounded()) }
    }

    /// Whether any is kept.
    pub const fn is_on(&self) -> bool {
        self.most_per_tenant > 0
    }

    /// The document of this hash, where this tenant has sent it.
    pub fn get(&self, tenant: &TenantId, hash: &DocumentHash) -> Option<Arc<str>> {
        self.lock().get_mut(tenant)?.texts.get(hash).cloned()
    }

    /// Keeps a document, whose hash was verified.
    pub fn keep(&self, tenant: &TenantId, hash: DocumentHash, text: Arc<str>) {
        if !self.is_on() || text.len() > MOST_BYTES {
            return;
        }
        let mut shelves = self.lock();
        shelves.get_or_insert_mut(tenant.clone(), Shelf::new).keep(hash, text, self.most_per_tenant);
        if shelves.len() > MOST_TENANTS {
            shelves.pop_lru();
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<TenantId, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn new() -> Self {
        Self { texts: LruCache::unbounded(), bytes: 0 }
    }

    fn keep(&mut self, hash: DocumentHash, text: Arc<str>, most: usize) {
        self.bytes += text.len();
        if let Some(former) = self.texts.put(hash, text) {
            self.bytes -= former.len();
        }
        while self.texts.len() > most || self.bytes > MOST_BYTES {
            let Some((_, forgotten)) = self.texts.pop_lru() else { return };
            self.bytes -= forgotten.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::try_new(name).unwrap()
    }

    fn keep(queries: &PersistedQueries, name: &str, text: &str) -> DocumentHash {
        let hash = DocumentHash::of(text);
        queries.keep(&tenant(name), hash, text.into());
        hash
    }

    #[test]
    fn a_document_is_its_tenants_own() {
        let queries = PersistedQueries::new(2);
        let hash = keep(&queries, "acme", "{ a }");
        assert_eq!(queries.get(&tenant("acme"), &hash).as_deref(), Some("{ a }"));
        assert_eq!(queries.get(&tenant("umbrella"), &hash), None);
    }

    #[test]
    fn the_number_of_documents_is_bounded_and_the_latest_stay() {
        let queries = PersistedQueries::new(2);
        let hashes: Vec<_> = ["{ a }", "{ b }"].map(|text| keep(&queries, "acme", text)).into();
        assert!(queries.get(&tenant("acme"), &hashes[0]).is_some());
        let third = keep(&queries, "acme", "{ c }");
        let known = |hash| queries.get(&tenant("acme"), &hash).is_some();
        assert!(known(hashes[0]) && !known(hashes[1]) && known(third));
    }

    #[test]
    fn the_bytes_are_bounded_and_counted_once() {
        let queries = PersistedQueries::new(1_000);
        let texts: Vec<_> = (0..5).map(|number| format!("{number}{}", "x".repeat(MOST_BYTES / 4))).collect();
        for text in texts.iter().chain(&texts) {
            keep(&queries, "acme", text);
        }
        let shelves = queries.lock();
        let shelf = shelves.peek(&tenant("acme")).unwrap();
        assert_eq!(shelf.bytes, shelf.texts.iter().map(|(_, text)| text.len()).sum::<usize>());
        assert!(shelf.bytes <= MOST_BYTES && shelf.texts.len() == 3);
    }

    #[test]
    fn the_tenants_are_bounded_and_zero_keeps_nothing() {
        let queries = PersistedQueries::new(1);
        let first = keep(&queries, "t0", "{ a }");
        (1..=MOST_TENANTS).for_each(|number| {
            keep(&queries, &format!("t{number}"), "{ a }");
        });
        assert_eq!(queries.lock().len(), MOST_TENANTS);
        assert_eq!(queries.get(&tenant("t0"), &first), None);
        let off = PersistedQueries::new(0);
        let hash = keep(&off, "acme", "{ a }");
        assert!(!off.is_on() && off.get(&tenant("acme"), &hash).is_none());
    }
}
