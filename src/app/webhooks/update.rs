//! Changing an endpoint. One that is switched on, or sent elsewhere, begins anew with what waits for it.

use std::fmt;

use super::{App, AppError, lock, require_url};
use crate::app::access::require;
use crate::crash::Step;
use crate::domain::event::EventType;
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::domain::webhook::endpoint::description;
use crate::domain::webhook::{Changes, WebhookEndpoint};

/// What is to be different about an endpoint; what is none stays.
#[derive(Clone)]
pub struct UpdateWebhookEndpoint<'a> {
    /// Which one, as the caller wrote its id.
    pub id: &'a str,
    /// Another URL.
    pub url: Option<String>,
    /// Another description, or none any more.
    pub description: Option<Option<String>>,
    /// Other types; empty stands for all.
    pub event_types: Option<Vec<EventType>>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
}

impl App {
    /// Changes an endpoint.
    pub async fn update_webhook_endpoint(
        &self,
        requester: &Requester,
        input: UpdateWebhookEndpoint<'_>,
    ) -> Result<WebhookEndpoint, AppError> {
        require(requester, Scope::WebhooksWrite)?;
        let id = input.id;
        let changes = self.read_changes(input)?;
        let work = self.store.begin(Step::Other).await?;
        let endpoint = lock(&work, requester, id).await?;
        if changes.url.is_some() {
            require_url(&endpoint, &["input", "url"])?;
        }
        let (afresh, narrowed) = (endpoint.begins_afresh(&changes), changes.event_types.is_some());
        let mut endpoint = endpoint.changed(changes, work.now());
        if narrowed && work.drop_unwanted_deliveries(&endpoint).await? > 0 {
            endpoint = endpoint.relieved(work.now());
        }
        work.save_webhook_endpoint(&endpoint).await?;
        if afresh {
            work.wake_deliveries(&endpoint).await?;
        }
        work.commit().await?;
        self.store.heads().nudge_deliveries();
        tracing::info!(webhook_endpoint.id = %endpoint.id, actor = %requester.subject, "a webhook endpoint was changed");
        Ok(endpoint)
    }

    /// The changes, or all that is wrong with them.
    fn read_changes(&self, input: UpdateWebhookEndpoint<'_>) -> Result<Changes, AppError> {
        let mut faults = Vec::new();
        let mut changes =
            Changes { url: None, description: None, event_types: input.event_types, enabled: input.enabled };
        match input.url.map(|url| self.webhooks.check(&url)).transpose() {
            Ok(url) => changes.url = url,
            Err(refused) => faults.push(Refusal::input(&["input", "url"], refused.to_string())),
        }
        match input.description.map(|text| text.as_deref().map_or(Ok(None), description)).transpose() {
            Ok(text) => changes.description = text,
            Err(refusal) => faults.push(refusal),
        }
        if faults.is_empty() { Ok(changes) } else { Err(AppError::Refused(faults)) }
    }
}

impl fmt::Debug for UpdateWebhookEndpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateWebhookEndpoint")
            .field("id", &self.id)
            .field("event_types", &self.event_types)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
