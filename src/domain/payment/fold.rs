//! `fold`: how one piece of evidence changes a payment.
//!
//! Evidence is monotone: a definite answer is never overwritten by an indefinite or an older one, so that the order in
//! which evidence arrives does not matter. FAILED needs proof that no money moved. The whole table, every state against
//! every verdict, is printed and compared by a test (`fold.table.txt`).

use super::evidence::Verdict;
use super::status::{PaymentStatus, ReviewReason};

/// A payment's state as far as evidence can change it: its status, and in review the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Where the payment stands.
    pub status: PaymentStatus,
    /// Why a person must look, in NEEDS_REVIEW.
    pub review: Option<ReviewReason>,
}

/// What a piece of evidence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    /// The payment becomes this.
    Become(State),
    /// It confirms what is known, or is weaker: kept as evidence, nothing changes.
    Stay,
    /// It cannot be about this payment in this state: kept as evidence, counted and logged.
    Refuse,
}

impl State {
    /// A state outside review.
    pub const fn of(status: PaymentStatus) -> Self {
        Self { status, review: None }
    }

    /// In review for `reason`.
    pub const fn in_review(reason: ReviewReason) -> Self {
        Self { status: PaymentStatus::NeedsReview, review: Some(reason) }
    }

    /// Every state that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = PaymentStatus::ALL.iter().filter(|status| **status != PaymentStatus::NeedsReview).copied();
        plain.map(Self::of).chain(ReviewReason::ALL.iter().copied().map(Self::in_review))
    }
}

/// Folds one verdict into a state.
pub const fn fold(state: State, verdict: Verdict) -> Fold {
    match state.status {
        PaymentStatus::Scheduled | PaymentStatus::Ready => fold_unsent(verdict),
        PaymentStatus::Submitting => fold_submitting(verdict),
        PaymentStatus::Unknown => fold_unknown(verdict),
        PaymentStatus::Pending => fold_pending(verdict),
        PaymentStatus::NeedsReview => match state.review {
            Some(reason) if !reason.is_doubt() => fold_anomaly(verdict),
            Some(_) | None => fold_doubt(verdict),
        },
        PaymentStatus::Succeeded => fold_succeeded(verdict),
        PaymentStatus::Failed => fold_failed(verdict),
        PaymentStatus::Cancelled => fold_cancelled(verdict),
        PaymentStatus::Reversed => fold_reversed(verdict),
    }
}

const fn to(status: PaymentStatus) -> Fold {
    Fold::Become(State::of(status))
}

const fn review(reason: ReviewReason) -> Fold {
    Fold::Become(State::in_review(reason))
}

/// SCHEDULED and READY: nothing was sent, so whoever reports that the provider has it contradicts our books.
const fn fold_unsent(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::Accepted
        | Verdict::Succeeded
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed => review(ReviewReason::UnexpectedSuccess),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
        Verdict::NotFound => Fold::Stay,
        Verdict::NotSent
        | Verdict::Unclear
        | Verdict::Declined
        | Verdict::Cancelled
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// SUBMITTING: the answer to the call, or the loss of whoever made it.
const fn fold_submitting(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent => to(PaymentStatus::Ready),
        Verdict::Unclear => to(PaymentStatus::Unknown),
        Verdict::Accepted => to(PaymentStatus::Pending),
        Verdict::Succeeded => to(PaymentStatus::Succeeded),
        Verdict::Declined => to(PaymentStatus::Failed),
        // A look-up by an earlier holder: the call that is in the air may not have arrived yet.
        Verdict::NotFound => Fold::Stay,
        Verdict::Cancelled => to(PaymentStatus::Cancelled),
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::DisbursementFailed => review(ReviewReason::DisbursementFailed),
        Verdict::FundingFailed => review(ReviewReason::FundingFailed),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
        Verdict::ConfirmedSucceeded | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// UNKNOWN: only a definite answer ends it.
const fn fold_unknown(verdict: Verdict) -> Fold {
    match verdict {
        // A holder whose lease was taken reports late; look-up decides, since another call may have been made.
        Verdict::NotSent | Verdict::Unclear | Verdict::NotFound => Fold::Stay,
        Verdict::Accepted => to(PaymentStatus::Pending),
        Verdict::Succeeded => to(PaymentStatus::Succeeded),
        Verdict::Declined => to(PaymentStatus::Failed),
        Verdict::Cancelled => to(PaymentStatus::Cancelled),
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::DisbursementFailed => review(ReviewReason::DisbursementFailed),
        Verdict::FundingFailed => review(ReviewReason::FundingFailed),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
        Verdict::ConfirmedSucceeded | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// PENDING: the provider has it; what is weaker than that changes nothing.
const fn fold_pending(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent | Verdict::Unclear | Verdict::NotFound | Verdict::Accepted => Fold::Stay,
        Verdict::Succeeded => to(PaymentStatus::Succeeded),
        Verdict::Declined => to(PaymentStatus::Failed),
        Verdict::Cancelled => to(PaymentStatus::Cancelled),
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::DisbursementFailed => review(ReviewReason::DisbursementFailed),
        Verdict::FundingFailed => review(ReviewReason::FundingFailed),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
        Verdict::ConfirmedSucceeded | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// NEEDS_REVIEW for lack of an answer: positive evidence settles it, a refusal only informs the person who looks.
const fn fold_doubt(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent | Verdict::Unclear | Verdict::NotFound | Verdict::Declined => Fold::Stay,
        Verdict::Accepted => to(PaymentStatus::Pending),
        Verdict::Succeeded | Verdict::ConfirmedSucceeded => to(PaymentStatus::Succeeded),
        Verdict::ConfirmedFailed => to(PaymentStatus::Failed),
        Verdict::Cancelled => to(PaymentStatus::Cancelled),
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::DisbursementFailed => review(ReviewReason::DisbursementFailed),
        Verdict::FundingFailed => review(ReviewReason::FundingFailed),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
    }
}

/// NEEDS_REVIEW because something is wrong: the same answer again explains nothing, a person decides.
const fn fold_anomaly(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent
        | Verdict::Unclear
        | Verdict::NotFound
        | Verdict::Declined
        | Verdict::Accepted
        | Verdict::Succeeded
        | Verdict::Cancelled
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::Mismatch => Fold::Stay,
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::ConfirmedSucceeded => to(PaymentStatus::Succeeded),
        Verdict::ConfirmedFailed => to(PaymentStatus::Failed),
    }
}

/// SUCCEEDED: only what takes the success back counts.
const fn fold_succeeded(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent
        | Verdict::Unclear
        | Verdict::NotFound
        | Verdict::Declined
        | Verdict::Accepted
        | Verdict::Succeeded => Fold::Stay,
        Verdict::Cancelled => review(ReviewReason::Contradiction),
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::DisbursementFailed => review(ReviewReason::DisbursementFailed),
        Verdict::FundingFailed => review(ReviewReason::FundingFailed),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
        Verdict::ConfirmedSucceeded | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// FAILED: a cancellation, or a definite success, that comes later is believed.
const fn fold_failed(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent | Verdict::Unclear | Verdict::NotFound | Verdict::Declined | Verdict::Accepted => Fold::Stay,
        // Nothing was paid either way; but after it a success is as unexpected as if it had come first.
        Verdict::Cancelled => to(PaymentStatus::Cancelled),
        Verdict::Succeeded => to(PaymentStatus::Succeeded),
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::DisbursementFailed => review(ReviewReason::DisbursementFailed),
        Verdict::FundingFailed => review(ReviewReason::FundingFailed),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
        Verdict::ConfirmedSucceeded | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// CANCELLED: a success for what was called off is never expected.
const fn fold_cancelled(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent
        | Verdict::Unclear
        | Verdict::NotFound
        | Verdict::Declined
        | Verdict::Accepted
        | Verdict::Cancelled => Fold::Stay,
        Verdict::Succeeded => review(ReviewReason::UnexpectedSuccess),
        Verdict::Reversed => to(PaymentStatus::Reversed),
        Verdict::DisbursementFailed => review(ReviewReason::DisbursementFailed),
        Verdict::FundingFailed => review(ReviewReason::FundingFailed),
        Verdict::Mismatch => review(ReviewReason::Mismatch),
        Verdict::ConfirmedSucceeded | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

/// REVERSED: the money is back; nothing follows.
const fn fold_reversed(verdict: Verdict) -> Fold {
    match verdict {
        Verdict::NotSent
        | Verdict::Unclear
        | Verdict::NotFound
        | Verdict::Declined
        | Verdict::Accepted
        | Verdict::Succeeded
        | Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::Mismatch => Fold::Stay,
        Verdict::ConfirmedSucceeded | Verdict::ConfirmedFailed => Fold::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/payment/fold.table.txt");

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

    /// The verdicts that one honest world can give of a payment that it made.
    fn of_a_paid_world() -> impl Strategy<Value = Vec<Verdict>> {
        let weak = prop::sample::select(vec![Verdict::Unclear, Verdict::Accepted, Verdict::NotFound, Verdict::NotSent]);
        prop::collection::vec(weak, 0..6).prop_flat_map(|mut verdicts| {
            verdicts.push(Verdict::Succeeded);
            Just(verdicts).prop_shuffle()
        })
    }

    fn run(verdicts: &[Verdict]) -> State {
        verdicts.iter().fold(State::of(PaymentStatus::Unknown), |state, &verdict| match fold(state, verdict) {
            Fold::Become(next) => next,
            Fold::Stay | Fold::Refuse => state,
        })
    }

    proptest! {
        #[test]
        fn f7_a_success_wins_in_every_order(verdicts in of_a_paid_world()) {
            prop_assert_eq!(run(&verdicts), State::of(PaymentStatus::Succeeded));
        }

        #[test]
        fn f7_a_reversal_wins_in_every_order(mut verdicts in of_a_paid_world(), at in any::<prop::sample::Index>()) {
            verdicts.insert(at.index(verdicts.len() + 1), Verdict::Reversed);
            prop_assert_eq!(run(&verdicts), State::of(PaymentStatus::Reversed));
        }

        #[test]
        fn failed_is_never_reached_without_a_definite_refusal(
            verdicts in prop::collection::vec(prop::sample::select(Verdict::ALL), 0..12)
        ) {
            if run(&verdicts).status == PaymentStatus::Failed {
                prop_assert!(verdicts.iter().any(|verdict| matches!(verdict, Verdict::Declined | Verdict::ConfirmedFailed)));
            }
        }

        #[test]
        fn a_success_is_left_only_by_what_takes_it_back(verdict in prop::sample::select(Verdict::ALL)) {
            let taken_back = [
                Verdict::Cancelled,
                Verdict::Reversed,
                Verdict::DisbursementFailed,
                Verdict::FundingFailed,
                Verdict::Mismatch,
            ];
            let stays = !matches!(fold(State::of(PaymentStatus::Succeeded), verdict), Fold::Become(_));
            prop_assert_eq!(stays, !taken_back.contains(&verdict));
        }
    }
}
