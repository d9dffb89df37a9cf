//! A run: servers are killed at random instants while callers buy; then everything heals, and the books are checked.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use super::api::Api;
use super::books::Books;
use super::card::{Card, Heading};
use super::traffic::Traffic;
use super::world::{Server, World, free_address};
use crate::support::Db;

/// How long a server lives that came to serve.
const LIFE_MS: Range<u64> = 100..2_500;
/// How long one lives that is killed while it starts.
const SHORT_LIFE_MS: Range<u64> = 0..100;
/// A killed worker's rows come due after 8 s, and what stays unclear goes to a person after 20 s more.
const HEAL_LIMIT: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(250);

/// What a run is like.
pub(super) struct Campaign {
    pub(super) db: Db,
    /// Servers on one database, the first of which is killed.
    pub(super) servers: usize,
    pub(super) callers: u32,
    pub(super) kills: u32,
    pub(super) seed: u64,
}

impl Campaign {
    /// Runs it and draws up its card.
    pub(super) async fn run(self) -> Card {
        println!("{}: {} kills, seed {}", self.title(), self.kills, self.seed);
        let world = World::build(self.db).await;
        let mut victim = world.start(free_address()).await;
        let biller = world.api(victim.address).a_biller().await;
        let mut bystanders = Vec::new();
        for _ in 1..self.servers {
            bystanders.push(world.start(free_address()).await);
        }
        let apis: Vec<Api> = [&victim].into_iter().chain(&bystanders).map(|one| world.api(one.address)).collect();

        let traffic = Traffic::begin(&apis, &biller, self.callers, self.seed);
        self.kill_again_and_again(&world, &mut victim).await;
        world.wait_until_ready(&mut victim).await;
        let receipts = traffic.end().await;
        heal(&apis[0]).await;
        for server in [&mut victim].into_iter().chain(&mut bystanders) {
            world.assert_running(server);
        }

        let books = Books::read(&world, &apis[0]).await;
        let heading = Heading { title: self.title(), seed: self.seed, kills: self.kills };
        let card = Card::draw(heading, &world, &books, &receipts);
        drop((victim, bystanders));
        world.remove().await;
        card
    }

    /// Each server is followed at once by the next, on the same port and database. One in eight dies while it starts.
    async fn kill_again_and_again(&self, world: &World, victim: &mut Server) {
        let mut rng = StdRng::seed_from_u64(self.seed);
        for _ in 0..self.kills {
            let life_ms = if rng.random_ratio(1, 8) {
                rng.random_range(SHORT_LIFE_MS)
            } else {
                world.wait_until_ready(victim).await;
                rng.random_range(LIFE_MS)
            };
            tokio::time::sleep(Duration::from_millis(life_ms)).await;
            world.assert_running(victim);
            victim.process.kill();
            *victim = world.spawn(victim.address, &[]);
        }
    }

    fn title(&self) -> String {
        match self.servers {
            1 => format!("kill harness, {:?}", self.db),
            servers => format!("kill harness, {:?}, {servers} servers", self.db),
        }
    }
}

/// Waits until no payment is open. What is still open at the end of the wait is for the checker to find.
pub(super) async fn heal(api: &Api) {
    let give_up = Instant::now() + HEAL_LIMIT;
    while !api.is_settled().await && Instant::now() < give_up {
        tokio::time::sleep(GLANCE).await;
    }
}
