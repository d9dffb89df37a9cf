//! Where a submission of control numbers stands, and what an answer about one of them says.

use super::terms::Terms;
use super::{ControlNumber, ControlNumberStatus};
use crate::domain::event::EventType;
use crate::domain::money::Money;
use crate::domain::payment::decide::Stage;
use crate::domain::payment::evidence::Verdict;

/// The stage of numbers that share a submission: the least settled one counts.
pub fn stage_of(statuses: impl IntoIterator<Item = ControlNumberStatus>) -> Stage {
    let worst = statuses.into_iter().map(urgency).min_by_key(|(urgency, _)| *urgency);
    worst.map_or(Stage::Settled, |(_, stage)| stage)
}

const fn urgency(status: ControlNumberStatus) -> (u8, Stage) {
    match status {
        ControlNumberStatus::Unknown => (0, Stage::Unknown),
        ControlNumberStatus::Requested => (1, Stage::Ready),
        ControlNumberStatus::NeedsReview => (2, Stage::InReview),
        ControlNumberStatus::Failed
        | ControlNumberStatus::Active
        | ControlNumberStatus::Inactive
        | ControlNumberStatus::PartiallyPaid
        | ControlNumberStatus::Paid
        | ControlNumberStatus::Overpaid => (3, Stage::Settled),
    }
}

/// Compares what the provider keeps with what was asked: any difference that is told is a mismatch. A mode without an
/// amount means nothing, although the provider may tell one; an amount of nothing is none.
pub fn weigh(asked: &Terms, told: &Terms) -> Verdict {
    let differs = |asked: Option<Money>, told: Option<Money>| {
        told.is_some_and(|told| Some(told) != asked && (asked.is_some() || told.is_positive()))
    };
    let mode = asked.amount.is_some() && told.mode.is_some_and(|told| Some(told) != asked.mode);
    if mode || differs(asked.amount, told.amount) || differs(asked.max_amount, told.max_amount) {
        Verdict::Mismatch
    } else {
        Verdict::Succeeded
    }
}

/// What several answers to one call say of it as a whole: what leaves most open counts.
pub fn combined(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    verdicts.into_iter().min_by_key(|verdict| openness(*verdict)).unwrap_or(Verdict::Succeeded)
}

const fn openness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Unclear => 0,
        Verdict::Accepted => 1,
        Verdict::NotFound => 2,
        Verdict::NotSent => 3,
        Verdict::Mismatch
        | Verdict::Succeeded
        | Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::ConfirmedSucceeded => 4,
        Verdict::Declined | Verdict::ConfirmedFailed => 5,
    }
}

/// The event that tells that a number came to stand at `to` by an answer of the provider.
pub const fn event_of(to: ControlNumberStatus) -> EventType {
    match to {
        ControlNumberStatus::Requested => EventType::ControlNumberRequested,
        ControlNumberStatus::Unknown => EventType::ControlNumberUnknown,
        ControlNumberStatus::NeedsReview => EventType::ControlNumberNeedsReview,
        ControlNumberStatus::Failed => EventType::ControlNumberFailed,
        ControlNumberStatus::Active
        | ControlNumberStatus::Inactive
        | ControlNumberStatus::PartiallyPaid
        | ControlNumberStatus::Paid
        | ControlNumberStatus::Overpaid => EventType::ControlNumberIssued,
    }
}

impl ControlNumber {
    /// Which amounts it takes.
    pub const fn terms(&self) -> Terms {
        Terms { mode: self.mode, amount: self.amount, max_amount: self.max_amount }
    }

    /// Whether the provider is still to be asked to make it, or may have been without an answer.
    pub const fn is_open(&self) -> bool {
        match self.status {
            ControlNumberStatus::Requested | ControlNumberStatus::Unknown => true,
            ControlNumberStatus::NeedsReview
            | ControlNumberStatus::Failed
            | ControlNumberStatus::Active
            | ControlNumberStatus::Inactive
            | ControlNumberStatus::PartiallyPaid
            | ControlNumberStatus::Paid
            | ControlNumberStatus::Overpaid => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ControlNumberMode;
    use super::super::money::tests::shillings;
    use super::*;

    #[test]
    fn the_least_settled_number_counts() {
        use ControlNumberStatus::{Active, Failed, NeedsReview, Requested, Unknown};
        assert_eq!(stage_of([]), Stage::Settled);
        assert_eq!(stage_of([Active, Failed]), Stage::Settled);
        assert_eq!(stage_of([Active, NeedsReview]), Stage::InReview);
        assert_eq!(stage_of([NeedsReview, Requested]), Stage::Ready);
        assert_eq!(stage_of([Requested, Unknown, Active]), Stage::Unknown);
    }

    #[test]
    fn any_difference_that_is_told_is_a_mismatch() {
        let exact = Some(ControlNumberMode::Exact);
        let partial = Some(ControlNumberMode::AllowPartialAndOverPayment);
        let terms = |mode, amount: Option<i64>, most: Option<i64>| Terms {
            mode,
            amount: amount.map(shillings),
            max_amount: most.map(shillings),
        };
        let asked = terms(exact, Some(100), None);
        let cases = [
            (asked, terms(None, None, None), Verdict::Succeeded),
            (asked, terms(exact, Some(100), None), Verdict::Succeeded),
            (asked, terms(exact, Some(101), None), Verdict::Mismatch),
            (asked, terms(partial, Some(100), None), Verdict::Mismatch),
            (terms(None, None, None), terms(partial, None, None), Verdict::Succeeded),
            (terms(None, None, None), terms(partial, Some(0), None), Verdict::Succeeded),
            (terms(None, None, None), terms(None, Some(5), None), Verdict::Mismatch),
            (terms(None, None, Some(500)), terms(None, None, Some(400)), Verdict::Mismatch),
            (terms(None, None, Some(500)), terms(None, None, None), Verdict::Succeeded),
        ];
        for (asked, told, expected) in cases {
            assert_eq!(weigh(&asked, &told), expected, "{asked:?} {told:?}");
        }
    }

    #[test]
    fn what_leaves_most_open_counts() {
        use Verdict::{Declined, NotFound, NotSent, Succeeded, Unclear};
        assert_eq!(combined([]), Succeeded);
        assert_eq!(combined([Succeeded, Declined]), Succeeded);
        assert_eq!(combined([Declined, Declined]), Declined);
        assert_eq!(combined([Succeeded, NotSent, Declined]), NotSent);
        assert_eq!(combined([NotFound, Unclear, NotSent]), Unclear);
    }
}
