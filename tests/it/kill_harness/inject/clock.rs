//! A server comes back with a clock that is an hour ahead, or an hour behind; the database's clock is right.

use std::ops::Range;

use super::Scene;
use crate::kill_harness::fleet::Fleet;
use crate::kill_harness::world::{World, named};

const STEPS: [&str; 2] = ["1h", "-1h"];
const LIFE_MS: Range<u64> = 500..4_000;
/// What a server says whose clock was moved. One of a release build says something else, and its clock is right.
const MOVED: &str = "THE CLOCK OF THIS SERVER IS WRONG";

pub(super) async fn strike(scene: &mut Scene<'_>) {
    let victim = scene.victim();
    let step = STEPS[scene.count as usize / scene.fleet.len() % STEPS.len()];
    let moved_before = moved(scene.world);
    scene.fleet.kill_and_tell(scene.world, victim, &named([("CLOCK_STEP", step)]));
    scene.fleet.wait_for(scene.world, victim).await;
    assert!(moved(scene.world) > moved_before, "no clock was moved\n{}", scene.world.log_tail());
    scene.pause(LIFE_MS).await;
    scene.world.assert_running(scene.fleet.server(victim));
    scene.fleet.kill(scene.world, victim);
    scene.fleet.wait_for(scene.world, victim).await;
}

/// What a clock that was ahead put off comes due when all clocks have come there: each server is followed by one for
/// which, and for whose database, two hours have passed.
pub(in crate::kill_harness) async fn let_time_pass(world: &World, fleet: &mut Fleet) {
    let moved_before = moved(world);
    for place in 0..fleet.len() {
        fleet.kill_and_tell(world, place, &named([("CLOCK_OFFSET", "2h")]));
    }
    fleet.wait_for_all(world).await;
    assert!(moved(world) >= moved_before + fleet.len(), "time did not pass for all\n{}", world.log_tail());
}

/// How many clocks were moved so far.
fn moved(world: &World) -> usize {
    world.log().matches(MOVED).count()
}
