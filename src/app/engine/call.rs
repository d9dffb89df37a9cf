//! A call to a provider, as metrics and traces tell of it.

use std::time::Instant;

use tracing::Instrument;
use tracing::instrument::Instrumented;

use crate::domain::provider::ProviderCode;
use crate::ports::provider::ProviderError;
use crate::telemetry::{metric, spans};

/// A call that is about to be made.
#[derive(Debug)]
pub(in crate::app) struct Call {
    provider: ProviderCode,
    name: &'static str,
    span: tracing::Span,
    started: Instant,
}

impl Call {
    pub(in crate::app) fn new(provider: ProviderCode, name: &'static str) -> Self {
        Self { provider, name, span: spans::provider_call(provider.as_str(), name), started: Instant::now() }
    }

    /// The call itself, under its span.
    pub(in crate::app) fn run<F: Future>(&self, call: F) -> Instrumented<F> {
        call.instrument(self.span.clone())
    }

    /// Counts the call and notes what came of it; tells when it began.
    pub(in crate::app) fn end<T>(self, outcome: &Result<T, ProviderError>) -> Instant {
        let result = match outcome {
            Ok(_) => "answered",
            Err(ProviderError::Refused(_)) => "refused",
            Err(ProviderError::NotSent(_)) => "not_sent",
            Err(ProviderError::Unknown(_)) => "unknown",
            Err(ProviderError::Misconfigured(_)) => "misconfigured",
        };
        match outcome {
            Ok(_) | Err(ProviderError::Refused(_)) => spans::ended(&self.span, result),
            Err(ProviderError::NotSent(_) | ProviderError::Unknown(_) | ProviderError::Misconfigured(_)) => {
                spans::failed(&self.span, result);
            }
        }
        let (provider, call) = (self.provider.as_str(), self.name);
        metrics::counter!(metric::PROVIDER_CALLS, "provider" => provider, "call" => call, "outcome" => result)
            .increment(1);
        metrics::histogram!(metric::PROVIDER_DURATION, "provider" => provider, "call" => call)
            .record(self.started.elapsed());
        self.started
    }
}

/// Makes a call of which nothing but the answer is looked at.
pub(in crate::app) async fn called<T>(
    provider: ProviderCode,
    name: &'static str,
    call: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let making = Call::new(provider, name);
    let outcome = making.run(call).await;
    making.end(&outcome);
    outcome
}
