//! One form for worlds between which nothing can tell any more, so that each is searched once.

use super::case::{Case, KEY_LIFE, KEY_MARGIN, Tick};
use super::flaw::Flaw;
use super::world::{Request, Worker, World};
use crate::domain::payment::evidence::Verdict;

/// The world in that form.
pub(super) fn normal(mut world: World, case: &Case) -> World {
    world.workers = world.workers.map(|worker| normal_worker(worker, &world, case));
    world.workers.sort_unstable();
    forget_answers(&mut world);
    // A lease that is over is none, and what was due is due.
    world.row.leased_at = world.row.leased_at.filter(|tick| *tick >= world.now);
    world.row.next_action_at = world.row.next_action_at.map(|next| next.max(world.now));
    let is_doubtful = case.is_findable() && (!case.has_key() || world.row.was_declined);
    let row = &mut world.row;
    row.last_look_up = row.last_look_up.map(|(said, at)| (not_found_or_not(said), at));
    if !is_doubtful {
        // Only whether it is as old as this tick, or as patience's end, is asked.
        row.last_submit_at = row.last_submit_at.map(|at| if at == world.now { at } else { 0 });
        let is_past = |at: Tick| at < world.now.min(case.review_at);
        row.last_look_up = row.last_look_up.map(|(said, at)| (said, if is_past(at) { 0 } else { at }));
    }
    if !case.has_key() {
        row.key_first_used_at = None;
    } else if !case.has(Flaw::KeyAgeIgnored) {
        let is_old = |first: Tick| world.now >= first + (KEY_LIFE - KEY_MARGIN);
        row.key_first_used_at = row.key_first_used_at.map(|first| if is_old(first) { 0 } else { first });
    }
    if world.payment.status.is_final() {
        forget_what_led_here(&mut world, case);
    }
    world
}

/// What a worker with an older fence may still do depends on little.
fn normal_worker(worker: Worker, world: &World, case: &Case) -> Worker {
    let is_unfenced = case.has(Flaw::NoFence);
    match worker {
        Worker::Willing { holds, seen: _ } if !(is_unfenced || holds && world.row.leased_at == Some(world.now)) => {
            Worker::Idle
        }
        Worker::Told { holds: false, said: Verdict::NotFound, .. } if !is_unfenced => Worker::Idle,
        Worker::Told { holds: false, said, .. } if !is_unfenced => {
            Worker::Told { holds: false, said, began: 0, met: 0 }
        }
        Worker::Marked { holds, attempt, at: _ } if case.longest_freeze.is_none() => {
            Worker::Marked { holds, attempt, at: 0 }
        }
        Worker::Ghost { at: _ } if case.longest_freeze.is_none() => Worker::Ghost { at: 0 },
        Worker::Idle
        | Worker::Willing { .. }
        | Worker::Marked { .. }
        | Worker::Waiting { .. }
        | Worker::Unmarked { .. }
        | Worker::Told { .. }
        | Worker::Ghost { .. } => worker,
    }
}

/// An answer for which nobody waits any more.
fn forget_answers(world: &mut World) {
    let workers = world.workers;
    for (attempt, request) in world.provider.requests.iter_mut().enumerate() {
        if matches!(request, Request::Answered(_)) && !workers.iter().any(|worker| worker.awaits(attempt)) {
            *request = Request::None;
        }
    }
}

/// What is final is decided about no more, unless that a look-up is asked for.
fn forget_what_led_here(world: &mut World, case: &Case) {
    let now = world.now;
    let row = &mut world.row;
    row.last_submit_at = None;
    row.was_declined = false;
    row.key_first_used_at = None;
    row.was_looked_up = false;
    row.last_look_up = row.last_look_up.filter(|(_, at)| *at == now && !case.has_evident_callbacks());
    if case.has_evident_callbacks() && !case.has(Flaw::NoFence) && !case.has(Flaw::LastWriterWins) {
        row.next_action_at = None;
        row.leased_at = None;
    }
}

fn not_found_or_not(said: Verdict) -> Verdict {
    if said == Verdict::NotFound { said } else { Verdict::Unclear }
}
