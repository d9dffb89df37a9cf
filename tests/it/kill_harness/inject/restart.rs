//! A planned restart: SIGTERM, an orderly end, and a successor that is waited for, one server after the other.

use std::ops::Range;
use std::time::Duration;

use super::Scene;

const LIFE_MS: Range<u64> = 200..2_000;
/// Longer than any call and all the bookkeeping behind it.
const STOP_LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn strike(scene: &mut Scene<'_>) {
    let victim = scene.victim();
    scene.pause(LIFE_MS).await;
    scene.world.assert_running(scene.fleet.server(victim));
    let server = scene.fleet.server(victim);
    server.process.terminate();
    let ended = server.process.wait(STOP_LIMIT).await;
    let is_orderly = ended.is_some_and(|status| status.success());
    assert!(is_orderly, "a server that was asked to stop: {ended:?}\n{}", scene.world.log_tail());
    scene.fleet.follow(scene.world, victim, &[]);
    scene.fleet.wait_for(scene.world, victim).await;
}
