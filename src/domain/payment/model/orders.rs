//! F7: what the evidence says does not depend on the order in which it comes, nor on how often it comes.
//!
//! Beside what the tests of [`fold`] itself hold: evidence that contradicts itself, repetitions, every open state to
//! start from, and what is stale because something later is known already.

use itertools::Itertools;
use proptest::prelude::*;
use proptest::sample::select;

use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::fold::{Fold, State, fold};
use crate::domain::payment::status::{PaymentStatus, ReviewReason};

/// How often one notice comes, at most.
const MOST_REPETITIONS: usize = 10;

fn after(start: State, verdicts: &[Verdict]) -> State {
    verdicts.iter().fold(start, |state, &verdict| match fold(state, verdict) {
        Fold::Become(next) => next,
        Fold::Stay | Fold::Refuse => state,
    })
}

/// Where a payment may stand when its provider begins to answer.
fn a_start() -> impl Strategy<Value = State> {
    select(vec![
        State::of(PaymentStatus::Submitting),
        State::of(PaymentStatus::Unknown),
        State::of(PaymentStatus::Pending),
    ])
}

/// Each of `certain` from one to ten times, with what may be said of any payment, in any order.
fn shuffled(certain: &'static [Verdict]) -> impl Strategy<Value = Vec<Verdict>> {
    let weak = select(vec![Verdict::Unclear, Verdict::Accepted, Verdict::NotFound]);
    let noise = prop::collection::vec(weak, 0..=MOST_REPETITIONS);
    let often = prop::collection::vec(1..=MOST_REPETITIONS, certain.len());
    (noise, often).prop_flat_map(move |(mut verdicts, often)| {
        for (verdict, times) in certain.iter().zip(often) {
            verdicts.extend(std::iter::repeat_n(*verdict, times));
        }
        Just(verdicts).prop_shuffle()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn f7_a_success_is_the_end_also_beside_stale_refusals(
        start in a_start(),
        verdicts in shuffled(&[Verdict::Succeeded, Verdict::Declined])
    ) {
        prop_assert_eq!(after(start, &verdicts), State::of(PaymentStatus::Succeeded));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn f7_a_refusal_is_the_end_in_every_order(start in a_start(), verdicts in shuffled(&[Verdict::Declined])) {
        prop_assert_eq!(after(start, &verdicts), State::of(PaymentStatus::Failed));
    }

    #[test]
    fn f7_a_cancellation_is_the_end_in_every_order(start in a_start(), verdicts in shuffled(&[Verdict::Cancelled])) {
        prop_assert_eq!(after(start, &verdicts), State::of(PaymentStatus::Cancelled));
    }

    #[test]
    fn f7_a_refusal_and_a_cancellation_agree_that_nothing_was_paid(
        start in a_start(),
        verdicts in shuffled(&[Verdict::Declined, Verdict::Cancelled])
    ) {
        prop_assert_eq!(after(start, &verdicts), State::of(PaymentStatus::Cancelled));
    }

    #[test]
    fn f7_paid_and_cancelled_is_for_a_person_in_every_order(
        start in a_start(),
        verdicts in shuffled(&[Verdict::Succeeded, Verdict::Cancelled])
    ) {
        let end = after(start, &verdicts);
        let expected = [ReviewReason::Contradiction, ReviewReason::UnexpectedSuccess].map(State::in_review);
        prop_assert!(expected.contains(&end), "{end:?}");
    }

    #[test]
    fn f7_another_amount_is_for_a_person_in_every_order(
        start in a_start(),
        verdicts in shuffled(&[Verdict::Succeeded, Verdict::Mismatch, Verdict::Declined])
    ) {
        prop_assert_eq!(after(start, &verdicts), State::in_review(ReviewReason::Mismatch));
    }

    #[test]
    fn f7_what_was_said_before_a_success_changes_nothing_after_it(
        start in a_start(),
        mut verdicts in shuffled(&[Verdict::Declined])
    ) {
        let stale = verdicts.clone();
        verdicts.push(Verdict::Succeeded);
        verdicts.extend(stale);
        prop_assert_eq!(after(start, &verdicts), State::of(PaymentStatus::Succeeded));
    }
}

/// What a provider may be heard to say of a payment. That a request was not sent is known to its sender alone, and what
/// a person confirms is heard in review alone.
const HEARD: [Verdict; 10] = [
    Verdict::Unclear,
    Verdict::Accepted,
    Verdict::Succeeded,
    Verdict::Declined,
    Verdict::NotFound,
    Verdict::Cancelled,
    Verdict::Reversed,
    Verdict::DisbursementFailed,
    Verdict::FundingFailed,
    Verdict::Mismatch,
];

/// All of them, and not a sample. In review the reason is the first of several that were heard.
#[test]
fn f7_any_five_lead_to_one_status_in_every_order() {
    let mut orders = 0_u32;
    for start in [PaymentStatus::Submitting, PaymentStatus::Unknown, PaymentStatus::Pending].map(State::of) {
        for count in 1..=5 {
            for heard in HEARD.into_iter().combinations(count) {
                let ends = heard.iter().copied().permutations(count).map(|order| after(start, &order).status);
                let ends: Vec<_> = ends.inspect(|_| orders += 1).unique().collect();
                assert_eq!(ends.len(), 1, "{start:?}, {heard:?}: {ends:?}");
            }
        }
    }
    assert_eq!(orders, 108_300);
}

#[test]
fn f7_saying_it_again_of_what_was_sent_changes_nothing() {
    let unsent = [PaymentStatus::Scheduled, PaymentStatus::Ready];
    for start in State::all().filter(|start| !unsent.contains(&start.status)) {
        for &verdict in Verdict::ALL {
            let once = after(start, &[verdict]);
            assert_eq!(after(once, &[verdict]), once, "{start:?}, {verdict} twice");
        }
    }
}
