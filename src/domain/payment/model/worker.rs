//! What the workers may do next, each step of which may be the last before a freeze or a death.
//!
//! A claim and the decision are one step, and so are an answer and its storage: a freeze between them shows nothing
//! that a freeze before the first or after the second does not.

use super::case::{Case, MOST_SENDS, Tick, moment};
use super::flaw::Flaw;
use super::search::{Deed, Next, Who};
use super::world::{Request, Worker, World};
use crate::domain::payment::decide::Step;
use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::status::PaymentStatus;

/// Every next step of every worker.
pub(super) fn steps(world: &World, case: &Case, next: &mut Vec<Next>) {
    for (place, worker) in world.workers.into_iter().enumerate() {
        if worker != Worker::Idle {
            next.push((Deed::of(who(worker), "dies"), world.with_worker(place, Worker::Idle)));
        }
        let others = world.with_worker(place, Worker::Idle);
        match worker {
            // Of two who have nothing it makes no difference which goes on.
            Worker::Idle if place > 0 && world.workers[0] == Worker::Idle => {}
            Worker::Idle => claim(world, case, place, next),
            Worker::Willing { holds, seen } => mark(&others, case, (place, holds, seen), next),
            Worker::Marked { holds, attempt, at } => {
                if may_still_send(world, case, at) {
                    let sent = send(world, attempt).with_worker(place, Worker::Waiting { holds, attempt });
                    next.push((Deed::of(who(worker), "sends").attempt(attempt), sent));
                }
                // The deadline is over, or no connection can be had.
                let unsent = others.settled(holds, attempt, Verdict::NotSent, case);
                next.push((Deed::of(who(worker), "could not send, and stores that").attempt(attempt), unsent));
            }
            Worker::Waiting { holds, attempt } => {
                for said in answers(world, case, attempt) {
                    let settled = others.settled(holds, attempt, said, case);
                    next.push((Deed::of(who(worker), "stores the answer").attempt(attempt).said(said), settled));
                }
            }
            Worker::Unmarked { holds, attempt } => {
                for said in answers(world, case, attempt) {
                    if may_mark(world, case, holds) {
                        let settled = others.marked().settled(holds, world.row.attempts, said, case);
                        next.push((Deed::of(who(worker), "marks, and stores the answer").said(said), settled));
                    }
                }
            }
            Worker::Told { holds, said, began, met } => {
                let settled = others.settled_look_up(holds, said, (began, met), case);
                next.push((Deed::of(who(worker), "stores what the look-up said").said(said), settled));
            }
            Worker::Ghost { at } => {
                if may_still_send(world, case, at) {
                    next.push((Deed::of(who(worker), "sends").attempt(0), send(&others, 0)));
                }
            }
        }
    }
}

/// `App::claim`, and `App::advance` as far as the first call.
fn claim(world: &World, case: &Case, place: usize, next: &mut Vec<Next>) {
    if world.row.claims >= case.most_claims || !world.is_claimable() {
        return;
    }
    let claimed = world.claimed(case);
    next.push((Deed::of(Who::Holder, "claims, and dies"), claimed));
    let step = claimed.decided(case);
    match step {
        Step::Submit if !has_attempts_left(&claimed, case) => {}
        Step::Submit if case.has(Flaw::NoMark) => {
            let free = |attempt: &usize| {
                claimed.provider.requests[*attempt] == Request::None
                    && !claimed.workers.iter().any(|worker| worker.awaits(*attempt))
            };
            if let Some(attempt) = (0..MOST_SENDS).find(free) {
                let sent = send(&claimed, attempt).with_worker(place, Worker::Unmarked { holds: true, attempt });
                next.push((Deed::of(Who::Holder, "claims, and sends without a mark").attempt(attempt), sent));
            }
        }
        Step::Submit => {
            let willing = Worker::Willing { holds: true, seen: claimed.payment.status };
            next.push((Deed::of(Who::Holder, "claims, and decides to submit"), claimed.with_worker(place, willing)));
        }
        Step::LookUp => {
            for said in claimed.provider.told() {
                let (began, met) = (claimed.now, claimed.row.look_up_requests);
                let told = Worker::Told { holds: true, said, began, met };
                let asked = claimed.with_worker(place, told);
                next.push((Deed::of(Who::Holder, "claims, and is told by a look-up").said(said), asked));
            }
        }
        Step::Recall => unreachable!("nobody wants it taken back"),
        Step::Release | Step::Expire | Step::Review(_) | Step::WaitUntil(_) | Step::Rest => {
            next.extend(claimed.carried_out(step, case).map(|done| (Deed::of(Who::Holder, name_of(step)), done)));
        }
    }
}

/// `App::mark`: only under the lease, and only of the payment that was seen.
fn mark(others: &World, case: &Case, (place, holds, seen): (usize, bool, PaymentStatus), next: &mut Vec<Next>) {
    if !may_mark(others, case, holds) {
        return;
    }
    let who = if holds { Who::Holder } else { Who::FormerHolder };
    let is_unfenced = case.has(Flaw::NoFence);
    if others.payment.status != seen && !is_unfenced {
        // The payment's version differs: the lease is given back, and the row is due.
        next.extend(others.carried_out(Step::WaitUntil(moment(others.now)), case).map(|back| {
            let deed = Deed::of(who, "finds the payment changed, and hands it back");
            (deed, back)
        }));
        return;
    }
    if has_attempts_left(others, case) && !others.payment.status.is_final() {
        let attempt = others.row.attempts;
        let marked = Worker::Marked { holds, attempt, at: others.now };
        next.push((Deed::of(who, "marks").attempt(attempt), others.marked().with_worker(place, marked)));
    }
}

/// Whether the row still bears the fence, and the lease outlives the call.
fn may_mark(world: &World, case: &Case, holds: bool) -> bool {
    case.has(Flaw::NoFence) || (holds && world.row.leased_at == Some(world.now))
}

/// The search goes only so far. Where the database may be lost, one submission is kept for the life before.
fn has_attempts_left(world: &World, case: &Case) -> bool {
    let most = if case.may_be_restored && !world.is_restored { 1 } else { MOST_SENDS };
    world.row.attempts < most
}

fn may_still_send(world: &World, case: &Case, marked_at: Tick) -> bool {
    case.longest_freeze.is_none_or(|longest| world.now <= marked_at + longest)
}

fn send(world: &World, attempt: usize) -> World {
    let mut sent = *world;
    sent.provider.requests[attempt] = Request::Travelling { since: world.now };
    sent
}

/// What the caller of an attempt may hear: the answer, if there is one, or nothing that it can use.
fn answers(world: &World, case: &Case, attempt: usize) -> impl Iterator<Item = Verdict> {
    let answer = match world.provider.requests[attempt] {
        Request::Answered(said) => Some(said),
        Request::None | Request::Travelling { .. } => None,
    };
    let nothing = if case.has(Flaw::TimeoutIsFailed) { Verdict::Declined } else { Verdict::Unclear };
    answer.into_iter().chain([nothing])
}

fn who(worker: Worker) -> Who {
    match worker {
        Worker::Willing { holds: true, .. }
        | Worker::Marked { holds: true, .. }
        | Worker::Waiting { holds: true, .. }
        | Worker::Unmarked { holds: true, .. }
        | Worker::Told { holds: true, .. } => Who::Holder,
        Worker::Willing { holds: false, .. }
        | Worker::Marked { holds: false, .. }
        | Worker::Waiting { holds: false, .. }
        | Worker::Unmarked { holds: false, .. }
        | Worker::Told { holds: false, .. } => Who::FormerHolder,
        Worker::Ghost { .. } => Who::Ghost,
        Worker::Idle => Who::Nobody,
    }
}

fn name_of(step: Step) -> &'static str {
    match step {
        Step::Submit => "claims, and submits",
        Step::LookUp => "claims, and looks up",
        Step::Recall => "claims, and recalls",
        Step::Release => "claims, and makes it READY",
        Step::Expire => "claims, and finds its time over",
        Step::Review(_) => "claims, and gives up",
        Step::WaitUntil(_) => "claims, and hands it back for later",
        Step::Rest => "claims, and lays it to rest",
    }
}
