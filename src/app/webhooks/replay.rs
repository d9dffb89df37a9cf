//! Sending a part of the log again, under the same ids.

use super::{App, AppError, lock};
use crate::app::access::require;
use crate::crash::Step;
use crate::domain::requester::{Requester, Scope};
use crate::domain::webhook::endpoint::replay_through;
use crate::domain::webhook::{EndpointKind, WebhookEndpoint};

/// Which part of the log is to be sent again, and where to.
#[derive(Clone, Copy, Debug)]
pub struct ReplayWebhooks<'a> {
    /// To which endpoint, as the caller wrote its id.
    pub id: &'a str,
    /// The first sequence.
    pub from: i64,
    /// The last sequence; without it, all that was handled.
    pub through: Option<i64>,
}

impl App {
    /// Has events sent again, those too that were given up. At an endpoint's own URL what is new waits until the
    /// replay is through; callbacks are sent again in the order of each payment.
    pub async fn replay_webhooks(
        &self,
        requester: &Requester,
        input: ReplayWebhooks<'_>,
    ) -> Result<WebhookEndpoint, AppError> {
        require(requester, Scope::WebhooksWrite)?;
        let oldest = self.store.oldest_event(&requester.tenant).await?;
        let work = self.store.begin(Step::Other).await?;
        let endpoint = lock(&work, requester, input.id).await?;
        let through = replay_through(input.from, input.through, endpoint.position.cursor, oldest)?;
        let now = work.now();
        let position = match endpoint.kind {
            EndpointKind::Tenant => endpoint.position.replaying(input.from, through)?,
            // What is to be sent stands in the deliveries themselves.
            EndpointKind::PaymentCallbacks => endpoint.position,
        };
        let endpoint = WebhookEndpoint { position, next_at: Some(now), updated_at: now, ..endpoint };
        work.save_webhook_endpoint(&endpoint).await?;
        work.revive_deliveries(&endpoint, input.from, through).await?;
        work.commit().await?;
        self.store.heads().nudge_deliveries();
        tracing::info!(webhook_endpoint.id = %endpoint.id, actor = %requester.subject, "webhooks are sent again");
        Ok(endpoint)
    }
}
