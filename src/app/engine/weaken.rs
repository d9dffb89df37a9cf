//! What a planted weakness makes of what the engine would do. Without one, everything passes as it is.
//!
//! See [`crate::weakness`]; the weaknesses that are one condition stand at their place.

use std::time::Duration;

use crate::domain::payment::decide::{Situation, Stage, Step, decide};
use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::fold::{Fold, State};
use crate::domain::payment::status::{PaymentStatus, ReviewReason};
use crate::domain::provider::Safety;
use crate::ports::clock::Deadline;
use crate::ports::provider::{PaymentAnswer, ProviderError, Refused};
use crate::weakness::{Weakness, planted};

/// The next step.
pub(super) fn decided(situation: &Situation, safety: &Safety) -> Step {
    let mut situation = *situation;
    if planted(Weakness::KeyAgeIgnored) {
        // An age that is not known keeps nobody from repeating.
        situation.key_first_used_at = None;
    }
    let step = decide(&situation, safety);
    let is_not_found = matches!(situation.last_look_up, Some((Verdict::NotFound, _)));
    if situation.stage != Stage::Unknown || !is_not_found {
        return step;
    }
    let is_quiet = step == Step::Review(ReviewReason::NoSafeAction);
    if planted(Weakness::NotFoundIsProof) || planted(Weakness::QuietTimeIsProof) && is_quiet {
        return Step::Submit;
    }
    step
}

/// What becomes of a payment for which no safe step is left.
pub(super) fn given_up(reason: ReviewReason) -> (PaymentStatus, Option<ReviewReason>) {
    if planted(Weakness::GivingUpIsFailed) {
        (PaymentStatus::Failed, None)
    } else {
        (PaymentStatus::NeedsReview, Some(reason))
    }
}

/// Until when a call may last.
pub(super) fn bounded(deadline: Deadline, call_timeout: Duration) -> Deadline {
    if planted(Weakness::NoDeadline) { Deadline::after(call_timeout) } else { deadline.at_most(call_timeout) }
}

/// The answer to a submission.
pub(super) fn answered(
    outcome: Result<Vec<PaymentAnswer>, ProviderError>,
) -> Result<Vec<PaymentAnswer>, ProviderError> {
    match outcome {
        Err(ProviderError::Unknown(trouble)) if planted(Weakness::TimeoutIsFailed) => {
            Err(ProviderError::Refused(Refused { message: trouble.what.to_owned(), ..Refused::default() }))
        }
        outcome => outcome,
    }
}

/// What a piece of evidence does.
pub(super) fn folded(outcome: Fold, verdict: Verdict) -> Fold {
    if !planted(Weakness::LastWriterWins) {
        return outcome;
    }
    match verdict {
        Verdict::Unclear => Fold::Become(State::of(PaymentStatus::Unknown)),
        Verdict::Accepted => Fold::Become(State::of(PaymentStatus::Pending)),
        Verdict::Declined => Fold::Become(State::of(PaymentStatus::Failed)),
        Verdict::NotSent
        | Verdict::Succeeded
        | Verdict::NotFound
        | Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::Mismatch
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => outcome,
    }
}
