//! Deliveries: what became of one event on its way to one receiver.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use super::schedule;
use crate::domain::event::EventType;
use crate::domain::ids::{PaymentId, WebhookDeliveryId, WebhookEndpointId};
use crate::domain::payment::status::words;

words! {
    /// Where a delivery stands.
    DeliveryState {
        /// It is tried, or will be.
        Waiting = "WAITING",
        /// The receiver took it.
        Delivered = "DELIVERED",
        /// It was given up. A replay sends it again.
        Dead = "DEAD",
    }
}

/// The status by which a receiver says that it wants no more.
const GONE: u16 = 410;

/// One event on its way to one receiver, where that is worth keeping: it failed at least once, or is a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// To which endpoint.
    pub endpoint_id: WebhookEndpointId,
    /// Which event of the tenant's log.
    pub sequence: i64,
    /// What happened.
    pub event_type: EventType,
    /// When it happened.
    pub event_at: Timestamp,
    /// The payment at whose `callbackUrl` it is told; none at an endpoint's own URL.
    pub payment_id: Option<PaymentId>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried since it was first to be sent, or last asked for anew.
    pub attempts: u32,
    /// The status of the last answer; none where there was no answer. Of a callback that was given up untried it is
    /// that of its payment's answer which said that the receiver is gone.
    pub http_status: Option<u16>,
    /// Why there was no answer, or no attempt, in a sentence for a person.
    pub trouble: Option<String>,
    /// How the last answer began, where it may be shown.
    pub excerpt: Option<String>,
    /// When it was first tried.
    pub first_at: Option<Timestamp>,
    /// When it was last tried.
    pub last_at: Option<Timestamp>,
    /// Not before this moment is it tried again, nor before the older ones of its payment; none where it is tried no
    /// more, or waits for its endpoint to be updated.
    pub next_at: Option<Timestamp>,
}

/// How one attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it, with this status.
    Delivered(u16),
    /// The receiver wants no more: 410.
    Gone,
    /// The receiver answered something else.
    Refused {
        /// The status.
        status: u16,
        /// How long the receiver wants to be left alone.
        retry_after: Option<Duration>,
        /// How the answer began, where it may be shown.
        excerpt: Option<String>,
    },
    /// There was no answer, or nothing could be sent; in a sentence for a person.
    Failed(String),
}

/// What is done after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing more; the next event has its turn.
    Delivered,
    /// It is tried again after this pause.
    Retry(Duration),
    /// It is given up; the next event has its turn.
    Dead,
    /// The receiver wants no more, of this event or of any other.
    Gone,
}

impl Outcome {
    /// What is done after this, as the `attempts`th attempt. `random` is any number: it spreads the pauses.
    pub fn verdict(&self, attempts: u32, random: u16) -> Verdict {
        let after = |wish| schedule::pause(attempts, wish, random).map_or(Verdict::Dead, Verdict::Retry);
        match self {
            Self::Delivered(_) => Verdict::Delivered,
            Self::Gone => Verdict::Gone,
            Self::Refused { retry_after, .. } => after(*retry_after),
            Self::Failed(_) => after(None),
        }
    }

    /// A word for the metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Gone => "gone",
            Self::Refused { .. } => "refused",
            Self::Failed(_) => "failed",
        }
    }
}

impl WebhookDelivery {
    /// Whether its time has not come.
    pub fn rests(&self, now: Timestamp) -> bool {
        match self.state {
            DeliveryState::Waiting => self.next_at.is_some_and(|next| next > now),
            DeliveryState::Delivered | DeliveryState::Dead => false,
        }
    }

    /// The delivery after one more attempt. A receiver that is [`Verdict::Gone`] leaves what goes to an endpoint's own
    /// URL waiting until that is updated; a payment's URL cannot be, so its callback is given up.
    #[must_use]
    pub fn after(mut self, outcome: Outcome, verdict: Verdict, now: Timestamp) -> Self {
        self.attempts = self.attempts.saturating_add(1);
        self.first_at = self.first_at.or(Some(now));
        self.last_at = Some(now);
        (self.http_status, self.trouble, self.excerpt) = match outcome {
            Outcome::Delivered(status) => (Some(status), None, None),
            Outcome::Gone => (Some(GONE), None, None),
            Outcome::Refused { status, excerpt, .. } => (Some(status), None, excerpt),
            Outcome::Failed(trouble) => (None, Some(trouble), None),
        };
        (self.state, self.next_at) = match verdict {
            Verdict::Delivered => (DeliveryState::Delivered, None),
            Verdict::Retry(pause) => (DeliveryState::Waiting, Some(later(now, pause))),
            Verdict::Dead => (DeliveryState::Dead, None),
            Verdict::Gone if self.payment_id.is_some() => (DeliveryState::Dead, None),
            Verdict::Gone => (DeliveryState::Waiting, None),
        };
        self
    }

    /// A callback that is not sent at all, since its payment's receiver is gone.
    #[must_use]
    pub fn given_up_untried(self) -> Self {
        Self { state: DeliveryState::Dead, http_status: Some(GONE), next_at: None, ..self }
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_305_600).expect("a time")
    }

    fn waiting(payment: Option<PaymentId>) -> WebhookDelivery {
        WebhookDelivery {
            id: WebhookDeliveryId::from_parts(1, &[1; 10]),
            endpoint_id: WebhookEndpointId::from_parts(1, &[2; 10]),
            sequence: 7,
            event_type: EventType::PaymentSucceeded,
            event_at: now(),
            payment_id: payment,
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

    fn refused(status: u16, retry_after: Option<u64>) -> Outcome {
        let retry_after = retry_after.map(Duration::from_secs);
        Outcome::Refused { status, retry_after, excerpt: Some("no".to_owned()) }
    }

    #[test]
    fn f27_what_fails_is_tried_ten_times_and_then_given_up() {
        let mut delivery = waiting(None);
        let mut at = now();
        for attempt in 1..=10 {
            assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Waiting, attempt - 1));
            let outcome = refused(500, None);
            let verdict = outcome.verdict(attempt, 0);
            delivery = delivery.after(outcome, verdict, at);
            at = delivery.next_at.unwrap_or(at);
        }
        assert_eq!((delivery.state, delivery.next_at), (DeliveryState::Dead, None));
        assert_eq!((delivery.first_at, delivery.http_status), (Some(now()), Some(500)));
        let days = delivery.last_at.expect("tried").duration_since(now()).as_hours();
        assert!((60..=80).contains(&days), "about three days, not {days} hours");
    }

    #[test]
    fn f27_a_receiver_that_is_busy_is_left_alone() {
        let outcome = refused(429, Some(120));
        let verdict = outcome.verdict(1, 0);
        assert_eq!(verdict, Verdict::Retry(Duration::from_secs(120)));
        let delivery = waiting(None).after(outcome, verdict, now());
        assert!(delivery.rests(now()) && !delivery.rests(later(now(), Duration::from_secs(120))));
        assert_eq!(delivery.excerpt.as_deref(), Some("no"));
    }

    #[test]
    fn f27_gone_ends_a_callback_and_holds_an_endpoint_up() {
        let verdict = Outcome::Gone.verdict(1, 0);
        let of_endpoint = waiting(None).after(Outcome::Gone, verdict, now());
        assert_eq!((of_endpoint.state, of_endpoint.next_at), (DeliveryState::Waiting, None));
        let payment = PaymentId::from_parts(1, &[3; 10]);
        let of_payment = waiting(Some(payment)).after(Outcome::Gone, verdict, now());
        assert_eq!((of_payment.state, of_payment.http_status), (DeliveryState::Dead, Some(410)));
    }

    #[test]
    fn what_is_delivered_late_forgets_its_trouble() {
        let failed = Outcome::Failed("no connection could be made".to_owned());
        let verdict = failed.verdict(1, 0);
        let delivery = waiting(None).after(failed, verdict, now());
        assert_eq!((delivery.http_status, delivery.trouble.is_some()), (None, true));
        let delivery = delivery.after(Outcome::Delivered(204), Verdict::Delivered, now());
        assert_eq!((delivery.state, delivery.attempts, delivery.trouble), (DeliveryState::Delivered, 2, None));
    }
}
