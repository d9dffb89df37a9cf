//! Making an endpoint: it is told of what comes from now on.

use std::fmt;

use super::{App, AppError};
use crate::app::access::require;
use crate::crash::Step;
use crate::domain::event::EventType;
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::domain::webhook::endpoint::{MOST_ENDPOINTS, description, distinct};
use crate::domain::webhook::{EndpointKind, EndpointState, Position, WebhookEndpoint};
use crate::domain::webhook_secret::WebhookSecret;
use crate::store::NewWebhookEndpoint;

/// An endpoint as a caller wants it.
#[derive(Clone)]
pub struct CreateWebhookEndpoint {
    /// Where to.
    pub url: String,
    /// What a person knows it by.
    pub description: Option<String>,
    /// Of which types; empty stands for all.
    pub event_types: Vec<EventType>,
}

impl App {
    /// Makes an endpoint. Its secret is told this once.
    pub async fn create_webhook_endpoint(
        &self,
        requester: &Requester,
        input: CreateWebhookEndpoint,
    ) -> Result<(WebhookEndpoint, WebhookSecret), AppError> {
        require(requester, Scope::WebhooksWrite)?;
        let url = self.webhooks.check(&input.url);
        let url = url.map_err(|refused| Refusal::input(&["input", "url"], refused.to_string()));
        let description = input.description.as_deref().map_or(Ok(None), description);
        let (url, description) = match (url, description) {
            (Ok(url), Ok(description)) => (url, description),
            (url, description) => {
                return Err(AppError::Refused(url.err().into_iter().chain(description.err()).collect()));
            }
        };
        let (id, now) = (self.ids.next(), self.clock.now());
        let (secret, sealed) = self.new_webhook_secret(id)?;
        let endpoint = WebhookEndpoint {
            id,
            tenant: requester.tenant.clone(),
            customer: requester.customer.clone(),
            kind: EndpointKind::Tenant,
            url: Some(url),
            description,
            event_types: distinct(input.event_types),
            state: EndpointState::Active,
            position: Position::at(0),
            next_at: None,
            secret_since: now,
            previous_secret_until: None,
            created_by: requester.subject.clone(),
            created_at: now,
            updated_at: now,
            removed_at: None,
        };
        let work = self.store.begin(Step::Other).await?;
        if work.count_webhook_endpoints(&requester.tenant).await? >= MOST_ENDPOINTS {
            let message = format!("a tenant has at most {MOST_ENDPOINTS} webhook endpoints; remove one first");
            return Err(Refusal::input(&["input"], message).into());
        }
        let endpoint = work.add_webhook_endpoint(NewWebhookEndpoint { endpoint, secret: sealed }).await?;
        work.commit().await?;
        tracing::info!(webhook_endpoint.id = %id, actor = %requester.subject, "a webhook endpoint was made");
        Ok((endpoint, secret))
    }
}

impl fmt::Debug for CreateWebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateWebhookEndpoint").field("event_types", &self.event_types).finish_non_exhaustive()
    }
}
