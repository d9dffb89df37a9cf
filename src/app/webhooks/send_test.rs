//! A test: one request, sent now, kept nowhere.

use std::time::Duration;

use jiff::Timestamp;

use super::{App, AppError, not_found, read_id, require_url};
use crate::app::access::require;
use crate::domain::requester::{Requester, Scope};
use crate::domain::webhook::body;
use crate::ports::webhook_sender::{WebhookAnswer, WebhookRequest, WebhookTrouble};
use crate::store::Owner;

/// How long the receiver's answer is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookTest {
    /// How the receiver answered.
    pub answer: WebhookAnswer,
    /// When it was sent.
    pub at: Timestamp,
}

impl App {
    /// Sends a test to an endpoint, whether it is switched on or not; nothing about the endpoint changes. Refused where
    /// it, or its tenant, was sent too many of late.
    pub async fn send_test_webhook(&self, requester: &Requester, id: &str) -> Result<WebhookTest, AppError> {
        require(requester, Scope::WebhooksWrite)?;
        let at = self.clock.now();
        let found = self.store.webhook_endpoint_to_sign(&Owner::of(requester), read_id(id)?, at).await?;
        let (endpoint, secrets) = found.ok_or_else(not_found)?;
        require_url(&endpoint, super::ID)?;
        let url = endpoint.url.ok_or_else(not_found)?;
        let secrets = secrets.open(self.webhook_seal()?, endpoint.id).ok_or_else(super::unavailable)?;
        self.test_limit.admit(endpoint.id, &endpoint.tenant)?;
        let body = body::of_test(&requester.subject, at);
        let id = body::test_message_id(self.ids.reference());
        let sent = self.webhooks.send(WebhookRequest { url, id, at, body, secrets });
        let answer = tokio::time::timeout(PATIENCE, sent).await;
        Ok(WebhookTest { answer: answer.unwrap_or(WebhookAnswer::Failed(WebhookTrouble::TimedOut)), at })
    }
}
