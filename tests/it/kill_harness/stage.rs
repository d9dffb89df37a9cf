//! A stage for one plot: a server, or two, with the providers behind a wire, and somebody who buys what the plot wants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use billpay::domain::provider::ProviderCode;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::audit::{Told, Trust};
use super::books::Books;
use super::campaign::{heal, quieten};
use super::card::{Card, Heading};
use super::claims;
use super::fault::Fault;
use super::goods::Goods;
use super::hooks::Delivered;
use super::sandbox::Ledger;
use super::seed;
use super::traffic::{Errand, Market, Receipts, buy_once};
use super::ware::Ware;
use super::watchers::Heard;
use super::wire::Caught;
use super::world::{Plan, Server, World, free_address, named};
use crate::support::Db;

const CONNECTIONS: u32 = 4;
/// How long what must come may take.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(10);

/// All that a plot plays with.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) server: Server,
    /// Servers that joined later.
    peers: Vec<Server>,
    market: Market,
    settings: Vec<(String, String)>,
    receipts: Receipts,
    purchases: u32,
    began: Instant,
}

impl Stage {
    /// Sets it, with a server that is told this. One that is to be weak says so.
    pub(super) async fn set(db: Db, settings: &[(String, String)]) -> Self {
        let world = World::build(Plan { provider_wire: true, ..Plan::plain(db, CONNECTIONS) }).await;
        let mut server = world.spawn(world.address(), settings);
        world.wait_until_ready(&mut server).await;
        let is_weak = settings.iter().any(|(name, _)| name == "BILLPAY_WEAKNESS");
        assert_eq!(world.log().contains("PAYS WRONGLY"), is_weak, "{}", world.log_tail());
        let api = world.api(server.address);
        let goods = Arc::new(Goods::find(&api).await);
        let market = Market { apis: vec![api], goods, sandbox: world.sandbox().clone(), wares: &Ware::ALL };
        let (receipts, began) = (Receipts::default(), Instant::now());
        let settings = settings.to_vec();
        Self { world, server, peers: Vec::new(), market, settings, receipts, purchases: 0, began }
    }

    /// Somebody begins to buy.
    pub(super) fn begin(&mut self, ware: Ware, special: Option<&'static str>) -> JoinHandle<Receipts> {
        self.purchases += 1;
        let errand = Errand { ware, special, key: format!("plot-{}", self.purchases), process_date: None };
        tokio::spawn(buy_once(self.market.clone(), errand))
    }

    /// Waits until a buyer was told.
    pub(super) async fn finish(&mut self, buyer: JoinHandle<Receipts>) {
        self.receipts.add(buyer.await.expect("the buyer does not panic"));
    }

    /// The next request that begins so is held by the wire; answers a wait for it.
    pub(super) fn catch(&self, beginning: &str) -> oneshot::Receiver<Caught> {
        self.world.provider_wire().catch(beginning)
    }

    /// The server ends; the next one is told something more.
    pub(super) async fn succeed(&mut self, more: &[(String, String)]) {
        self.replace(more);
        self.world.wait_until_ready(&mut self.server).await;
    }

    /// The server ends; the next one dies by itself over a purchase.
    pub(super) async fn die_over(&mut self, point: &str, ware: Ware) -> JoinHandle<Receipts> {
        self.replace(&named([("CRASH_AT", point)]));
        let buyer = self.begin(ware, None);
        let ended = self.server.process.wait(PATIENCE).await;
        assert!(ended.is_some(), "the server never came to {point}\n{}", self.world.log_tail());
        buyer
    }

    /// The server ends; the next one freezes by itself over a purchase.
    pub(super) async fn freeze_over(
        &mut self,
        point: &str,
        ware: Ware,
        special: Option<&'static str>,
    ) -> JoinHandle<Receipts> {
        self.succeed(&named([("FREEZE_AT", point)])).await;
        let buyer = self.begin(ware, special);
        let give_up = Instant::now() + PATIENCE;
        while !self.server.process.is_frozen() {
            assert!(Instant::now() < give_up, "the server never came to {point}\n{}", self.world.log_tail());
            tokio::time::sleep(GLANCE).await;
        }
        buyer
    }

    /// Waits, at the server that joined last, until a person must look at the only payment there is; who finds that
    /// nothing was paid.
    pub(super) async fn find_unpaid(&self) {
        let peer = self.peers.last().expect("another server");
        let api = self.world.api(peer.address);
        let give_up = Instant::now() + PATIENCE;
        loop {
            let payments = api.payments().await;
            let [payment] = payments.as_slice() else { panic!("one payment: {payments:?}") };
            if payment.status == "FAILED" {
                return;
            }
            assert!(Instant::now() < give_up, "{payment:?}\n{}", self.world.log_tail());
            // Only one in review can be decided.
            let _ = api.decide_unpaid(&payment.id).await;
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Another server joins.
    pub(super) async fn join(&mut self) {
        let mut peer = self.world.spawn(free_address(), &self.settings);
        self.world.wait_until_ready(&mut peer).await;
        self.peers.push(peer);
    }

    /// Waits until so much money has moved at a provider, or it does not come to that.
    pub(super) async fn wait_for_effects(&self, provider: ProviderCode, count: usize, limit: Duration) {
        let give_up = Instant::now() + limit;
        while self.moved(provider) < count && Instant::now() < give_up {
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// How often money has moved at a provider.
    pub(super) fn moved(&self, provider: ProviderCode) -> usize {
        Ledger::read(&self.world.effects()).of(provider).map(|(_, effects)| effects.len()).sum()
    }

    /// What was done, submission by submission.
    pub(super) async fn attempts(&self) -> Vec<entity::attempt::Model> {
        let backstage = self.world.base().connect().await;
        let attempts = claims::read(&backstage).await;
        backstage.close().await.expect("closed");
        attempts
    }

    /// Waits until nothing is open.
    pub(super) async fn settle(&self) {
        heal(&self.world, &self.market.apis[0]).await;
    }

    /// Lets everything come to rest and draws up the card.
    pub(super) async fn end(mut self, title: String, clocks_agree: bool) -> Card {
        self.world.heal_wires();
        let api = &self.market.apis[0];
        heal(&self.world, api).await;
        quieten(api).await;
        for server in [&mut self.server].into_iter().chain(&mut self.peers) {
            self.world.assert_running(server);
        }
        let books = Books::read(&self.world, api).await;
        let heading = Heading {
            title,
            faults: &[Fault::Nothing],
            seed: seed(),
            strikes: BTreeMap::from([(Fault::Nothing, 1)]),
            duration: self.began.elapsed(),
        };
        let trust = Trust { clocks_agree, nothing_broke: false };
        let (heard, delivered) = (Heard::default(), Delivered::default());
        let told = Told { receipts: &self.receipts, heard: &heard, delivered: &delivered };
        let card = Card::draw(heading, &self.world, &books, told, trust);
        drop((self.server, self.peers));
        self.world.remove().await;
        card
    }

    fn replace(&mut self, more: &[(String, String)]) {
        self.server.process.kill();
        self.server = self.world.spawn(self.server.address, &[&self.settings[..], more].concat());
    }
}

/// The request that the wire holds, once it has come.
pub(super) async fn held(caught: oneshot::Receiver<Caught>) -> Caught {
    held_within(caught, PATIENCE).await
}

/// The same, where it may take longer.
pub(super) async fn held_within(caught: oneshot::Receiver<Caught>, limit: Duration) -> Caught {
    let caught = timeout(limit, caught).await.expect("the request comes in time");
    caught.expect("the wire is there")
}
