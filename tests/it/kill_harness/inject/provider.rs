//! Bad weather on the wire to the providers, for a while; then it is fair for another.

use std::ops::Range;

use super::Scene;
use crate::kill_harness::wire::Weather;

const BAD_MS: Range<u64> = 200..2_500;
const FAIR_MS: Range<u64> = 100..1_500;

pub(super) async fn strike(scene: &mut Scene<'_>, weather: Weather) {
    scene.pause(FAIR_MS).await;
    scene.world.provider_wire().turn(weather);
    scene.pause(BAD_MS).await;
    scene.world.provider_wire().turn(Weather::Fair);
}
