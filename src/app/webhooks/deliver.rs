//! Claiming the lanes that have something to send, and giving one its turn.

use tokio_util::sync::CancellationToken;

use super::turn::Turn;
use crate::app::App;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::webhook::EndpointKind;
use crate::domain::webhook_secret::WebhookSecret;
use crate::ports::clock::Deadline;
use crate::store::{Lane, StoreError};

/// A lane that this process holds.
#[derive(Debug)]
pub struct ClaimedLane {
    /// As it was when it was claimed.
    pub(super) lane: Lane,
    /// What signs; none where it cannot be opened.
    pub(super) secrets: Option<Vec<WebhookSecret>>,
    /// Until when the lease surely holds.
    pub(super) deadline: Deadline,
}

impl ClaimedLane {
    /// Whose lane it is.
    pub const fn id(&self) -> WebhookEndpointId {
        self.lane.endpoint.id
    }
}

impl App {
    /// Whether this process can sign, and so deliver.
    pub fn delivers_webhooks(&self) -> bool {
        self.seal.is_some()
    }

    /// Claims up to `limit` lanes that have something to send.
    pub async fn claim_lanes(&self, limit: u64) -> Result<Vec<ClaimedLane>, StoreError> {
        let Some(seal) = &self.seal else { return Ok(Vec::new()) };
        // Taken before the claim, so that it is never later than the lease's end.
        let deadline = Deadline::after(self.hold_of_lane());
        // Another for each claim: an old one of this process cannot give back a newer one.
        let owner = format!("{}/{}", self.instance, self.ids.reference().simple());
        let lanes = self.store.claim_lanes(&owner, self.policy.lease, limit).await?;
        let open = |lane: Lane| {
            let secrets = lane.secrets.open(seal, lane.endpoint.id);
            ClaimedLane { lane, secrets, deadline }
        };
        Ok(lanes.into_iter().map(open).collect())
    }

    /// Gives a lane its turn: what it has to send is sent, in order, until there is no more, something fails, or the
    /// turn is over. Where the database fails, the lease runs out, and what was not recorded is sent again.
    pub async fn deliver(&self, claimed: ClaimedLane, stop: &CancellationToken) -> Result<(), StoreError> {
        let turn = Turn::new(claimed, stop);
        match turn.endpoint().kind {
            EndpointKind::Tenant => self.deliver_events(&turn).await,
            EndpointKind::PaymentCallbacks => self.deliver_callbacks(&turn).await,
        }
    }
}
