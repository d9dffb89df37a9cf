//! SIGSTOP for twice the lease, then SIGCONT: what the server held is taken over by others, or by itself.
//!
//! Where there are several, one of them at least goes on.

use std::ops::Range;

use super::Scene;
use crate::kill_harness::world::LEASE;

const LIFE_MS: Range<u64> = 200..2_000;

pub(super) async fn strike(scene: &mut Scene<'_>) {
    let (first, count) = (scene.victim(), scene.fleet.len());
    let frozen: Vec<usize> = (0..count.saturating_sub(1).max(1)).map(|more| (first + more) % count).collect();
    for place in &frozen {
        scene.fleet.wait_for(scene.world, *place).await;
    }
    for place in &frozen {
        // Each at an instant of its own.
        scene.pause(LIFE_MS).await;
        scene.fleet.server(*place).process.freeze();
    }
    tokio::time::sleep(LEASE * 2).await;
    for place in &frozen {
        scene.fleet.server(*place).process.thaw();
        scene.world.assert_running(scene.fleet.server(*place));
    }
}
