//! A server comes back with a clock that is an hour ahead, or an hour behind; the database's clock is right.

use std::ops::Range;

use super::Scene;
use crate::kill_harness::fleet::Fleet;
use crate::kill_harness::world::{World, named};

const STEPS: [&str; 2] = ["1h", "-1h"];
const LIFE_MS: Range<u64> = 500..4_000;

pub(super) async fn strike(scene: &mut Scene<'_>) {
    let victim = scene.victim();
    let step = STEPS[scene.count as usize / scene.fleet.len() % STEPS.len()];
    scene.fleet.kill_and_tell(scene.world, victim, &named([("CLOCK_STEP", step)]));
    scene.fleet.wait_for(scene.world, victim).await;
    scene.pause(LIFE_MS).await;
    scene.world.assert_running(scene.fleet.server(victim));
    scene.fleet.kill(scene.world, victim);
    scene.fleet.wait_for(scene.world, victim).await;
}

/// What a clock that was ahead put off comes due when all clocks have come there: each server is followed by one for
/// which, and for whose database, two hours have passed.
pub(in crate::kill_harness) async fn let_time_pass(world: &World, fleet: &mut Fleet) {
    for place in 0..fleet.len() {
        fleet.kill_and_tell(world, place, &named([("CLOCK_OFFSET", "2h")]));
    }
    fleet.wait_for_all(world).await;
}
