//! `decide`: the next step for a submission, from what is known of it.
//!
//! Pure: the clock is an argument, the provider's abilities are data. The table of safe steps per class of provider is
//! the one in `docs/architecture.md`; the rule behind it is that a submission is sent again only where the provider
//! itself would recognise the repetition, and that time alone proves nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::evidence::Verdict;
use super::status::{PaymentStatus, ReviewReason};
use crate::domain::provider::{Idempotency, LookUp, Safety, SafetyClass};
use crate::domain::retry;

/// The least time between two look-ups of one submission that others asked for.
const BETWEEN_REQUESTED_LOOK_UPS: Duration = Duration::from_secs(1);

/// Where a submission as a whole stands. Its payments move together until the provider has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Due later.
    Scheduled,
    /// Due, and nothing is known to have been sent.
    Ready,
    /// No definite answer is known.
    Unknown,
    /// The provider works on it.
    Pending,
    /// A person decides; look-ups on request go on.
    InReview,
    /// Nothing is left to do.
    Settled,
}

impl Stage {
    /// The stage of payments that share a submission: the least settled one counts.
    pub fn of(statuses: impl IntoIterator<Item = PaymentStatus>) -> Self {
        statuses.into_iter().map(Self::of_one).min_by_key(|stage| stage.urgency()).unwrap_or(Self::Settled)
    }

    const fn of_one(status: PaymentStatus) -> Self {
        match status {
            PaymentStatus::Scheduled => Self::Scheduled,
            PaymentStatus::Ready => Self::Ready,
            // A claim turns SUBMITTING into UNKNOWN before anything is decided.
            PaymentStatus::Submitting | PaymentStatus::Unknown => Self::Unknown,
            PaymentStatus::Pending => Self::Pending,
            PaymentStatus::NeedsReview => Self::InReview,
            PaymentStatus::Succeeded | PaymentStatus::Failed | PaymentStatus::Cancelled | PaymentStatus::Reversed => {
                Self::Settled
            }
        }
    }

    /// Whether the provider has it, or had it, so that it can be asked to take it back.
    const fn can_be_recalled(self) -> bool {
        match self {
            Self::Pending | Self::InReview | Self::Settled => true,
            Self::Scheduled | Self::Ready | Self::Unknown => false,
        }
    }

    const fn urgency(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Pending => 1,
            Self::Ready => 2,
            Self::Scheduled => 3,
            Self::InReview => 4,
            Self::Settled => 5,
        }
    }
}

/// What is known of a submission when its next step is decided.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// Where it stands.
    pub stage: Stage,
    /// Now.
    pub now: Timestamp,
    /// Not to be sent before.
    pub run_at: Timestamp,
    /// Not to be sent after.
    pub not_after: Timestamp,
    /// How often it was sent or tried to be sent.
    pub submits: u32,
    /// When the last such attempt ended, or started where it never ended.
    pub last_submit_at: Option<Timestamp>,
    /// What the answer to it said, before it was weighed.
    pub last_submit_verdict: Option<Verdict>,
    /// When the provider first saw our reference.
    pub key_first_used_at: Option<Timestamp>,
    /// How often it was looked up since the last submission.
    pub look_ups: u32,
    /// What the last look-up said and when.
    pub last_look_up: Option<(Verdict, Timestamp)>,
    /// Whether someone asked for a look-up now: a caller, or a callback that is only a hint.
    pub look_up_requested: bool,
    /// Whether the provider's own reference is known.
    pub provider_reference_known: bool,
    /// When patience ends.
    pub review_at: Timestamp,
    /// Until when submissions to this provider are held back.
    pub submits_paused_until: Option<Timestamp>,
    /// Whether someone wants it taken back.
    pub recall: RecallStage,
}

/// How far the wish has come that the provider cancel or void a payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RecallStage {
    /// Nobody wants it.
    #[default]
    None,
    /// It is to be sent.
    Requested,
    /// It was sent; until then its effect is looked for.
    Awaited {
        /// When that is given up.
        until: Timestamp,
    },
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// SCHEDULED becomes READY.
    Release,
    /// The window is over and nothing was sent: CANCELLED.
    Expire,
    /// Mark and send; a repetition carries the same reference and the same bytes.
    Submit,
    /// Ask the provider.
    LookUp,
    /// Mark and send the wish that it be cancelled or voided.
    Recall,
    /// Nothing before then.
    WaitUntil(Timestamp),
    /// No safe step is left: a person decides.
    Review(ReviewReason),
    /// Nothing, ever, by itself.
    Rest,
}

/// Decides the next step.
pub fn decide(situation: &Situation, safety: &Safety) -> Step {
    let paused = situation.submits_paused_until.is_some_and(|until| until > situation.now);
    let may_recall = situation.stage.can_be_recalled() && !situation.look_up_requested && !paused;
    if situation.recall == RecallStage::Requested && may_recall {
        return Step::Recall;
    }
    match situation.stage {
        Stage::Scheduled => decide_scheduled(situation),
        Stage::Ready => decide_ready(situation),
        Stage::Unknown => decide_unknown(situation, safety),
        Stage::Pending => decide_pending(situation, safety),
        Stage::InReview => decide_in_review(situation, safety),
        Stage::Settled => decide_settled(situation, safety),
    }
}

fn decide_scheduled(situation: &Situation) -> Step {
    if situation.now > situation.not_after {
        Step::Expire
    } else if situation.now >= situation.run_at {
        Step::Release
    } else {
        Step::WaitUntil(situation.run_at)
    }
}

/// READY: every attempt so far, if any, is proven not to have been sent.
fn decide_ready(situation: &Situation) -> Step {
    if situation.now > situation.not_after {
        return Step::Expire;
    }
    let after_failure =
        situation.last_submit_at.map(|at| later(at, retry::delay(situation.submits))).filter(|_| situation.submits > 0);
    let due = [Some(situation.run_at), after_failure, situation.submits_paused_until].into_iter().flatten().max();
    match due {
        Some(due) if due > situation.now => {
            Step::WaitUntil(due.min(later(situation.not_after, Duration::from_secs(1))))
        }
        Some(_) | None => Step::Submit,
    }
}

fn decide_unknown(situation: &Situation, safety: &Safety) -> Step {
    match safety.class(situation.provider_reference_known) {
        SafetyClass::A => decide_unknown_a(situation, safety),
        SafetyClass::B => decide_unknown_b(situation, safety),
        SafetyClass::C => decide_unknown_c(situation, safety),
        SafetyClass::D => Step::Review(ReviewReason::NoSafeAction),
    }
}

/// Look up; where it is not known, send the same again while the provider still remembers the reference.
///
/// A repetition that was refused says nothing about the first request, which may still be travelling: it is not
/// repeated once more, but looked up until nothing can be travelling any longer.
fn decide_unknown_a(situation: &Situation, safety: &Safety) -> Step {
    if situation.last_submit_verdict == Some(Verdict::Declined) {
        return decide_unknown_c(situation, safety);
    }
    match situation.last_look_up {
        Some((Verdict::NotFound, _)) if may_repeat(situation, safety) => repeat(situation),
        Some(_) | None => look_up_or_review(situation),
    }
}

/// No look-up: send the same again while the provider still remembers the reference.
fn decide_unknown_b(situation: &Situation, safety: &Safety) -> Step {
    if situation.last_submit_verdict != Some(Verdict::Declined) && may_repeat(situation, safety) {
        repeat(situation)
    } else {
        Step::Review(ReviewReason::NoSafeAction)
    }
}

/// Look-up only: never send again. "Not found" means something only after the request can no longer be travelling.
fn decide_unknown_c(situation: &Situation, safety: &Safety) -> Step {
    let LookUp::ByOurReference { consistent_after } = safety.look_up else {
        return look_up_or_review(situation);
    };
    let sent_at = situation.last_submit_at.unwrap_or(situation.run_at);
    let quiet_at = later(sent_at, consistent_after.saturating_add(safety.max_request_life));
    match situation.last_look_up {
        Some((Verdict::NotFound, at)) if at >= quiet_at => Step::Review(ReviewReason::NoSafeAction),
        Some(_) | None => look_up_or_review(situation),
    }
}

fn decide_pending(situation: &Situation, safety: &Safety) -> Step {
    match safety.class(situation.provider_reference_known) {
        SafetyClass::A | SafetyClass::C => look_up_or_review(situation),
        SafetyClass::B | SafetyClass::D if situation.now >= situation.review_at => Step::Review(ReviewReason::Overdue),
        SafetyClass::B | SafetyClass::D => Step::WaitUntil(situation.review_at),
    }
}

fn decide_in_review(situation: &Situation, safety: &Safety) -> Step {
    match safety.class(situation.provider_reference_known) {
        SafetyClass::A | SafetyClass::C if situation.look_up_requested => requested_look_up(situation),
        SafetyClass::A | SafetyClass::C => follow_recall(situation),
        SafetyClass::B | SafetyClass::D => Step::Rest,
    }
}

/// What was asked to be taken back is looked up, ever more seldom, until it was or patience ends.
fn follow_recall(situation: &Situation) -> Step {
    let RecallStage::Awaited { until } = situation.recall else { return Step::Rest };
    if situation.now >= until {
        return Step::Rest;
    }
    let since = situation.last_look_up.map(|(_, at)| at).or(situation.last_submit_at);
    match since.map(|at| later(at, retry::delay(situation.look_ups))) {
        Some(due) if due > situation.now => Step::WaitUntil(due.min(until)),
        Some(_) | None => Step::LookUp,
    }
}

/// A callback may still tell of a late success or a reversal.
fn decide_settled(situation: &Situation, safety: &Safety) -> Step {
    if situation.submits > 0 { decide_in_review(situation, safety) } else { Step::Rest }
}

/// A look-up that someone asked for: at once, but not more often than the provider should be bothered.
fn requested_look_up(situation: &Situation) -> Step {
    match situation.last_look_up.map(|(_, at)| later(at, BETWEEN_REQUESTED_LOOK_UPS)) {
        Some(due) if due > situation.now => Step::WaitUntil(due),
        Some(_) | None => Step::LookUp,
    }
}

fn look_up_or_review(situation: &Situation) -> Step {
    if situation.look_up_requested {
        return requested_look_up(situation);
    }
    if situation.now >= situation.review_at {
        let looked = situation.last_look_up.is_some_and(|(_, at)| at >= situation.review_at);
        return if looked { Step::Review(ReviewReason::Overdue) } else { Step::LookUp };
    }
    let since = situation.last_look_up.map(|(_, at)| at).or(situation.last_submit_at);
    match since.map(|at| later(at, retry::delay(situation.look_ups))) {
        Some(due) if due > situation.now => Step::WaitUntil(due.min(situation.review_at)),
        Some(_) | None => Step::LookUp,
    }
}

/// Whether the provider would still recognise the repetition, with a margin, and patience has not ended.
fn may_repeat(situation: &Situation, safety: &Safety) -> bool {
    if situation.now >= situation.review_at {
        return false;
    }
    match (safety.idempotency, situation.key_first_used_at) {
        (Idempotency::Key { life, margin }, Some(first)) => situation.now < later(first, life.saturating_sub(margin)),
        (Idempotency::Key { .. }, None) => true,
        (Idempotency::None, _) => false,
    }
}

fn repeat(situation: &Situation) -> Step {
    let due = situation.last_submit_at.map(|at| later(at, retry::delay(situation.submits)));
    let due = [due, situation.submits_paused_until].into_iter().flatten().max();
    match due {
        Some(due) if due > situation.now => Step::WaitUntil(due),
        Some(_) | None => Step::Submit,
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const KEY: Idempotency = Idempotency::Key { life: Duration::from_secs(24 * 3600), margin: HOUR };
    const FIND: LookUp = LookUp::ByOurReference { consistent_after: Duration::from_secs(10) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).expect("in range")
    }

    fn safety(idempotency: Idempotency, look_up: LookUp) -> Safety {
        Safety {
            idempotency,
            look_up,
            callbacks: crate::domain::provider::Callbacks::Unsigned,
            max_request_life: Duration::from_secs(60),
            may_deduct_fee: false,
        }
    }

    fn unknown(now: i64) -> Situation {
        Situation {
            stage: Stage::Unknown,
            now: at(now),
            run_at: at(0),
            not_after: at(86_400),
            submits: 1,
            last_submit_at: Some(at(0)),
            last_submit_verdict: None,
            key_first_used_at: Some(at(0)),
            look_ups: 0,
            last_look_up: None,
            look_up_requested: false,
            provider_reference_known: false,
            review_at: at(86_400),
            submits_paused_until: None,
            recall: RecallStage::None,
        }
    }

    #[test]
    fn a_looks_up_first_and_repeats_only_what_was_not_found() {
        let a = safety(KEY, FIND);
        assert_eq!(decide(&unknown(60), &a), Step::LookUp);
        let not_found = Situation { look_ups: 1, last_look_up: Some((Verdict::NotFound, at(30))), ..unknown(60) };
        assert_eq!(decide(&not_found, &a), Step::Submit);
        let unclear = Situation { look_ups: 1, last_look_up: Some((Verdict::Unclear, at(30))), ..unknown(60) };
        assert_eq!(decide(&unclear, &a), Step::LookUp);
    }

    #[test]
    fn a_refused_repetition_is_not_repeated_and_patience_ends_for_all() {
        let a = safety(KEY, FIND);
        let not_found = Situation { look_ups: 1, last_look_up: Some((Verdict::NotFound, at(30))), ..unknown(60) };
        let declined = Situation { last_submit_verdict: Some(Verdict::Declined), ..not_found };
        assert_eq!(decide(&declined, &a), Step::LookUp, "the first request may still be travelling");
        let quiet = Situation { last_look_up: Some((Verdict::NotFound, at(71))), now: at(75), ..declined };
        assert_eq!(decide(&quiet, &a), Step::Review(ReviewReason::NoSafeAction));
        let late = Situation { review_at: at(50), ..not_found };
        assert_eq!(decide(&late, &a), Step::LookUp, "a last look before a person is asked");
        let looked = Situation { last_look_up: Some((Verdict::NotFound, at(55))), ..late };
        assert_eq!(decide(&looked, &a), Step::Review(ReviewReason::Overdue));
    }

    #[test]
    fn f19_a_key_that_may_be_forgotten_is_never_used_again() {
        let a = safety(KEY, FIND);
        let old = Situation { look_ups: 1, last_look_up: Some((Verdict::NotFound, at(82_000))), ..unknown(82_900) };
        assert_eq!(decide(&old, &a), Step::LookUp);
        assert_eq!(decide(&unknown(82_900), &safety(KEY, LookUp::None)), Step::Review(ReviewReason::NoSafeAction));
    }

    #[test]
    fn c_is_never_sent_again_and_d_goes_to_a_person_at_once() {
        let c = safety(Idempotency::None, FIND);
        let too_early = Situation { look_ups: 1, last_look_up: Some((Verdict::NotFound, at(30))), ..unknown(69) };
        assert_eq!(decide(&too_early, &c), Step::LookUp);
        let quiet = Situation { look_ups: 2, last_look_up: Some((Verdict::NotFound, at(71))), ..unknown(75) };
        assert_eq!(decide(&quiet, &c), Step::Review(ReviewReason::NoSafeAction));
        let d = safety(Idempotency::None, LookUp::None);
        assert_eq!(decide(&unknown(1), &d), Step::Review(ReviewReason::NoSafeAction));
    }

    #[test]
    fn what_was_never_sent_expires_and_what_was_sent_never_does() {
        let a = safety(KEY, FIND);
        let ready = Situation { stage: Stage::Ready, submits: 0, last_submit_at: None, ..unknown(86_401) };
        assert_eq!(decide(&ready, &a), Step::Expire);
        assert_ne!(decide(&unknown(86_401), &a), Step::Expire);
    }

    #[test]
    fn a_pause_holds_submissions_back_but_not_look_ups() {
        let a = safety(KEY, FIND);
        let paused = Some(at(500));
        let ready = Situation {
            stage: Stage::Ready,
            submits: 0,
            last_submit_at: None,
            submits_paused_until: paused,
            ..unknown(60)
        };
        assert_eq!(decide(&ready, &a), Step::WaitUntil(at(500)));
        assert_eq!(decide(&Situation { submits_paused_until: paused, ..unknown(60) }, &a), Step::LookUp);
    }

    #[test]
    fn the_least_settled_payment_of_a_bulk_decides() {
        use PaymentStatus::{Pending, Succeeded, Unknown};
        assert_eq!(Stage::of([Succeeded, Pending]), Stage::Pending);
        assert_eq!(Stage::of([Unknown, Pending]), Stage::Unknown);
        assert_eq!(Stage::of([Succeeded]), Stage::Settled);
    }

    #[test]
    fn review_comes_after_a_last_look() {
        let a = safety(KEY, FIND);
        let pending = Situation { stage: Stage::Pending, look_ups: 9, ..unknown(90_000) };
        let before = Situation { last_look_up: Some((Verdict::Accepted, at(80_000))), ..pending };
        assert_eq!(decide(&before, &a), Step::LookUp);
        let after = Situation { last_look_up: Some((Verdict::Accepted, at(86_500))), ..pending };
        assert_eq!(decide(&after, &a), Step::Review(ReviewReason::Overdue));
    }
}
