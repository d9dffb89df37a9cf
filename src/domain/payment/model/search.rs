//! The search: breadth first, so that the way to a harm is a shortest one.

use std::collections::HashSet;
use std::fmt;

use super::case::Case;
use super::flaw::Flaw;
use super::healing::{comes_to_an_end, time_passes};
use super::normal::normal;
use super::world::{Row, Worker, World};
use super::{provider, worker};
use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::fold::State;
use crate::domain::payment::status::{PaymentStatus, ReviewReason};
use crate::domain::provider::SafetyClass;

/// More states than any case has; beyond them the search would be of no use.
const MOST_STATES: usize = 1_000_000;

/// Something that happens, and the world after it.
pub(super) type Next = (Deed, World);

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Nobody,
    Provider,
    /// Who claimed last.
    Holder,
    /// Who claimed before that.
    FormerHolder,
    /// Who lives in the time before the database was restored.
    Ghost,
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed {
    who: Who,
    what: &'static str,
    attempt: Option<usize>,
    said: Option<Verdict>,
}

impl Deed {
    pub(super) fn of(who: Who, what: &'static str) -> Self {
        Self { who, what, attempt: None, said: None }
    }

    pub(super) fn attempt(self, attempt: usize) -> Self {
        Self { attempt: Some(attempt), ..self }
    }

    pub(super) fn said(self, said: Verdict) -> Self {
        Self { said: Some(said), ..self }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.who {
            Who::Nobody => {}
            Who::Provider => f.write_str("the provider ")?,
            Who::Holder => f.write_str("the holder ")?,
            Who::FormerHolder => f.write_str("a former holder ")?,
            Who::Ghost => f.write_str("a holder in the lost life ")?,
        }
        f.write_str(self.what)?;
        if let Some(attempt) = self.attempt {
            write!(f, ", attempt {}", attempt + 1)?;
        }
        self.said.map_or(Ok(()), |said| write!(f, ": {said}"))
    }
}

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    PaidTwice,
    /// FAILED or CANCELLED, and money moved, before or later.
    SaidUnpaidAndPaid,
    SaidPaidAndUnpaid,
    SuccessLost,
    /// Neither final nor in review, and nobody will look at it again.
    Forgotten,
    /// No worker brings it to an end.
    Endless,
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) states: usize,
    pub(super) steps: usize,
    /// The first harm, and the way to it.
    pub(super) harm: Option<(Harm, String)>,
}

/// A world that was reached, from which one, and how.
struct Reached {
    world: World,
    from: usize,
    deed: Deed,
}

/// Visits every state of a case, as long as there is no harm.
pub(super) fn search(case: &Case) -> Report {
    let start = normal(World::start(), case);
    let mut seen = HashSet::from([start]);
    let mut reached = vec![Reached { world: start, from: 0, deed: Deed::of(Who::Nobody, "a payment is made") }];
    let (mut at, mut steps, mut next) = (0, 0, Vec::new());
    while at < reached.len() {
        let world = reached[at].world;
        if is_left_alone(&world) && !comes_to_an_end(&world, case) {
            return Report { states: seen.len(), steps, harm: Some((Harm::Endless, way_to(&reached, at))) };
        }
        followers(&world, case, &mut next);
        for (deed, after) in next.drain(..) {
            steps += 1;
            let harm = harm_of(&world, &after);
            let after = normal(after, case);
            if harm.is_some() || seen.insert(after) {
                reached.push(Reached { world: after, from: at, deed });
            }
            if let Some(harm) = harm {
                let way = way_to(&reached, reached.len() - 1);
                return Report { states: seen.len(), steps, harm: Some((harm, way)) };
            }
        }
        at += 1;
        assert!(reached.len() < MOST_STATES, "{} has too many states to be searched", case.name);
    }
    Report { states: seen.len(), steps, harm: None }
}

/// Everything that may happen next.
fn followers(world: &World, case: &Case, next: &mut Vec<Next>) {
    if world.now < case.review_at {
        next.push((Deed::of(Who::Nobody, "time passes"), time_passes(world)));
    }
    provider::steps(world, case, next);
    worker::steps(world, case, next);
    if case.may_be_restored && !world.is_restored && world.row.claims > 0 {
        next.push((Deed::of(Who::Nobody, "the database is lost and restored"), restored(world, case)));
    }
}

/// `App::hold_suspects`, in a database that has forgotten every claim. What may have been sent and is not given to a
/// person counts as an attempt of which nothing is known, made as early as it could have been.
fn restored(world: &World, case: &Case) -> World {
    let mut after = World { row: Row::new(), is_restored: true, ..*world };
    after.workers = world.workers.map(|worker| match worker {
        Worker::Marked { holds: _, attempt: _, at } | Worker::Ghost { at } => Worker::Ghost { at },
        Worker::Idle
        | Worker::Willing { .. }
        | Worker::Waiting { .. }
        | Worker::Unmarked { .. }
        | Worker::Told { .. } => Worker::Idle,
    });
    // In this search the number is left free in any case: the request of the lost life bears it.
    after.row.attempts = 1;
    match case.safety.class(false) {
        SafetyClass::A | SafetyClass::B | SafetyClass::C => {
            after.payment = State::of(PaymentStatus::Unknown);
            if !case.has(Flaw::ForgottenSubmissionIsNotCounted) {
                after.row.undetermined[0] = true;
                after.row.key_first_used_at = Some(0);
            }
        }
        SafetyClass::D => {
            after.payment = State::in_review(ReviewReason::Restored);
            after.row.next_action_at = None;
        }
    }
    after
}

fn harm_of(before: &World, after: &World) -> Option<Harm> {
    let is_paid = after.provider.effects > 0;
    let status = after.payment.status;
    if after.provider.effects > 1 {
        return Some(Harm::PaidTwice);
    }
    if is_paid && matches!(status, PaymentStatus::Failed | PaymentStatus::Cancelled) {
        return Some(Harm::SaidUnpaidAndPaid);
    }
    if !is_paid && status == PaymentStatus::Succeeded {
        return Some(Harm::SaidPaidAndUnpaid);
    }
    let is_same_life = before.is_restored == after.is_restored;
    if before.payment.status == PaymentStatus::Succeeded && status != PaymentStatus::Succeeded && is_same_life {
        return Some(Harm::SuccessLost);
    }
    (after.is_open() && after.row.next_action_at.is_none()).then_some(Harm::Forgotten)
}

fn is_left_alone(world: &World) -> bool {
    world.is_open() && world.workers.iter().all(|worker| *worker == Worker::Idle)
}

fn way_to(reached: &[Reached], mut at: usize) -> String {
    let mut deeds = vec![];
    while at != 0 {
        let one = &reached[at];
        let (status, tick) = (one.world.payment.status.as_str(), one.world.now);
        deeds.push(format!("  tick {tick}, {status:<12} {}", one.deed));
        at = one.from;
    }
    deeds.reverse();
    deeds.join("\n")
}
