//! Whether one worker that stays alive brings a payment to an end, once the provider answers again.

use super::case::{Case, REQUEST_LIFE};
use super::world::{Request, World};
use crate::domain::payment::decide::Step;
use crate::domain::payment::evidence::Verdict;

/// The most steps and ticks that it may take.
const PATIENCE: usize = 64;

/// Whether a world in which nobody holds anything comes to an end: final, or in review.
pub(super) fn comes_to_an_end(world: &World, case: &Case) -> bool {
    let mut world = *world;
    for _ in 0..PATIENCE {
        if !world.is_open() {
            return true;
        }
        if !world.is_claimable() {
            world = time_passes(&world);
            continue;
        }
        let claimed = world.claimed(case);
        let step = claimed.decided(case);
        world = match step {
            // It is answered, and that is the end.
            Step::Submit => return true,
            Step::LookUp => {
                let said = claimed.provider.told().next().unwrap_or(Verdict::Unclear);
                let (began, met) = (claimed.now, claimed.row.look_up_requests);
                claimed.settled_look_up(true, said, (began, met), case)
            }
            Step::Recall | Step::Release | Step::Expire | Step::Review(_) | Step::WaitUntil(_) | Step::Rest => {
                match claimed.carried_out(step, case) {
                    Some(done) => done,
                    None => return false,
                }
            }
        };
    }
    false
}

/// The next tick: what has travelled for too long never arrives, and the provider's records agree.
pub(super) fn time_passes(world: &World) -> World {
    let mut later = *world;
    later.now += 1;
    later.provider.is_fresh = false;
    for request in &mut later.provider.requests {
        match *request {
            Request::Travelling { since } if later.now > since + REQUEST_LIFE => *request = Request::None,
            Request::None | Request::Travelling { .. } | Request::Answered(_) => {}
        }
    }
    later
}
