//! PostgreSQL is stopped in its tracks and started again a little later.

use std::ops::Range;

use super::Scene;

const LIFE_MS: Range<u64> = 500..3_000;
const DOWN_MS: Range<u64> = 0..1_500;

pub(super) async fn strike(scene: &mut Scene<'_>) {
    // A server that finds no database when it starts is right to end.
    scene.fleet.wait_for_all(scene.world).await;
    scene.pause(LIFE_MS).await;
    let cluster = scene.world.base().cluster().expect("a PostgreSQL of the run's own");
    cluster.stop_at_once().await;
    scene.pause(DOWN_MS).await;
    cluster.start().await;
}
