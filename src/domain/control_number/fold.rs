//! `fold`: how one piece of evidence changes a control number.
//!
//! The same idea as with payments: evidence is monotone, so that the order in which it arrives does not matter, and
//! FAILED needs proof. The whole table, every state against every verdict, is printed and compared by a test
//! (`fold.table.txt`). "Active" stands for a number that was made: which of the statuses of such a number it has follows
//! from the money that has come.

use super::ControlNumberStatus;
use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::status::ReviewReason;

/// A number's state as far as evidence can change it: its status, and in review the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Where the number stands.
    pub status: ControlNumberStatus,
    /// Why a person must look, in NEEDS_REVIEW.
    pub review: Option<ReviewReason>,
}

/// What a piece of evidence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    /// The number becomes this.
    Become(State),
    /// It confirms what is known, or is weaker: kept as evidence, nothing changes.
    Stay,
    /// It cannot be about this number in this state: kept as evidence, counted and logged.
    Refuse,
}

impl State {
    /// A state outside review.
    pub const fn of(status: ControlNumberStatus) -> Self {
        Self { status, review: None }
    }

    /// In review for `reason`.
    pub const fn in_review(reason: ReviewReason) -> Self {
        Self { status: ControlNumberStatus::NeedsReview, review: Some(reason) }
    }

    /// Every state that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = ControlNumberStatus::ALL.iter().filter(|status| **status != ControlNumberStatus::NeedsReview);
        plain.copied().map(Self::of).chain(ReviewReason::ALL.iter().copied().map(Self::in_review))
    }
}

/// Folds one verdict into a state.
pub const fn fold(state: State, verdict: Verdict) -> Fold {
    match state.status {
        ControlNumberStatus::Requested => fold_requested(verdict),
        ControlNumberStatus::Unknown => fold_unknown(verdict),
        ControlNumberStatus::NeedsReview => match state.review {
            Some(reason) if !reason.is_doubt() => fold_settled(verdict),
            Some(_) | None => fold_doubt(verdict),
        },
        // A refusal because the reference was in use leaves a number of that name to be found: it is another's.
        ControlNumberStatus::Failed => fold_settled(verdict),
        // What it takes is known from the answer that made it, and from our own changes since.
        ControlNumberStatus::Active
        | ControlNumberStatus::Inactive
        | ControlNumberStatus::PartiallyPaid
        | ControlNumberStatus::Paid
        | ControlNumberStatus::Overpaid => fold_settled(verdict),
    }
}

const fn to(status: ControlNumberStatus) -> Fold {
    Fold::Become(State::of(status))
}

/// REQUESTED: the answer to the call, or the loss of whoever made it.
const fn fold_requested(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent | Verdict::NotFound => Fold::Stay,
        Verdict::Unclear | Verdict::Accepted => to(ControlNumberStatus::Unknown),
        Verdict::Succeeded => to(ControlNumberStatus::Active),
        Verdict::Declined => to(ControlNumberStatus::Failed),
        Verdict::Mismatch => Fold::Become(State::in_review(ReviewReason::Mismatch)),
        Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// UNKNOWN: only a definite answer ends it.
const fn fold_unknown(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent | Verdict::NotFound | Verdict::Unclear | Verdict::Accepted => Fold::Stay,
        Verdict::Succeeded => to(ControlNumberStatus::Active),
        Verdict::Declined => to(ControlNumberStatus::Failed),
        Verdict::Mismatch => Fold::Become(State::in_review(ReviewReason::Mismatch)),
        Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// NEEDS_REVIEW for lack of an answer: positive evidence settles it, a refusal only informs the person who looks.
const fn fold_doubt(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent | Verdict::NotFound | Verdict::Unclear | Verdict::Accepted | Verdict::Declined => Fold::Stay,
        Verdict::Succeeded => to(ControlNumberStatus::Active),
        Verdict::Mismatch => Fold::Become(State::in_review(ReviewReason::Mismatch)),
        Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// Made, refused, or in review because something is wrong: no later answer to the question whether it exists matters.
const fn fold_settled(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent
        | Verdict::NotFound
        | Verdict::Unclear
        | Verdict::Accepted
        | Verdict::Declined
        | Verdict::Succeeded
        | Verdict::Mismatch => Fold::Stay,
        Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/control_number/fold.table.txt");

    fn name(state: State) -> String {
        match state.review {
            Some(reason) => format!("{}({reason})", state.status),
            None => state.status.to_string(),
        }
    }

    fn table() -> String {
        let mut table = String::new();
        for state in State::all() {
            for &verdict in Verdict::ALL {
                let result = match fold(state, verdict) {
                    Fold::Become(next) => name(next),
                    Fold::Stay => "-".to_owned(),
                    Fold::Refuse => "refused".to_owned(),
                };
                writeln!(table, "{:<34} {:<20} {result}", name(state), verdict.as_str()).expect("a string takes all");
            }
        }
        table
    }

    #[test]
    fn every_state_against_every_verdict_is_as_recorded() {
        let table = table();
        print!("{table}");
        if std::env::var_os("BILLPAY_TEST_BLESS").is_some() {
            std::fs::write(RECORDED, &table).expect("written");
        }
        let recorded = std::fs::read_to_string(RECORDED).unwrap_or_default();
        let changed: Vec<_> = table.lines().filter(|line| !recorded.lines().any(|known| known == *line)).collect();
        assert!(table == recorded, "BILLPAY_TEST_BLESS=1 records it anew; changed: {changed:#?}");
    }

    fn run(verdicts: &[Verdict]) -> State {
        verdicts.iter().fold(State::of(ControlNumberStatus::Requested), |state, &verdict| match fold(state, verdict) {
            Fold::Become(next) => next,
            Fold::Stay | Fold::Refuse => state,
        })
    }

    proptest! {
        #[test]
        fn a_number_that_was_made_is_active_in_every_order(
            mut verdicts in prop::collection::vec(
                prop::sample::select(vec![Verdict::Unclear, Verdict::NotFound, Verdict::NotSent]), 0..8),
            at in any::<prop::sample::Index>(),
        ) {
            verdicts.insert(at.index(verdicts.len() + 1), Verdict::Succeeded);
            prop_assert_eq!(run(&verdicts), State::of(ControlNumberStatus::Active));
        }

        #[test]
        fn failed_is_never_reached_without_a_definite_refusal(
            verdicts in prop::collection::vec(prop::sample::select(Verdict::ALL), 0..12)
        ) {
            if run(&verdicts).status == ControlNumberStatus::Failed {
                prop_assert!(verdicts.contains(&Verdict::Declined));
            }
        }
    }
}
