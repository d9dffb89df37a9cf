//! Callbacks: each event of a payment that was made with a `callbackUrl`, sent there.
//!
//! A tenant has one endpoint for all of them. Its pass over the log writes a delivery for each such event; deliveries
//! are then sent in the order of each payment, those of different payments beside each other ([`super::calls`]). A
//! receiver that fails holds up its own payments alone; one that is silent also what goes to the same host, and takes no
//! more than that host's part of the places. A payment whose receiver answers 410 is told no more: what waits of it is
//! given up, and so is what comes later, until a replay revives it.

use std::collections::HashSet;

use uuid::Uuid;

use super::turn::Turn;
use crate::app::App;
use crate::domain::event::Event;
use crate::domain::ids::PaymentId;
use crate::domain::refusal::Refusal;
use crate::domain::requester::Requester;
use crate::domain::webhook::{EndpointKind, EndpointState, Position, WebhookDelivery, WebhookEndpoint};
use crate::store::{LaneStep, NewWebhookEndpoint, StoreError};

/// How many events are read at once.
const BATCH: u64 = 200;
/// Who made the endpoint of the callbacks.
const MAKER: &str = "billpay";

impl App {
    /// The endpoint of a tenant's callbacks, to be kept with its first payment that has a `callbackUrl`; refuses a URL
    /// that may not be sent to. Nothing where there is no URL.
    pub(in crate::app) fn callbacks_endpoint(
        &self,
        requester: &Requester,
        url: Option<&str>,
    ) -> Result<Option<NewWebhookEndpoint>, Refusal> {
        let path = &["input", "callbackUrl"];
        let Some(url) = url else { return Ok(None) };
        self.webhooks.check(url).map_err(|refused| Refusal::input(path, refused.to_string()))?;
        let (id, now) = (self.ids.next(), self.clock.now());
        // Nobody is shown the first secret: whoever wants to verify asks for a new one.
        let (_secret, sealed) = self.new_webhook_secret(id).map_err(|refusal| refusal.at(path))?;
        let endpoint = WebhookEndpoint {
            id,
            tenant: requester.tenant.clone(),
            customer: None,
            kind: EndpointKind::PaymentCallbacks,
            url: None,
            description: None,
            event_types: Vec::new(),
            state: EndpointState::Active,
            position: Position::at(0),
            next_at: None,
            secret_since: now,
            previous_secret_until: None,
            created_by: MAKER.to_owned(),
            created_at: now,
            updated_at: now,
            removed_at: None,
        };
        Ok(Some(NewWebhookEndpoint { endpoint, secret: sealed }))
    }

    /// Writes a delivery for each event that is to be told, and moves the cursor with it. Where the lane stands then;
    /// nothing where it is another's by now.
    pub(super) async fn write_callbacks(
        &self,
        turn: &Turn<'_>,
        mut position: Position,
    ) -> Result<Option<Position>, StoreError> {
        let endpoint = turn.endpoint();
        while !turn.left().is_zero() {
            let head = self.store.event_head(&endpoint.tenant).await?;
            if head <= position.cursor {
                break;
            }
            let events = self.store.callback_events(&endpoint.tenant, position.cursor, head, BATCH).await?;
            let more = events.len() as u64 == BATCH;
            let through = events.last().filter(|_| more).map_or(head, |last| last.sequence);
            if through > position.cursor {
                let deliveries = self.new_callbacks(endpoint, &events).await?;
                let moved = position.moved(through);
                if !self.record(turn, self.still_due(turn, moved), &deliveries, &[]).await? {
                    return Ok(None);
                }
                position = moved;
            }
            if !more {
                break;
            }
        }
        Ok(Some(position))
    }

    /// A delivery for each event that is wanted. Who is gone is read before the change that keeps them: only this turn
    /// and persons write about it, and where a person did meanwhile, the change is not made.
    async fn new_callbacks(
        &self,
        endpoint: &WebhookEndpoint,
        events: &[Event],
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let wanted: Vec<&Event> = events.iter().filter(|event| endpoint.wants(event.kind)).collect();
        let mut payments: Vec<Uuid> = wanted.iter().map(|event| event.subject_id).collect();
        payments.sort_unstable();
        payments.dedup();
        let gone = self.store.payments_gone(endpoint.id, &payments).await?;
        Ok(wanted.into_iter().map(|event| self.new_callback(endpoint, event, &gone)).collect())
    }

    fn new_callback(&self, endpoint: &WebhookEndpoint, event: &Event, gone: &HashSet<Uuid>) -> WebhookDelivery {
        let payment_id = Some(PaymentId::from_uuid(event.subject_id));
        let next_at = Some(self.clock.now());
        let callback = WebhookDelivery { payment_id, next_at, ..self.new_delivery(endpoint, event) };
        if gone.contains(&event.subject_id) { callback.given_up_untried() } else { callback }
    }

    /// A step that goes on; should this process die, whoever comes next finds the lane due.
    pub(super) fn still_due(&self, turn: &Turn<'_>, position: Position) -> LaneStep {
        LaneStep { next_at: Some(self.clock.now()), ..self.onwards(turn, position) }
    }
}
