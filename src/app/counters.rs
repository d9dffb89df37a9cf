//! The counters on which somebody is alerted, at 0 from the start.
//!
//! A counter that is first seen at 1 has not risen for whoever asks how much it rose: the first event, often the only
//! one, would alert nobody. So each is touched at the start with every label that it may bear here.

use super::App;
use crate::domain::overload::Overload;
use crate::domain::provider::ProviderCode;
use crate::telemetry::metric;

/// What may become of a callback from a provider that is on; that it is `off` shows only for the others.
const CALLBACK_OUTCOMES: [&str; 5] = ["stored", "repeated", "ignored", "refused", "limited"];
/// What may come of an attempt to deliver a webhook, and that it was the last.
const DELIVERY_OUTCOMES: [&str; 5] = ["delivered", "gone", "refused", "failed", "dead"];

impl App {
    /// Touches them, once the process has its recorder of metrics.
    pub fn begin_counters(&self) {
        metrics::counter!(metric::TRANSITIONS_REFUSED).increment(0);
        for outcome in DELIVERY_OUTCOMES {
            metrics::counter!(metric::WEBHOOK_DELIVERIES, "outcome" => outcome).increment(0);
        }
        for provider in self.providers.keys().copied() {
            begin_counters_of(provider);
        }
    }
}

fn begin_counters_of(provider: ProviderCode) {
    let code = provider.as_str();
    for overload in [Overload::Backlog(provider), Overload::Busy, Overload::Disk] {
        metrics::counter!(metric::OVERLOADED, "reason" => overload.as_str()).increment(0);
    }
    for outcome in CALLBACK_OUTCOMES {
        metrics::counter!(metric::CALLBACKS, "provider" => code, "outcome" => outcome).increment(0);
    }
    match provider {
        ProviderCode::Click => metrics::counter!(metric::PROVIDER_FORBIDDEN, "provider" => code).increment(0),
        ProviderCode::Almara => metrics::counter!(metric::ENVIRONMENT_MISMATCH, "provider" => code).increment(0),
        ProviderCode::Bill => {}
        ProviderCode::Clickpesa => metrics::counter!(metric::UNUSABLE_COLLECTIONS, "provider" => code).increment(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::receive_callback::Received;
    use crate::domain::webhook::Outcome;
    use crate::ports::provider::CallbackError;

    #[test]
    fn every_word_that_is_counted_is_touched() {
        let refused = Outcome::Refused { status: 500, retry_after: None, excerpt: None };
        for outcome in [Outcome::Delivered(204), Outcome::Gone, refused, Outcome::Failed(String::new())] {
            assert!(DELIVERY_OUTCOMES.contains(&outcome.word()), "{outcome:?}");
        }
        let refused = Received::Refused(CallbackError::Forged);
        for received in [Received::Stored, Received::Repeated, Received::Ignored, refused] {
            assert!(CALLBACK_OUTCOMES.contains(&received.word()), "{received:?}");
        }
    }
}
