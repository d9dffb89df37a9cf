//! Renewing a secret: which of the two that sign gives way.
//!
//! The answer that shows a secret may be lost, and then the renewal is asked for once more. Were the present secret
//! made the former each time, the second try would end the one that the receiver verifies with, and keep one that
//! nobody ever saw. So what follows soon upon a renewal takes the place of the secret which that one made.

use jiff::{SignedDuration, Timestamp};

use super::WebhookEndpoint;

/// How long a secret stays valid beside the one that took its place.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// How soon after a renewal another is the same one, asked for again; billpay's choice.
pub const SETTLING: SignedDuration = SignedDuration::from_mins(10);

/// Which secret a new one takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The present one becomes the former; where there was a former, that one ends.
    First,
    /// The present one was only just made, and ends; the former signs on for as long as it was to.
    Repeated,
}

impl WebhookEndpoint {
    /// What a renewal at `now` is.
    pub fn renewal(&self, now: Timestamp) -> Renewal {
        let has_former = self.previous_secret_until.is_some_and(|until| until > now);
        if has_former && now.duration_since(self.secret_since) < SETTLING { Renewal::Repeated } else { Renewal::First }
    }

    /// The endpoint after a renewal.
    #[must_use]
    pub fn renewed(self, renewal: Renewal, now: Timestamp) -> Self {
        let previous_secret_until = match renewal {
            Renewal::First => Some(now.saturating_add(OVERLAP).unwrap_or(now)),
            Renewal::Repeated => self.previous_secret_until,
        };
        Self { secret_since: now, previous_secret_until, updated_at: now, ..self }
    }
}
