//! A run: servers are killed at random instants while callers buy; then everything heals, and the books are checked.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use super::api::Api;
use super::books::Books;
use super::card::{Card, Heading};
use super::goods::Goods;
use super::numbers;
use super::sandbox::Ledger;
use super::traffic::{Market, Traffic};
use super::world::{Server, World, free_address};
use crate::support::Db;

/// Connections of one server.
const CONNECTIONS: u32 = 8;
/// How long a server lives that came to serve.
const LIFE_MS: Range<u64> = 100..2_500;
/// How long one lives that is killed while it starts.
const SHORT_LIFE_MS: Range<u64> = 0..100;
/// A killed worker's rows come due after 8 s, what stays unclear goes to a person after 20 s more, and money of which
/// no webhook told is found by the sweep, which comes every few seconds here.
const HEAL_LIMIT: Duration = Duration::from_secs(150);
const GLANCE: Duration = Duration::from_millis(250);
/// What providers tell of payments that are final (voided, returned) comes within this time.
const QUIET: Duration = Duration::from_secs(2);

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
        let world = World::build(self.db, CONNECTIONS).await;
        let mut victim = world.start(world.address()).await;
        let goods = Arc::new(Goods::find(&world.api(victim.address)).await);
        let mut bystanders = Vec::new();
        for _ in 1..self.servers {
            bystanders.push(world.start(free_address()).await);
        }
        let apis: Vec<Api> = [&victim].into_iter().chain(&bystanders).map(|one| world.api(one.address)).collect();
        let market = Market { apis, goods, sandbox: world.sandbox().clone() };

        let traffic = Traffic::begin(&market, self.callers, self.seed);
        self.kill_again_and_again(&world, &mut victim).await;
        world.wait_until_ready(&mut victim).await;
        let receipts = traffic.end().await;
        let api = &market.apis[0];
        heal(&world, api).await;
        quieten(api).await;
        for server in [&mut victim].into_iter().chain(&mut bystanders) {
            world.assert_running(server);
        }

        let books = Books::read(&world, api).await;
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

/// Waits until no payment and no control number is open, and all money that came in is known. What is still missing at
/// the end of the wait is for the checker to find.
pub(super) async fn heal(world: &World, api: &Api) {
    let give_up = Instant::now() + HEAL_LIMIT;
    while !(api.is_settled().await && knows_all_money(world, api).await) && Instant::now() < give_up {
        tokio::time::sleep(GLANCE).await;
    }
}

/// Waits until nothing happens any more.
pub(super) async fn quieten(api: &Api) {
    let give_up = Instant::now() + HEAL_LIMIT;
    let mut head = api.head().await;
    loop {
        tokio::time::sleep(QUIET).await;
        let before = std::mem::replace(&mut head, api.head().await);
        if head == before || Instant::now() >= give_up {
            return;
        }
    }
}

async fn knows_all_money(world: &World, api: &Api) -> bool {
    let ledger = Ledger::read(&world.effects());
    numbers::knows_all(&ledger, &api.collections().await)
}
