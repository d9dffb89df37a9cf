//! The way to a provider: what calls tell about it, and how submissions pause while it does not hold.
//!
//! Failures in a row are counted in this process; the pause that follows from them is stored, so that every process
//! keeps it. Look-ups go on in a pause. The numbers are our choice.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::domain::provider::{ProviderCode, ProviderState};
use crate::ports::provider::{ProviderError, Trouble};
use crate::store::StoreError;
use crate::telemetry::metric;

/// How many calls in a row must fail before submissions pause, and for how long they do.
const FAILURES_IN_A_ROW: u32 = 5;
pub(super) const DEGRADED_PAUSE: Duration = Duration::from_secs(5);

impl App {
    /// What the outcome of a call that has an effect tells about the way to the provider.
    pub(in crate::app) async fn note_way<T: Sync>(
        &self,
        provider: ProviderCode,
        outcome: &Result<T, ProviderError>,
        way_known_well: bool,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(_) | Err(ProviderError::Refused(_)) => {
                self.forget_failures(provider);
                if way_known_well { Ok(()) } else { self.note_recovery(provider).await }
            }
            Err(error) => self.note_trouble(provider, error).await,
        }
    }

    /// The provider took a submission again.
    async fn note_recovery(&self, provider: ProviderCode) -> Result<(), StoreError> {
        tracing::info!(provider.name = %provider, "the provider takes submissions again");
        metrics::gauge!(metric::PROVIDER_STOPPED, "provider" => provider.as_str()).set(0.0);
        self.store.set_provider_state(provider, ProviderState::Healthy, None, None).await
    }

    /// What a failure of a call tells about the way to the provider: refused credentials stop submissions at once,
    /// several failures in a row for a moment. Look-ups go on.
    pub(in crate::app) async fn note_trouble(
        &self,
        provider: ProviderCode,
        error: &ProviderError,
    ) -> Result<(), StoreError> {
        let (state, trouble, pause) = match error {
            ProviderError::Refused(_) => return Ok(()),
            ProviderError::NotSent(trouble @ Trouble { retry_after: Some(pause), .. }) => {
                tracing::warn!(provider.name = %provider, %trouble, "the provider asks us to wait: submissions pause");
                (ProviderState::Degraded, trouble, *pause)
            }
            ProviderError::Misconfigured(trouble) => {
                tracing::error!(provider.name = %provider, %trouble, "the provider refuses us: submissions pause");
                (ProviderState::Misconfigured, trouble, self.policy.misconfigured_pause)
            }
            ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) => {
                if self.count_failure(provider) < FAILURES_IN_A_ROW {
                    return Ok(());
                }
                tracing::warn!(provider.name = %provider, %trouble, "the provider does not answer: submissions pause");
                (ProviderState::Degraded, trouble, DEGRADED_PAUSE)
            }
        };
        metrics::gauge!(metric::PROVIDER_STOPPED, "provider" => provider.as_str()).set(1.0);
        let until = self.clock.now() + pause;
        self.store.set_provider_state(provider, state, Some(&trouble.to_string()), Some(until)).await
    }

    fn count_failure(&self, provider: ProviderCode) -> u32 {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(provider).or_default();
        *count += 1;
        *count
    }

    fn forget_failures(&self, provider: ProviderCode) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&provider);
    }
}

/// Counts a call to a provider.
pub(in crate::app) fn note_call<T>(
    provider: ProviderCode,
    call: &'static str,
    outcome: &Result<T, ProviderError>,
    started: Instant,
) {
    let result = match outcome {
        Ok(_) => "answered",
        Err(ProviderError::Refused(_)) => "refused",
        Err(ProviderError::NotSent(_)) => "not_sent",
        Err(ProviderError::Unknown(_)) => "unknown",
        Err(ProviderError::Misconfigured(_)) => "misconfigured",
    };
    let name = provider.as_str();
    metrics::counter!(metric::PROVIDER_CALLS, "provider" => name, "call" => call, "outcome" => result).increment(1);
    metrics::histogram!(metric::PROVIDER_DURATION, "provider" => name, "call" => call).record(started.elapsed());
}
