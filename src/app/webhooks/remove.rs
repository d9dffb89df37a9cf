//! Removing an endpoint: nothing is sent to it any more, and what was on its way to it is given up.

use super::{App, AppError, not_found, read_id};
use crate::app::access::require;
use crate::crash::Step;
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::domain::webhook::{EndpointKind, WebhookEndpoint};
use crate::store::Owner;

impl App {
    /// Removes an endpoint; one that was removed before is answered as it is.
    pub async fn remove_webhook_endpoint(&self, requester: &Requester, id: &str) -> Result<WebhookEndpoint, AppError> {
        require(requester, Scope::WebhooksWrite)?;
        let id = read_id(id)?;
        let work = self.store.begin(Step::Other).await?;
        let endpoint = work.webhook_endpoint(&Owner::of(requester), id).await?.ok_or_else(not_found)?;
        if endpoint.removed_at.is_some() {
            work.roll_back().await?;
            return Ok(endpoint);
        }
        match endpoint.kind {
            EndpointKind::Tenant => {}
            EndpointKind::PaymentCallbacks => {
                let message = "the endpoint of the payments' callbacks cannot be removed; switch it off instead";
                return Err(Refusal::input(super::ID, message).into());
            }
        }
        let now = work.now();
        let removed = WebhookEndpoint { removed_at: Some(now), updated_at: now, ..endpoint };
        work.save_webhook_endpoint(&removed).await?;
        work.give_up_deliveries(&removed).await?;
        work.commit().await?;
        tracing::info!(webhook_endpoint.id = %id, actor = %requester.subject, "a webhook endpoint was removed");
        Ok(removed)
    }
}
