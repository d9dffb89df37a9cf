//! Heads: how far each tenant's log goes, as far as this process has heard.
//!
//! Purpose: wake who waits for events. Mechanism: one watch channel a tenant that someone waits for; it is raised by
//! this process's own commits, by PostgreSQL's NOTIFY, and by one poll a second over all that are waited for.
//! Guarantee: a head is a hint. Who is woken reads the log itself, so that a lost or repeated hint loses nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::domain::requester::TenantId;

/// The heads that this process knows.
#[derive(Debug, Default)]
pub struct Heads {
    tenants: Mutex<HashMap<TenantId, watch::Sender<i64>>>,
    untold: Mutex<HashMap<TenantId, i64>>,
    commits: Notify,
    work: Notify,
    deliveries: Notify,
}

impl Heads {
    /// Waits for a tenant's log to grow.
    pub fn watch(&self, tenant: &TenantId) -> watch::Receiver<i64> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.entry(tenant.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Tells that a tenant's log goes at least as far as `sequence`.
    pub fn raise(&self, tenant: &TenantId, sequence: i64) {
        self.nudge_deliveries();
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = tenants.get(tenant) {
            head.send_if_modified(|known| {
                let grew = sequence > *known;
                *known = (*known).max(sequence);
                grew
            });
        }
    }

    /// Forgets how far the logs go, since the database lives another life, in which they may not go as far. Whoever
    /// waits is woken by the end of its channel, and watches anew.
    pub fn begin_anew(&self) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Tells that this process committed events of a tenant: its own waiters are woken, and other processes told.
    pub(super) fn committed(&self, tenant: &TenantId, sequence: i64) {
        self.raise(tenant, sequence);
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), sequence);
        self.commits.notify_one();
    }

    /// Waits until this process has committed events, and takes the tenants whose they are, each once, with the head.
    pub async fn commits(&self) -> HashMap<TenantId, i64> {
        self.commits.notified().await;
        std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The tenants that someone waits for. Those that nobody waits for any more are forgotten.
    pub fn watched(&self) -> Vec<TenantId> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.retain(|_, head| head.receiver_count() > 0);
        tenants.keys().cloned().collect()
    }

    /// Tells the worker that something may be due.
    pub fn nudge_work(&self) {
        self.work.notify_one();
    }

    /// Waits until something may be due.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// Tells that there may be webhooks to deliver.
    pub fn nudge_deliveries(&self) {
        self.deliveries.notify_one();
    }

    /// Waits until there may be webhooks to deliver.
    pub async fn deliveries(&self) {
        self.deliveries.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_only_grows_and_unwatched_tenants_are_forgotten() {
        let heads = Heads::default();
        let tenant = TenantId::try_new("acme").expect("a tenant");
        let watch = heads.watch(&tenant);
        heads.raise(&tenant, 7);
        heads.raise(&tenant, 3);
        assert_eq!(*watch.borrow(), 7);
        drop(watch);
        assert!(heads.watched().is_empty());
    }

    #[tokio::test]
    async fn in_another_life_whoever_waits_is_woken_and_hears_of_a_lower_head() {
        let heads = Heads::default();
        let tenant = TenantId::try_new("acme").expect("a tenant");
        let mut watch = heads.watch(&tenant);
        heads.raise(&tenant, 7);
        watch.borrow_and_update();
        heads.begin_anew();
        assert!(watch.changed().await.is_err(), "the channel has ended");
        let watch = heads.watch(&tenant);
        heads.raise(&tenant, 3);
        assert_eq!(*watch.borrow(), 3);
    }
}
