//! The connections of a few commits are cut, each in another way; now and then all connections are.

use std::ops::Range;
use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use super::Scene;

const FAIR_MS: Range<u64> = 20..300;
/// Commits that are cut at once.
const CUTS: Range<usize> = 1..4;
/// There may be nothing to commit.
const PATIENCE: Duration = Duration::from_secs(2);
const GLANCE: Duration = Duration::from_millis(5);

pub(super) async fn strike(scene: &mut Scene<'_>) {
    // A server that finds no database when it starts is right to end.
    scene.fleet.wait_for_all(scene.world).await;
    scene.pause(FAIR_MS).await;
    let wire = scene.world.database_wire();
    if scene.rng.random_ratio(1, 10) {
        return wire.cut();
    }
    let cuts = scene.rng.random_range(CUTS);
    wire.cut_commits(cuts);
    let give_up = Instant::now() + PATIENCE;
    while wire.commit_cuts_left() > 0 && Instant::now() < give_up {
        tokio::time::sleep(GLANCE).await;
    }
}
