//! Use cases, one file each: authorise, load, tell the domain, save, commit.

pub mod access;
pub mod api_clients;
pub mod bill_numbers;
pub mod cancel_payment;
pub mod catalogue;
pub mod coalesce;
pub mod collections;
pub mod control_numbers;
mod counters;
pub mod create_bulk_payment;
pub mod create_payment;
pub mod engine;
mod error;
pub mod events;
pub mod figures;
mod funding;
mod idempotency;
mod line;
pub mod look_up;
pub mod memo;
pub mod overload;
pub mod pages;
mod recall;
pub mod receive_callback;
pub mod refresh_payment;
pub mod remind;
pub mod resolve_payment;
pub mod suspect;
pub mod sync_billers;
pub mod tail;
pub mod together;
pub mod told;
pub mod void_payment;
pub mod wait;
pub mod webhooks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::domain::breaker::{CallKind, Calls};
use crate::domain::provider::ProviderCode;
use crate::ports::clock::Clock;
use crate::ports::ids::Ids;
use crate::ports::provider::Provider;
use crate::ports::webhook_sender::WebhookSender;
use crate::store::{NewSubmission, PlainMark, PlainSettlement, Seal, Store, StoreError};

pub use error::AppError;
use together::Together;

/// What the use cases go by, from the settings.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The longest that a mutation waits for a provider's first answer.
    pub wait_limit: Duration,
    /// How long a payment without a day stays good while nothing could be sent.
    pub not_after: Duration,
    /// How long a payment may stay without a definite answer before a person must look.
    pub review_after: Duration,
    /// How long a claim lasts.
    pub lease: Duration,
    /// How long a provider's answer to a submission is waited for.
    pub call_timeout: Duration,
    /// How long before the lease's end a call must be over.
    pub lease_margin: Duration,
    /// How often what was paid to control numbers is read from their providers.
    pub collect_interval: Duration,
    /// How long submissions are held back after our credentials were refused.
    pub misconfigured_pause: Duration,
}

/// Everything the use cases stand on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// See [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Where ids come from.
    pub ids: Ids,
    /// The providers that are switched on.
    pub providers: BTreeMap<ProviderCode, Arc<dyn Provider>>,
    /// The billers, in memory.
    pub catalogue: catalogue::Catalogue,
    /// The limits.
    pub policy: Policy,
    /// Days before a due date on which it is reminded of.
    pub reminder_days: Vec<u16>,
    /// The name of this process, as holder of leases.
    pub instance: String,
    /// Who sends webhooks.
    pub webhooks: Arc<dyn WebhookSender>,
    /// What seals their secrets; without it there are no webhooks.
    pub seal: Option<Seal>,
    /// How many tests of webhooks may be sent.
    pub test_limit: webhooks::TestLimit,
    /// The ends of the logs that are followed.
    pub tails: tail::Tails,
    /// How much there is to do, and how much room.
    pub load: overload::Load,
    /// The payments that wait to be stored.
    pub creations: Arc<Together<NewSubmission, coalesce::Outcome>>,
    /// The marks that wait to be stored.
    pub marks: Arc<Together<PlainMark, Result<bool, StoreError>>>,
    /// The answers that wait to be stored.
    pub settlements: Arc<Together<PlainSettlement, Result<bool, StoreError>>>,
    /// The steps that are under way, and the room for more.
    pub steps: Arc<engine::Steps>,
    /// What all processes know of the ways to the providers, as read a moment ago.
    pub ways: engine::Ways,
    /// What came of this process's calls to each provider.
    pub calls: Mutex<BTreeMap<(ProviderCode, CallKind), Calls<Instant>>>,
    /// Raised when a callback was stored, so that those that wait for their payment are tried again.
    pub callbacks: Notify,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The adapter of a provider that is switched on.
    pub fn provider(&self, code: ProviderCode) -> Option<&Arc<dyn Provider>> {
        self.providers.get(&code)
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
