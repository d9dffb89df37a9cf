//! SIGKILL: each server is followed at once by the next, on the same port and database.

use std::ops::Range;

use rand::Rng;

use super::Scene;

/// How long a server lives that came to serve, alone.
const LIFE_MS: Range<u64> = 100..2_500;
/// How long one lives that is killed while it starts.
const SHORT_LIFE_MS: Range<u64> = 0..100;

/// One in eight dies while it starts. Where there are several they die in turn, the more often.
pub(super) async fn strike(scene: &mut Scene<'_>) {
    let victim = scene.victim();
    let life_ms = if scene.rng.random_ratio(1, 8) {
        SHORT_LIFE_MS
    } else {
        scene.fleet.wait_for(scene.world, victim).await;
        LIFE_MS.start..LIFE_MS.end / scene.fleet.len() as u64
    };
    scene.pause(life_ms).await;
    scene.world.assert_running(scene.fleet.server(victim));
    scene.fleet.kill(scene.world, victim);
}
