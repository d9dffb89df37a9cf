//! Callbacks: each event of a payment that was made with a `callbackUrl`, sent there.
//!
//! A tenant has one endpoint for all of them. Its pass over the log writes a delivery for each such event; deliveries
//! are then sent in the order of each payment, those of different payments beside each other, so that a receiver that
//! fails holds up its own payments alone. A payment whose receiver answers 410 is told no more: what waits of it is
//! given up, and so is what comes later, until a replay revives it.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use futures_util::stream;
use url::Url;
use uuid::Uuid;

use super::turn::{Letter, Turn};
use crate::app::App;
use crate::domain::event::Event;
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::refusal::Refusal;
use crate::domain::requester::Requester;
use crate::domain::webhook::body::{self, PaymentFacts};
use crate::domain::webhook::{
    EndpointKind, EndpointState, Outcome, Position, Verdict, WebhookDelivery, WebhookEndpoint,
};
use crate::store::{LaneStep, NewWebhookEndpoint, Owner, StoreError};

/// How many events are read at once.
const BATCH: u64 = 200;
/// How many callbacks one look takes up.
const MOST_DUE: u64 = 100;
/// How many are under way at once, each to another payment's URL.
const AT_ONCE: usize = 16;
/// Who made the endpoint of the callbacks.
const MAKER: &str = "billpay";

/// What one look found to send.
struct Due {
    deliveries: Vec<WebhookDelivery>,
    events: HashMap<i64, Event>,
    payments: HashMap<Uuid, Payment>,
}

/// What came of taking up one callback.
enum Called {
    /// It was sent, and the outcome recorded.
    Recorded,
    /// The lane is another's by now; nothing was recorded.
    Lost,
    /// There was no time left to send it.
    NotSent,
}

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

    pub(super) async fn deliver_callbacks(&self, turn: &Turn<'_>) -> Result<(), StoreError> {
        let Some(position) = self.write_callbacks(turn).await? else { return Ok(()) };
        while !turn.is_over() {
            let due = self.due_callbacks(turn.endpoint()).await?;
            if due.deliveries.is_empty() {
                break;
            }
            let calls: Vec<_> =
                due.deliveries.iter().map(|delivery| self.call_back(turn, position, &due, delivery)).collect();
            let ended: Vec<Result<Called, StoreError>> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
            let mut recorded = false;
            for called in ended {
                match called? {
                    Called::Recorded => recorded = true,
                    Called::Lost => return Ok(()),
                    Called::NotSent => {}
                }
            }
            if !recorded {
                break;
            }
        }
        self.store.rest_callbacks(&turn.lane).await
    }

    /// Writes a delivery for each event that is to be told, and moves the cursor with it. Where the lane stands then;
    /// nothing where it is another's by now.
    async fn write_callbacks(&self, turn: &Turn<'_>) -> Result<Option<Position>, StoreError> {
        let endpoint = turn.endpoint();
        let mut position = endpoint.position;
        while !turn.is_over() {
            let head = self.store.event_head(&endpoint.tenant).await?;
            let events = self.store.callback_events(&endpoint.tenant, position.cursor, head, BATCH).await?;
            let more = events.len() as u64 == BATCH;
            let through = events.last().filter(|_| more).map_or(head, |last| last.sequence);
            if through > position.cursor {
                let deliveries = self.new_callbacks(endpoint, &events).await?;
                let moved = position.moved(through);
                if !self.record(turn, self.still_due(turn, moved), &deliveries, None).await? {
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
    fn still_due(&self, turn: &Turn<'_>, position: Position) -> LaneStep {
        LaneStep { next_at: Some(self.clock.now()), ..self.onwards(turn, position) }
    }

    async fn due_callbacks(&self, endpoint: &WebhookEndpoint) -> Result<Due, StoreError> {
        let deliveries = self.store.callbacks_due(endpoint.id, MOST_DUE).await?;
        if deliveries.is_empty() {
            return Ok(Due { deliveries, events: HashMap::new(), payments: HashMap::new() });
        }
        let sequences: Vec<i64> = deliveries.iter().map(|delivery| delivery.sequence).collect();
        let payments: Vec<Uuid> =
            deliveries.iter().filter_map(|delivery| delivery.payment_id).map(|id| id.uuid()).collect();
        let owner = Owner { tenant: endpoint.tenant.clone(), customer: None };
        let events = self.store.events_at(&endpoint.tenant, &sequences).await?;
        let payments = self.store.payments_by_id(&owner, &payments).await?;
        Ok(Due { deliveries, events, payments })
    }

    async fn call_back(
        &self,
        turn: &Turn<'_>,
        position: Position,
        due: &Due,
        delivery: &WebhookDelivery,
    ) -> Result<Called, StoreError> {
        if turn.is_over() {
            return Ok(Called::NotSent);
        }
        let Some(outcome) = self.send_callback(turn, due, delivery).await else { return Ok(Called::NotSent) };
        let verdict = self.judge(&outcome, delivery.attempts + 1);
        let after = delivery.clone().after(outcome, verdict, self.clock.now());
        let gone = match verdict {
            Verdict::Gone => delivery.payment_id,
            Verdict::Delivered | Verdict::Retry(_) | Verdict::Dead => None,
        };
        let held = self.record(turn, self.still_due(turn, position), &[after], gone).await?;
        Ok(if held { Called::Recorded } else { Called::Lost })
    }

    async fn send_callback(&self, turn: &Turn<'_>, due: &Due, delivery: &WebhookDelivery) -> Option<Outcome> {
        let payment = delivery.payment_id.and_then(|id| due.payments.get(&id.uuid()));
        let url = payment.and_then(|payment| payment.callback_url.as_deref()).and_then(|url| Url::parse(url).ok());
        let (Some(payment), Some(url), Some(event)) = (payment, url, due.events.get(&delivery.sequence)) else {
            return Some(Outcome::Failed("the event or its payment's callbackUrl is not kept any more".to_owned()));
        };
        let body = body::of_event(event, Some(&PaymentFacts::from(payment)));
        let letter = Letter { id: body::message_id(delivery.endpoint_id, delivery.sequence), body };
        self.attempt(turn, &url, letter).await
    }
}
