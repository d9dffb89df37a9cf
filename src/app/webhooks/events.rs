//! Sending events to an endpoint's own URL, one after another.

use std::collections::HashMap;

use jiff::Timestamp;
use url::Url;
use uuid::Uuid;

use super::turn::{Letter, Turn};
use crate::app::App;
use crate::domain::event::{Event, SubjectKind};
use crate::domain::webhook::body::{self, PaymentFacts};
use crate::domain::webhook::{EndpointState, Position, Verdict, WebhookDelivery, WebhookEndpoint};
use crate::store::{EventFilter, LaneStep, Owner, StoreError};

/// How many events are read at once, and sent in one turn.
const BATCH: u64 = 100;

/// A part of the log, with what is needed to tell of it.
struct Batch {
    events: Vec<Event>,
    /// What is known of them from earlier attempts, by sequence.
    known: HashMap<i64, WebhookDelivery>,
    /// What never changes of their payments.
    facts: HashMap<Uuid, PaymentFacts>,
    /// Everything wanted through this sequence is among the events.
    through: i64,
    /// Whether there may be more behind it.
    more: bool,
}

/// What follows an event.
enum Next {
    /// The next one, from this position and in this state.
    Event(Position, EndpointState),
    /// Nothing: the lane was given back.
    Nothing,
    /// Nothing more in this turn; the lane is still held.
    Rest,
}

impl App {
    pub(super) async fn deliver_events(&self, turn: &Turn<'_>) -> Result<(), StoreError> {
        let endpoint = turn.endpoint();
        let Some(url) = endpoint.url.clone() else { return Err(StoreError::Unreadable("an endpoint's URL")) };
        let (mut position, mut state) = (endpoint.position, endpoint.state);
        let mut sent = 0;
        loop {
            let batch = self.next_batch(endpoint, position).await?;
            for event in &batch.events {
                if turn.is_over() || sent == BATCH {
                    return self.rest(turn, position, state, None).await;
                }
                sent += 1;
                match self.deliver_event(turn, &url, position, &batch, event).await? {
                    Next::Event(moved, after) => (position, state) = (moved, after),
                    Next::Nothing => return Ok(()),
                    Next::Rest => return self.rest(turn, position, state, None).await,
                }
            }
            let was_live = position.replay.is_none();
            position = position.moved(batch.through);
            if was_live && !batch.more {
                return self.rest(turn, position, state, None).await;
            }
        }
    }

    /// Gives the lane back where it stands, not to be tried before `next_at`.
    async fn rest(
        &self,
        turn: &Turn<'_>,
        position: Position,
        state: EndpointState,
        next_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.record(turn, LaneStep { position, state, next_at, hold: None }, &[], &[]).await?;
        Ok(())
    }

    async fn deliver_event(
        &self,
        turn: &Turn<'_>,
        url: &Url,
        position: Position,
        batch: &Batch,
        event: &Event,
    ) -> Result<Next, StoreError> {
        let endpoint = turn.endpoint();
        let known = batch.known.get(&event.sequence);
        if let Some(resting) = known.filter(|known| known.rests(self.clock.now())) {
            self.rest(turn, position, EndpointState::Failing, resting.next_at).await?;
            return Ok(Next::Nothing);
        }
        let body = body::of_event(event, batch.facts.get(&event.subject_id));
        let letter = Letter { id: body::message_id(endpoint.id, event), body };
        let Some(outcome) = self.attempt(turn, url, letter).await else { return Ok(Next::Rest) };
        let attempts = known.map_or(0, |known| known.attempts) + 1;
        let verdict = self.judge(&outcome, attempts);
        let before = known.cloned();
        let kept: Vec<WebhookDelivery> = match verdict {
            // What went well at once leaves no trace but the cursor.
            Verdict::Delivered => before.into_iter().collect(),
            Verdict::Retry(_) | Verdict::Dead | Verdict::Gone => {
                vec![before.unwrap_or_else(|| self.new_delivery(endpoint, event))]
            }
        };
        let now = self.clock.now();
        let kept: Vec<_> = kept.into_iter().map(|kept| kept.after(outcome.clone(), verdict, now)).collect();
        let next_at = kept.first().and_then(|kept| kept.next_at);
        let moved = position.moved(event.sequence);
        let onwards = self.onwards(turn, moved);
        let (step, next) = match verdict {
            Verdict::Delivered => {
                (LaneStep { state: EndpointState::Active, ..onwards }, Next::Event(moved, EndpointState::Active))
            }
            Verdict::Dead => {
                (LaneStep { state: EndpointState::Failing, ..onwards }, Next::Event(moved, EndpointState::Failing))
            }
            Verdict::Retry(_) => {
                (LaneStep { position, state: EndpointState::Failing, next_at, hold: None }, Next::Nothing)
            }
            Verdict::Gone => {
                (LaneStep { position, state: EndpointState::Gone, next_at: None, hold: None }, Next::Nothing)
            }
        };
        let recorded = self.record(turn, step, &kept, &[]).await?;
        Ok(if recorded { next } else { Next::Nothing })
    }

    /// What stands behind a position: of the replay, where there is one, else what is new.
    async fn next_batch(&self, endpoint: &WebhookEndpoint, position: Position) -> Result<Batch, StoreError> {
        let end = match position.replay {
            Some(replay) => replay.through,
            None => self.store.event_head(&endpoint.tenant).await?,
        };
        let types = Some(endpoint.event_types.clone()).filter(|types| !types.is_empty());
        let filter = EventFilter { types, ..EventFilter::default() };
        let owner = Owner { tenant: endpoint.tenant.clone(), customer: endpoint.customer.clone() };
        let mut events = self.store.events_after(&owner, &filter, position.behind(), BATCH).await?;
        let last = events.last().map_or(end, |event| event.sequence);
        let more = events.len() as u64 == BATCH && last < end;
        events.retain(|event| event.sequence <= end);
        let sequences: Vec<i64> = events.iter().map(|event| event.sequence).collect();
        let known = self.store.deliveries_at(endpoint.id, &sequences).await?;
        let facts = self.payment_facts(&owner, &events).await?;
        Ok(Batch { events, known, facts, through: if more { last } else { end }, more })
    }

    /// What never changes of the payments that events are about.
    async fn payment_facts(&self, owner: &Owner, events: &[Event]) -> Result<HashMap<Uuid, PaymentFacts>, StoreError> {
        let of_payments = events.iter().filter(|event| event.subject_kind == SubjectKind::Payment);
        let mut ids: Vec<Uuid> = of_payments.map(|event| event.subject_id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let payments = self.store.payments_by_id(owner, &ids).await?;
        Ok(payments.iter().map(|(id, payment)| (*id, PaymentFacts::from(payment))).collect())
    }
}
