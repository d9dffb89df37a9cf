//! Waiting for the worker: for the provider's first answer about control numbers.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use crate::app::{App, AppError};
use crate::domain::control_number::{ControlNumber, ControlNumberStatus};
use crate::domain::requester::TenantId;
use crate::store::Owner;

/// How long a waiter relies on hints before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl App {
    /// Waits until none of these numbers awaits the provider's first answer, at most as long as the settings allow; then
    /// tells what is. Holds no connection while it waits.
    pub(super) async fn wait_for_numbers(
        &self,
        tenant: &TenantId,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, ControlNumber>, AppError> {
        let owner = Owner { tenant: tenant.clone(), customer: None };
        let mut head = self.store.heads().watch(tenant);
        let give_up = tokio::time::Instant::now() + self.policy.wait_limit;
        loop {
            head.borrow_and_update();
            let found = self.store.control_numbers_by_ids(&owner, ids).await?;
            let waits = found.values().any(|number| number.status == ControlNumberStatus::Requested);
            if !waits || tokio::time::Instant::now() >= give_up {
                return Ok(found);
            }
            let until = give_up.min(tokio::time::Instant::now() + LOOK_AGAIN);
            // A lost hint costs at most this long.
            let _ = tokio::time::timeout_at(until, head.changed()).await;
        }
    }
}
