//! The injectors: each strikes once in its own way, and leaves the world in order when it returns.

mod clock;
mod database;
mod freeze;
mod kill;
mod postgres;
mod provider;
mod restart;

use std::ops::Range;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

pub(super) use self::clock::let_time_pass;
use super::fault::Fault;
use super::fleet::Fleet;
use super::wire::Weather;
use super::world::World;

/// How long nothing happens, where nothing is to happen.
const PEACE_MS: Range<u64> = 100..500;

/// Where it strikes.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) fleet: &'a mut Fleet,
    pub(super) rng: &'a mut StdRng,
    /// How many strikes came before this one.
    pub(super) count: u32,
}

impl Scene<'_> {
    /// Waits for some time.
    async fn pause(&mut self, range_ms: Range<u64>) {
        let pause = self.rng.random_range(range_ms);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// Whose turn it is.
    fn victim(&self) -> usize {
        self.count as usize % self.fleet.len()
    }
}

/// Strikes once.
pub(super) async fn strike(fault: Fault, scene: &mut Scene<'_>) {
    match fault {
        Fault::Nothing => scene.pause(PEACE_MS).await,
        Fault::Kill => kill::strike(scene).await,
        Fault::Restart => restart::strike(scene).await,
        Fault::Freeze => freeze::strike(scene).await,
        Fault::CutProvider => provider::strike(scene, Weather::Cut).await,
        Fault::DelayProvider => provider::strike(scene, Weather::Slow).await,
        Fault::ResetProvider => provider::strike(scene, Weather::Resets).await,
        Fault::CutDatabase => database::strike(scene).await,
        Fault::StopPostgres => postgres::strike(scene).await,
        Fault::ClockStep => clock::strike(scene).await,
    }
}
