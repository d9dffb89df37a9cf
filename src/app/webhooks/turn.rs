//! A turn: what may be done under one claim of a lane, and one attempt within it.
//!
//! A turn ends after a while, so that others have theirs; that of a single receiver after one slow answer too. Each
//! attempt is over before the lease could end; whoever finds the fence raised, by another holder or by a person's
//! change, records nothing and leaves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use url::Url;

use super::any_number;
use super::deliver::ClaimedLane;
use crate::app::App;
use crate::crash::Step;
use crate::domain::event::Event;
use crate::domain::ids::PaymentId;
use crate::domain::webhook::{DeliveryState, Outcome, Position, Verdict, WebhookDelivery, WebhookEndpoint};
use crate::domain::webhook_secret::WebhookSecret;
use crate::ports::clock::Deadline;
use crate::ports::webhook_sender::{WebhookAnswer, WebhookRequest, WebhookTrouble};
use crate::store::{Lane, LaneStep, StoreError};
use crate::telemetry::{metric, spans};

/// How long a lane has its turn.
const TURN: Duration = Duration::from_secs(20);
/// How long an attempt may take with more behind it in the same turn.
const SWIFT: Duration = Duration::from_secs(2);
/// The longest that one receiver's answer is waited for; the sender's own limit is no longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
/// What is kept where nothing could be signed.
const UNSIGNED: &str = "the signing secret cannot be opened since the server's secrets_key was changed; renew it";

/// One turn of one lane.
pub(super) struct Turn<'a> {
    /// The lane as it was claimed.
    pub(super) lane: Lane,
    secrets: Option<Vec<WebhookSecret>>,
    /// Until when the lease surely holds.
    hold: Mutex<Deadline>,
    end: Deadline,
    /// That an attempt was slow.
    slow: AtomicBool,
    stop: &'a CancellationToken,
}

/// What is sent: the event's id at this receiver, and its body.
pub(super) struct Letter {
    pub(super) id: String,
    pub(super) body: Bytes,
}

impl<'a> Turn<'a> {
    pub(super) fn new(claimed: ClaimedLane, stop: &'a CancellationToken) -> Self {
        let ClaimedLane { lane, secrets, deadline } = claimed;
        let slow = AtomicBool::new(false);
        Self { lane, secrets, hold: Mutex::new(deadline), end: Deadline::after(TURN), slow, stop }
    }

    pub(super) fn endpoint(&self) -> &WebhookEndpoint {
        &self.lane.endpoint
    }

    /// Whether nothing new is begun at a receiver that has the turn for itself.
    pub(super) fn is_over(&self) -> bool {
        self.slow.load(Ordering::Relaxed) || self.left().is_zero()
    }

    /// How long anything new may still be begun, however slow some receiver was.
    pub(super) fn left(&self) -> Duration {
        if self.stop.is_cancelled() { Duration::ZERO } else { self.end.left() }
    }

    fn hold(&self) -> Duration {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner).left()
    }

    fn renew(&self, hold: Deadline) {
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = hold;
    }
}

impl App {
    /// How long a claim surely holds.
    pub(super) fn hold_of_lane(&self) -> Duration {
        self.policy.lease.saturating_sub(self.policy.lease_margin)
    }

    /// Whether the lease is to be renewed before anything new is begun: an attempt would have to be cut short.
    pub(super) fn wanes(&self, turn: &Turn<'_>) -> bool {
        turn.hold() < (self.hold_of_lane() * 4 / 5).min(PATIENCE)
    }

    /// Sends once; nothing where the lease would not outlive it.
    pub(super) async fn attempt(&self, turn: &Turn<'_>, url: &Url, letter: Letter) -> Option<Outcome> {
        let patience = turn.hold().min(PATIENCE);
        if patience < self.hold_of_lane().min(PATIENCE) / 2 {
            return None;
        }
        let Some(secrets) = turn.secrets.clone() else { return Some(Outcome::Failed(UNSIGNED.to_owned())) };
        let Letter { id, body } = letter;
        let request = WebhookRequest { url: url.clone(), id, at: self.clock.now(), body, secrets };
        let span = spans::delivery(&turn.endpoint().id);
        let sending = self.webhooks.send(request).instrument(span.clone());
        let swift = Deadline::after(SWIFT);
        let answer = tokio::time::timeout(patience, sending).await;
        if swift.left().is_zero() {
            turn.slow.store(true, Ordering::Relaxed);
        }
        let outcome = outcome(answer.unwrap_or(WebhookAnswer::Failed(WebhookTrouble::TimedOut)));
        match &outcome {
            Outcome::Delivered(_) => spans::ended(&span, outcome.word()),
            Outcome::Gone | Outcome::Refused { .. } | Outcome::Failed(_) => spans::failed(&span, outcome.word()),
        }
        Some(outcome)
    }

    /// What is done after an attempt, counted for the metrics.
    pub(super) fn judge(&self, outcome: &Outcome, attempts: u32) -> Verdict {
        let verdict = outcome.verdict(attempts, any_number(self.ids.reference()));
        metrics::counter!(metric::WEBHOOK_DELIVERIES, "outcome" => outcome.word()).increment(1);
        if verdict == Verdict::Dead {
            metrics::counter!(metric::WEBHOOK_DELIVERIES, "outcome" => "dead").increment(1);
        }
        verdict
    }

    /// Records a step of a lane with what came of deliveries, and holds the lane longer where the step says so; of
    /// payments whose receivers are `gone`, what waits is given up with it. False where the lane is another's by now, or
    /// was changed by a person: then nothing was recorded, and it is let go.
    pub(super) async fn record(
        &self,
        turn: &Turn<'_>,
        step: LaneStep,
        deliveries: &[WebhookDelivery],
        gone: &[PaymentId],
    ) -> Result<bool, StoreError> {
        let hold = Deadline::after(self.hold_of_lane());
        let work = self.store.begin(Step::Deliver).await?;
        // The endpoint before its deliveries, as everyone locks them.
        if !work.step_lane(&turn.lane, step).await? {
            work.roll_back().await?;
            self.store.release_lane(&turn.lane).await?;
            return Ok(false);
        }
        work.keep_deliveries(turn.endpoint(), deliveries).await?;
        for payment in gone {
            work.give_up_callbacks(turn.endpoint(), *payment).await?;
        }
        work.commit().await?;
        if step.hold.is_some() {
            turn.renew(hold);
        }
        Ok(true)
    }

    /// A step that goes on under a renewed lease.
    pub(super) fn onwards(&self, turn: &Turn<'_>, position: Position) -> LaneStep {
        LaneStep { position, state: turn.endpoint().state, next_at: None, hold: Some(self.policy.lease) }
    }

    /// A delivery that was not tried yet.
    pub(super) fn new_delivery(&self, endpoint: &WebhookEndpoint, event: &Event) -> WebhookDelivery {
        WebhookDelivery {
            id: self.ids.next(),
            endpoint_id: endpoint.id,
            sequence: event.sequence,
            event_type: event.kind,
            event_at: event.at,
            payment_id: None,
            state: DeliveryState::Waiting,
            attempts: 0,
            http_status: None,
            trouble: None,
            excerpt: None,
            first_at: None,
            last_at: None,
            next_at: None,
        }
    }
}

fn outcome(answer: WebhookAnswer) -> Outcome {
    match answer {
        WebhookAnswer::Delivered { status } => Outcome::Delivered(status),
        WebhookAnswer::Gone => Outcome::Gone,
        WebhookAnswer::Refused { status, retry_after, excerpt } => Outcome::Refused { status, retry_after, excerpt },
        WebhookAnswer::Failed(trouble) => Outcome::Failed(trouble.to_string()),
    }
}
