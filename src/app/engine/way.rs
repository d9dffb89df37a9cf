//! The way to a provider: what calls tell about it, and how submissions pause while it does not hold.
//!
//! Failures in a row are counted in this process; the pause that follows from them is stored, so that every process
//! keeps it, and so is who may try whether it is over. What is decided is decided in [`crate::domain::breaker`].

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::app::App;
use crate::domain::breaker::{CallKind, Calls, FIRST_PAUSE, Failed, Gate, Way};
use crate::domain::overload::Room;
use crate::domain::provider::{ProviderCode, ProviderState};
use crate::ports::provider::{ProviderError, Trouble};
use crate::store::{ProviderRow, StoreError};
use crate::telemetry::metric;

/// A provider that is busy for no longer is not at fault.
pub(super) const DEGRADED_PAUSE: Duration = FIRST_PAUSE;
/// When a submission is looked at again that waits for room on the disk.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(5);
/// When one is looked at again that came between the end of a pause and its outcome.
const SOON: Duration = Duration::from_secs(1);

/// Whether a submission may go ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Pass {
    /// It may.
    Go {
        /// Whether the way was known to be good; else its answer tells whether it is.
        known_well: bool,
    },
    /// Not before then.
    Wait(Timestamp),
}

impl App {
    /// Whether a submission to a provider, whose row was read a moment ago, may go ahead. After a pause one may, of all
    /// processes; should nothing come of it, the next may when its call must be over.
    pub(in crate::app) async fn pass(
        &self,
        provider: ProviderCode,
        row: Option<&ProviderRow>,
    ) -> Result<Pass, StoreError> {
        let now = self.clock.now();
        if self.load.room() == Room::Scarce {
            return Ok(Pass::Wait(now + NO_ROOM_PAUSE));
        }
        let Some(row) = row else { return Ok(Pass::Go { known_well: true }) };
        match way_of(row).gate(now) {
            Gate::Open => Ok(Pass::Go { known_well: row.state == ProviderState::Healthy }),
            Gate::Shut(until) => Ok(Pass::Wait(until)),
            Gate::Probe(ended) => {
                let until = now + self.policy.call_timeout + self.policy.lease_margin;
                let is_ours = self.store.take_probe(provider, ended, until).await?;
                self.forget_ways();
                if is_ours {
                    tracing::info!(provider.name = %provider, "one submission tries whether the provider is back");
                    return Ok(Pass::Go { known_well: false });
                }
                let tried_until = self.store.provider(provider).await?.and_then(|row| row.submits_paused_until);
                Ok(Pass::Wait(tried_until.filter(|until| *until > now).unwrap_or(now + SOON)))
            }
        }
    }

    /// What the outcome of a call that has an effect tells about the way to the provider.
    pub(in crate::app) async fn note_way<T: Sync>(
        &self,
        provider: ProviderCode,
        began: Instant,
        outcome: &Result<T, ProviderError>,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(_) | Err(ProviderError::Refused(_)) => {
                // Who takes a submission answers questions, too.
                self.note_call(provider, CallKind::Submission, |calls| calls.answered(began));
                self.note_call(provider, CallKind::Question, |calls| calls.answered(began));
                if way_known_well { Ok(()) } else { self.note_recovery(provider).await }
            }
            Err(error) => self.note_failed_call(provider, CallKind::Submission, began, error, !way_known_well).await,
        }
    }

    /// The provider took a submission again.
    async fn note_recovery(&self, provider: ProviderCode) -> Result<(), StoreError> {
        tracing::info!(provider.name = %provider, "the provider takes submissions again");
        metrics::gauge!(metric::PROVIDER_STOPPED, "provider" => provider.as_str()).set(0.0);
        self.record_way(provider, ProviderState::Healthy, None, None).await
    }

    /// What a call without an effect tells about the way to the provider. That it was answered tells nothing of
    /// submissions, and that it was refused to us is for people to look at: a submission will show whether it is, too.
    pub(in crate::app) async fn note_question<T: Sync>(
        &self,
        provider: ProviderCode,
        began: Instant,
        outcome: &Result<T, ProviderError>,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(_) | Err(ProviderError::Refused(_)) => {
                self.note_call(provider, CallKind::Question, |calls| calls.answered(began));
                Ok(())
            }
            Err(ProviderError::Misconfigured(trouble)) => {
                tracing::error!(provider.name = %provider, %trouble, "the provider refuses to answer us");
                self.note_without_pause(provider, ProviderState::Misconfigured, Some(&trouble.to_string())).await
            }
            Err(error) => self.note_failed_call(provider, CallKind::Question, began, error, false).await,
        }
    }

    /// What it tells that no session could be had for a call that has an effect.
    pub(super) async fn note_unprepared(
        &self,
        provider: ProviderCode,
        error: &ProviderError,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        self.note_failed_call(provider, CallKind::Submission, Instant::now(), error, !way_known_well).await
    }

    /// Refused credentials stop submissions at once, several failures in a row for a moment, the failure of a probe for
    /// longer each time. Look-ups go on.
    async fn note_failed_call(
        &self,
        provider: ProviderCode,
        kind: CallKind,
        began: Instant,
        error: &ProviderError,
        is_probe: bool,
    ) -> Result<(), StoreError> {
        let (state, trouble, pause) = match error {
            ProviderError::Refused(_) => return Ok(()),
            ProviderError::NotSent(Trouble { is_known: true, .. }) if !is_probe => return Ok(()),
            ProviderError::NotSent(trouble @ Trouble { retry_after: Some(wait), .. }) => {
                let way = self.way(provider).await?;
                let Some(pause) = way.pause_asked(*wait, is_probe) else { return Ok(()) };
                tracing::warn!(provider.name = %provider, %trouble, "the provider asks us to wait: submissions pause");
                (ProviderState::Degraded, trouble, pause)
            }
            ProviderError::Misconfigured(trouble) => {
                tracing::error!(provider.name = %provider, %trouble, "the provider refuses us: submissions pause");
                (ProviderState::Misconfigured, trouble, self.policy.misconfigured_pause)
            }
            ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) => {
                let in_a_row = self.note_call(provider, kind, |calls| calls.failed(began));
                let failed =
                    if is_probe { Some(Failed::Probe) } else { in_a_row.map(|in_a_row| Failed::Call { in_a_row }) };
                let Some(failed) = failed else { return Ok(()) };
                let Some(pause) = self.pause_after(provider, failed).await? else { return Ok(()) };
                tracing::warn!(provider.name = %provider, %trouble, ?pause, "no answer: submissions pause");
                (ProviderState::Degraded, trouble, pause)
            }
        };
        metrics::gauge!(metric::PROVIDER_STOPPED, "provider" => provider.as_str()).set(1.0);
        let until = self.clock.now() + pause;
        self.record_way(provider, state, Some(&trouble.to_string()), Some(until)).await
    }

    /// Reads what all processes know only where it matters: most failures are the first of a row.
    async fn pause_after(&self, provider: ProviderCode, failed: Failed) -> Result<Option<Duration>, StoreError> {
        let now = self.clock.now();
        if unknown(now).pause_after(failed, now).is_none() {
            return Ok(None);
        }
        Ok(self.way(provider).await?.pause_after(failed, now))
    }

    /// What all processes know.
    async fn way(&self, provider: ProviderCode) -> Result<Way, StoreError> {
        let row = self.store.provider(provider).await?;
        Ok(row.as_ref().map_or_else(|| unknown(self.clock.now()), way_of))
    }

    fn note_call<T>(&self, provider: ProviderCode, kind: CallKind, note: impl FnOnce(&mut Calls<Instant>) -> T) -> T {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        note(calls.entry((provider, kind)).or_default())
    }
}

/// The way to a provider of which nothing is recorded.
fn unknown(now: Timestamp) -> Way {
    Way { since: now, paused_until: None }
}

fn way_of(row: &ProviderRow) -> Way {
    // The trouble has lasted since the way was last good; a way that is good has had none.
    let since = if row.state == ProviderState::Healthy { Timestamp::MAX } else { row.since };
    Way { since, paused_until: row.submits_paused_until }
}
