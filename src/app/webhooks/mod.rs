//! Webhooks: endpoints that tenants keep, callbacks of payments, and how both are told.
//!
//! Purpose: send each event to whoever wants it, in order and at least once. Mechanism: an endpoint follows the log by
//! a cursor; whoever claims it by lease sends what stands behind the cursor, one after another, and records each
//! outcome under the claim's fence before it goes on. Guarantee: what was not recorded is sent again under the same
//! id, so that nothing is lost and a receiver recognises what came twice; nothing newer overtakes what still waits.

mod callbacks;
mod calls;
mod create;
mod deliver;
mod events;
mod places;
mod remove;
mod replay;
mod rotate;
mod send_test;
mod test_limit;
mod turn;
mod update;

use uuid::Uuid;

use super::{App, AppError};
use crate::domain::ids::WebhookEndpointId;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::Requester;
use crate::domain::webhook::{EndpointKind, WebhookEndpoint};
use crate::domain::webhook_secret::WebhookSecret;
use crate::store::work::Work;
use crate::store::{Owner, Seal};

pub use create::CreateWebhookEndpoint;
pub use deliver::ClaimedLane;
pub use replay::ReplayWebhooks;
pub use send_test::WebhookTest;
pub use test_limit::TestLimit;
pub use update::UpdateWebhookEndpoint;

const ID: &[&str] = &["input", "webhookEndpointId"];

impl App {
    /// What seals signing secrets; refuses where the setting for it is missing, since none is kept in clear.
    fn webhook_seal(&self) -> Result<&Seal, Refusal> {
        self.seal.as_ref().ok_or_else(unavailable)
    }

    /// A new secret of an endpoint, and the same sealed.
    fn new_webhook_secret(&self, id: WebhookEndpointId) -> Result<(WebhookSecret, Vec<u8>), Refusal> {
        let secret = WebhookSecret::from_random(&self.ids.secret());
        let sealed = self.webhook_seal()?.seal(&id.to_string(), secret.expose()).ok_or_else(unavailable)?;
        Ok((secret, sealed))
    }
}

fn unavailable() -> Refusal {
    let message = "this server can keep no signing secret until its operator sets BILLPAY_SECRETS_KEY";
    Refusal::new(ErrorCode::WebhooksUnavailable, message)
}

fn not_found() -> Refusal {
    Refusal::not_found(ID, "webhook endpoint")
}

/// The id that was written, where it is one.
fn read_id(id: &str) -> Result<WebhookEndpointId, Refusal> {
    id.parse().map_err(|_| not_found())
}

/// An endpoint of the requester that was not removed, locked until the end of the change.
async fn lock(work: &Work, requester: &Requester, id: &str) -> Result<WebhookEndpoint, AppError> {
    let found = work.webhook_endpoint(&Owner::of(requester), read_id(id)?).await?;
    Ok(found.filter(|endpoint| endpoint.removed_at.is_none()).ok_or_else(not_found)?)
}

/// Refuses what makes sense at an endpoint's own URL only.
fn require_url(endpoint: &WebhookEndpoint, path: &[&str]) -> Result<(), Refusal> {
    match endpoint.kind {
        EndpointKind::Tenant => Ok(()),
        EndpointKind::PaymentCallbacks => {
            let message = "this endpoint has no URL of its own: each payment's callbackUrl is told of that payment";
            Err(Refusal::input(path, message))
        }
    }
}

/// Any number, out of a random id.
fn any_number(random: Uuid) -> u16 {
    let [first, second, ..] = *random.as_bytes();
    u16::from_be_bytes([first, second])
}
