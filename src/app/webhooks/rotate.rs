//! A new secret. The former signs beside it for a day, so that receivers can change over while webhooks go on; asked
//! for again at once, since the answer was lost, it ends the secret that nobody saw and no other.

use super::{App, AppError, lock};
use crate::app::access::require;
use crate::crash::Step;
use crate::domain::requester::{Requester, Scope};
use crate::domain::webhook::WebhookEndpoint;
use crate::domain::webhook_secret::WebhookSecret;

impl App {
    /// Gives an endpoint a new secret, which is told this once. Of several changes within a day the newest two sign;
    /// one that follows soon upon another stands in its place.
    pub async fn rotate_webhook_secret(
        &self,
        requester: &Requester,
        id: &str,
    ) -> Result<(WebhookEndpoint, WebhookSecret), AppError> {
        require(requester, Scope::WebhooksWrite)?;
        let work = self.store.begin(Step::Other).await?;
        let endpoint = lock(&work, requester, id).await?;
        let (secret, sealed) = self.new_webhook_secret(endpoint.id)?;
        let now = work.now();
        let renewal = endpoint.renewal(now);
        let endpoint = endpoint.renewed(renewal, now);
        work.rotate_webhook_secret(&endpoint, renewal, sealed).await?;
        work.commit().await?;
        tracing::info!(webhook_endpoint.id = %endpoint.id, actor = %requester.subject, "a webhook secret was renewed");
        Ok((endpoint, secret))
    }
}
