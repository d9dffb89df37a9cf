//! Endpoints: who is told, of what, and how far they have been told.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use url::Url;

use crate::domain::event::EventType;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::payment::status::words;
use crate::domain::refusal::Refusal;
use crate::domain::requester::{CustomerId, TenantId};

/// How many endpoints of its own a tenant may have; billpay's choice.
pub const MOST_ENDPOINTS: u64 = 20;
/// How many events one replay may send again; billpay's choice.
pub const MOST_REPLAYED: i64 = 100_000;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 200;

words! {
    /// Which events an endpoint is told of, and where they are sent.
    EndpointKind {
        /// Events of the tenant, or of one customer of it, at the endpoint's own URL.
        Tenant = "TENANT",
        /// Events of payments that were made with a `callbackUrl`, each at the URL of its payment. A tenant has one.
        PaymentCallbacks = "PAYMENT_CALLBACKS",
    }
}

words! {
    /// How an endpoint does.
    EndpointState {
        /// The last delivery went well, or none was needed yet.
        Active = "ACTIVE",
        /// The last delivery failed. Callbacks of payments fail one by one, and their endpoint never comes here.
        Failing = "FAILING",
        /// The receiver answered 410: nothing is sent until the endpoint is updated.
        Gone = "GONE",
        /// It was switched off: nothing is sent until it is switched on.
        Disabled = "DISABLED",
    }
}

impl EndpointState {
    /// Whether anything is sent.
    pub const fn is_served(self) -> bool {
        match self {
            Self::Active | Self::Failing => true,
            Self::Gone | Self::Disabled => false,
        }
    }
}

/// Where webhooks are sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The tenant's customer whose events alone it is told of, as its maker's token said.
    pub customer: Option<CustomerId>,
    /// Which events, and where to.
    pub kind: EndpointKind,
    /// Where to; none for [`EndpointKind::PaymentCallbacks`].
    pub url: Option<Url>,
    /// What a person knows it by.
    pub description: Option<String>,
    /// Of which types; empty stands for all.
    pub event_types: Vec<EventType>,
    /// How it does.
    pub state: EndpointState,
    /// How far it has been told.
    pub position: Position,
    /// Not before this moment is the next tried, where the last failed.
    pub next_at: Option<Timestamp>,
    /// Since when its secret is the present one.
    pub secret_since: Timestamp,
    /// Until when the former secret signs too.
    pub previous_secret_until: Option<Timestamp>,
    /// The subject that made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody last changed it.
    pub updated_at: Timestamp,
    /// When it was removed.
    pub removed_at: Option<Timestamp>,
}

/// How far an endpoint has been told of its tenant's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Everything through this sequence was delivered, given up, or not wanted.
    pub cursor: i64,
    /// What is sent again; what is new waits until it is through.
    pub replay: Option<Replay>,
}

/// A part of the log that is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The first sequence that was not sent again yet.
    pub next: i64,
    /// The last that is to be.
    pub through: i64,
}

/// What is to be different; what is none stays.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Another URL.
    pub url: Option<Url>,
    /// Another description, or none any more.
    pub description: Option<Option<String>>,
    /// Other types.
    pub event_types: Option<Vec<EventType>>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
}

impl WebhookEndpoint {
    /// Whether it is switched on, whatever its receiver says.
    pub const fn enabled(&self) -> bool {
        match self.state {
            EndpointState::Active | EndpointState::Failing | EndpointState::Gone => true,
            EndpointState::Disabled => false,
        }
    }

    /// Whether it is told of events of this type.
    pub fn wants(&self, kind: EventType) -> bool {
        self.event_types.is_empty() || self.event_types.contains(&kind)
    }

    /// Whether, with these changes, it is to be tried again at once, and what waits for it too.
    pub fn begins_afresh(&self, changes: &Changes) -> bool {
        changes.enabled == Some(true) || (changes.url.is_some() && changes.url != self.url)
    }

    /// The endpoint with changes.
    #[must_use]
    pub fn changed(self, changes: Changes, now: Timestamp) -> Self {
        let afresh = self.begins_afresh(&changes);
        let state = match changes.enabled {
            Some(false) => EndpointState::Disabled,
            Some(true) => EndpointState::Active,
            None if afresh && self.enabled() => EndpointState::Active,
            None => self.state,
        };
        Self {
            url: changes.url.or(self.url),
            description: changes.description.unwrap_or(self.description),
            event_types: changes.event_types.map_or(self.event_types, distinct),
            state,
            next_at: if afresh { Some(now) } else { self.next_at },
            updated_at: now,
            ..self
        }
    }

    /// The endpoint once something was dropped that waited for it: since the pause may have been for that, it is tried
    /// again at once.
    #[must_use]
    pub fn relieved(self, now: Timestamp) -> Self {
        let state = match self.state {
            EndpointState::Active | EndpointState::Failing => EndpointState::Active,
            EndpointState::Gone => EndpointState::Gone,
            EndpointState::Disabled => EndpointState::Disabled,
        };
        Self { state, next_at: Some(now), ..self }
    }
}

impl Position {
    /// At the present end of a log.
    pub const fn at(cursor: i64) -> Self {
        Self { cursor, replay: None }
    }

    /// Behind which sequence to go on.
    pub fn behind(self) -> i64 {
        self.replay.map_or(self.cursor, |replay| replay.next - 1)
    }

    /// The position once everything through `sequence` was handled.
    #[must_use]
    pub fn moved(self, sequence: i64) -> Self {
        match self.replay {
            Some(replay) if sequence >= replay.through => Self { replay: None, ..self },
            Some(replay) => Self { replay: Some(Replay { next: replay.next.max(sequence + 1), ..replay }), ..self },
            None => Self { cursor: self.cursor.max(sequence), ..self },
        }
    }

    /// The position with a part of the log to be sent again. One that is on its way is joined with it, so that nothing
    /// that was asked for is left out; refused where that would make it longer than a replay may be.
    pub fn replaying(self, from: i64, through: i64) -> Result<Self, Refusal> {
        let Some(pending) = self.replay else {
            return Ok(Self { replay: Some(Replay { next: from, through }), ..self });
        };
        let joined = Replay { next: pending.next.min(from), through: pending.through.max(through) };
        if joined.through - joined.next >= MOST_REPLAYED {
            let Replay { next, through } = pending;
            let message = format!(
                "a replay of {next} to {through} is on its way, and joined with it this would be more than \
                 {MOST_REPLAYED} events; wait for it"
            );
            return Err(Refusal::input(&["input"], message));
        }
        Ok(Self { replay: Some(joined), ..self })
    }
}

/// Without the URL, in which a receiver may have put a password of its own.
impl fmt::Debug for WebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEndpoint")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("position", &self.position)
            .field("next_at", &self.next_at)
            .field("removed_at", &self.removed_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("event_types", &self.event_types)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// Each type once, in the order of the first mention.
pub fn distinct(types: Vec<EventType>) -> Vec<EventType> {
    let mut kept = Vec::with_capacity(types.len().min(EventType::ALL.len()));
    for kind in types {
        if !kept.contains(&kind) {
            kept.push(kind);
        }
    }
    kept
}

/// A description as it is kept: trimmed; an empty one is none.
pub fn description(text: &str) -> Result<Option<String>, Refusal> {
    let text = text.trim();
    if text.chars().count() > LONGEST_DESCRIPTION || text.contains(char::is_control) {
        let message = format!("a description has at most {LONGEST_DESCRIPTION} printable characters");
        return Err(Refusal::input(&["input", "description"], message));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// The last sequence of a replay of what was handled through `cursor`, where the log begins at `oldest`.
pub fn replay_through(from: i64, through: Option<i64>, cursor: i64, oldest: i64) -> Result<i64, Refusal> {
    let refused = |name: &str, message: String| Err(Refusal::input(&["input", name], message));
    if from < oldest.max(1) {
        return refused("from", format!("the oldest event that is kept is {}", oldest.max(1)));
    }
    if from > cursor {
        let message = format!("the endpoint was told through {cursor}; what comes behind it is sent without a replay");
        return refused("from", message);
    }
    // What is newer comes by itself, behind the replay.
    let through = through.unwrap_or(cursor).min(cursor);
    if through < from {
        return refused("through", "the last of a range cannot stand before its first".to_owned());
    }
    if through - from >= MOST_REPLAYED {
        return refused("through", format!("one replay sends at most {MOST_REPLAYED} events; ask for less at once"));
    }
    Ok(through)
}

#[cfg(test)]
mod tests;
