//! What an attempt's row keeps of what came of it.

use crate::domain::payment::AttemptState;
use crate::domain::payment::evidence::Verdict;
use crate::ports::provider::{PaymentAnswer, ProviderError};
use crate::store::AttemptEnd;

/// The state of an attempt, by what its answer said.
pub(in crate::app) const fn attempt_state(said: Verdict) -> AttemptState {
    match said {
        Verdict::NotSent => AttemptState::NotSent,
        Verdict::Unclear | Verdict::NotFound => AttemptState::Unknown,
        Verdict::Accepted => AttemptState::Acknowledged,
        Verdict::Declined | Verdict::Cancelled | Verdict::ConfirmedFailed => AttemptState::Declined,
        Verdict::Succeeded
        | Verdict::Mismatch
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::ConfirmedSucceeded => AttemptState::Succeeded,
    }
}

/// What an attempt's row keeps of an answer; of several, what they have in common.
pub(super) fn attempt_end(outcome: &Result<Vec<PaymentAnswer>, ProviderError>) -> AttemptEnd {
    match outcome {
        Ok(answers) => answers.first().map_or_else(AttemptEnd::default, |answer| AttemptEnd {
            http_status: answer.http_status,
            provider_code: answer.code.clone(),
            provider_message: answer.message.clone(),
            provider_trace: answer.trace.clone(),
        }),
        Err(error) => attempt_end_of_error(error),
    }
}

/// What an attempt's row keeps of an error.
pub(in crate::app) fn attempt_end_of_error(error: &ProviderError) -> AttemptEnd {
    match error {
        ProviderError::Refused(refused) => AttemptEnd {
            http_status: refused.http_status,
            provider_code: refused.code.clone(),
            provider_message: Some(refused.message.clone()),
            provider_trace: refused.trace.clone(),
        },
        ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble) => {
            AttemptEnd {
                http_status: trouble.http_status,
                provider_code: trouble.code.clone(),
                provider_message: trouble.message.clone().or_else(|| Some(trouble.what.to_owned())),
                provider_trace: trouble.trace.clone(),
            }
        }
    }
}
