//! A run: something breaks again and again while callers buy and watchers listen; then everything heals, and the books
//! are checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::Instant;

use super::api::Api;
use super::audit::{Told, Trust};
use super::books::Books;
use super::card::{Card, Heading};
use super::fault::Fault;
use super::fleet::Fleet;
use super::goods::Goods;
use super::hooks::Hooks;
use super::inject::{self, Scene};
use super::numbers;
use super::recalls;
use super::sandbox::Ledger;
use super::traffic::{MOST_PURCHASES, Market, Traffic};
use super::ware::Ware;
use super::watchers::Watchers;
use super::world::{Plan, World, simulate_class_b};
use crate::support::Db;

/// Connections of one server.
const CONNECTIONS: u32 = 8;
/// A killed worker's rows come due after 8 s, what stays unclear goes to a person after 20 s more, and money of which
/// no webhook told is found by the sweep, which comes every few seconds here.
const HEAL_LIMIT: Duration = Duration::from_secs(300);
/// What goes on and on for so long is no healing.
const LONGEST_HEAL: Duration = Duration::from_secs(1_800);
const GLANCE: Duration = Duration::from_millis(250);
/// What providers tell of payments that are final (voided, returned) comes within this time.
const QUIET: Duration = Duration::from_secs(4);

/// What a run is like.
pub(super) struct Campaign {
    /// What breaks, in turns.
    pub(super) faults: &'static [Fault],
    pub(super) db: Db,
    /// Servers on one database.
    pub(super) servers: usize,
    pub(super) callers: u32,
    pub(super) wares: &'static [Ware],
    /// Those who listen to the log and come back again and again, to any server.
    pub(super) watchers: u32,
    /// How often something breaks at least.
    pub(super) strikes: u32,
    /// How much is bought at least.
    pub(super) purchases: usize,
    pub(super) seed: u64,
    /// Whether Almara is simulated as a provider of class B.
    pub(super) class_b: bool,
    /// What the servers are told beside.
    pub(super) settings: Vec<(String, String)>,
}

impl Campaign {
    /// The usual: one server that is killed while six callers buy.
    pub(super) fn of_kills(db: Db, strikes: u32, seed: u64) -> Self {
        Self {
            faults: &[Fault::Kill],
            db,
            servers: 1,
            callers: 6,
            wares: &Ware::ALL,
            watchers: 1,
            strikes,
            purchases: 0,
            seed,
            class_b: false,
            settings: Vec::new(),
        }
    }

    /// Runs it and draws up its card.
    pub(super) async fn run(self) -> Card {
        let most = self.callers as usize * MOST_PURCHASES as usize;
        assert!(self.purchases <= most, "PAYMENTS={}: {} callers buy {most} at most", self.purchases, self.callers);
        println!("{}: {} strikes, {} purchases, seed {}", self.title(), self.strikes, self.purchases, self.seed);
        let world = World::build(Plan::of_faults(self.db, CONNECTIONS, self.faults, self.seed)).await;
        let mut fleet = Fleet::start(&world, self.servers, self.settings()).await;
        if self.class_b {
            world.assert_simulates_class_b();
        }
        let apis = fleet.apis(&world);
        let goods = Arc::new(Goods::find(&apis[0]).await);
        let market = Market { apis, goods, sandbox: world.sandbox().clone(), wares: self.wares };

        let hooks = Hooks::begin(&market.apis[0]).await;
        let began = Instant::now();
        let traffic = Traffic::begin(&market, self.callers, self.seed);
        let watchers = Watchers::begin(&market.apis, self.watchers, self.seed);
        let strikes = self.strike_again_and_again(&world, &mut fleet, &traffic).await;
        world.heal_wires();
        fleet.wait_for_all(&world).await;
        let receipts = traffic.end().await;
        let duration = began.elapsed();
        let api = &market.apis[0];
        if self.faults.iter().any(|fault| fault.moves_clocks()) {
            inject::let_time_pass(&world, &mut fleet).await;
        }
        heal(&world, api).await;
        quieten(api).await;
        fleet.assert_running(&world);

        let books = Books::read(&world, api).await;
        let heard = watchers.end(&books.events, books.head).await;
        let delivered = hooks.end(&books.events).await;
        let heading = Heading { title: self.title(), faults: self.faults, seed: self.seed, strikes, duration };
        let told = Told { receipts: &receipts, heard: &heard, delivered: &delivered };
        let card = Card::draw(heading, &world, &books, told, self.trust());
        drop(fleet);
        world.remove().await;
        card
    }

    /// Each fault in its turn, until there were enough strikes and enough was bought.
    async fn strike_again_and_again(
        &self,
        world: &World,
        fleet: &mut Fleet,
        traffic: &Traffic,
    ) -> BTreeMap<Fault, u32> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut strikes = BTreeMap::new();
        let mut count = 0;
        while count < self.strikes || traffic.bought() < self.purchases {
            let (bought, wanted) = (traffic.bought(), self.purchases);
            assert!(
                bought >= wanted || !traffic.is_exhausted(),
                "{bought} of {wanted} were bought, and callers are done"
            );
            let fault = self.faults[count as usize % self.faults.len()];
            inject::strike(fault, &mut Scene { world, fleet, rng: &mut rng, count }).await;
            fleet.assert_running(world);
            *strikes.entry(fault).or_default() += 1;
            count += 1;
        }
        strikes
    }

    /// What every server is told beside the world's settings.
    fn settings(&self) -> Vec<(String, String)> {
        let class_b = if self.class_b { simulate_class_b() } else { Vec::new() };
        [class_b, self.settings.clone()].concat()
    }

    /// What may be believed of what is found: clocks that disagree prove nothing about leases, and where nothing
    /// breaks nobody may be told of an error.
    fn trust(&self) -> Trust {
        Trust {
            clocks_agree: !self.faults.iter().any(|fault| fault.moves_clocks()),
            nothing_broke: !self.faults.iter().any(|fault| fault.excuses_errors()),
        }
    }

    fn title(&self) -> String {
        let names: Vec<_> = self.faults.iter().map(|fault| fault.name()).collect();
        let (names, servers) = (names.join(" + "), self.servers);
        let class_b = if self.class_b { ", Almara of class B" } else { "" };
        format!("{names}{class_b}, {:?}, {servers} server{}", self.db, if servers == 1 { "" } else { "s" })
    }
}

/// Waits until no payment and no control number is open, no recall on its way, and all money that came in is known, as
/// long as anything happens: a provider that takes few calls at once works off what was bought for a while. What is
/// still missing at the end of the wait is for the checker to find.
pub(super) async fn heal(world: &World, api: &Api) {
    let began = Instant::now();
    let (mut head, mut since) = (None, began);
    while !(api.is_settled().await && knows_all_money(world, api).await && recalls_have_ended(world).await) {
        if since.elapsed() >= HEAL_LIMIT || began.elapsed() >= LONGEST_HEAL {
            return;
        }
        tokio::time::sleep(GLANCE).await;
        let now = Some(api.head().await);
        if now != head {
            (head, since) = (now, Instant::now());
        }
    }
}

/// A recall whose sender died is told when the lease of its submission has ended, also where the payment is final.
async fn recalls_have_ended(world: &World) -> bool {
    let backstage = world.base().connect().await;
    let sending = recalls::read(&backstage).await.iter().any(recalls::is_on_its_way);
    backstage.close().await.expect("closed");
    !sending
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
