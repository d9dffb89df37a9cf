//! Every named crash point: a server is made to die there over what somebody does, its successor heals, and the books are
//! checked.
//!
//! Each trial has a world of its own, in which one act after the other kills a server. Most points have purchases from
//! every provider, so that each class of provider comes to them: Almara and ClickPesa's control numbers, which recognise
//! a repetition; BILL, which does not and can be asked; Click, which can neither. Where Click's payment may have been
//! sent it must end with a person. No provider of the four recognises a repetition and cannot be asked: Almara is
//! simulated as one (class B) in worlds of their own, where no payment may need a person. On the way of a recall a payment
//! that BILL holds is cancelled and one that it made is voided, again and again until that is done, and one that waits for
//! its day is called off; where a webhook's delivery is stored, its receiver must be told everything. A person decides what
//! became of a payment; a place at BILL is taken for one; a bill number is kept.
//!
//! What is to be claimed is stored by a server that does no work, since one that does claims a plain payment as it stores
//! it; what the dead leave is looked at (`left.rs`). On PostgreSQL a server that dies just after it has stored a payment
//! holds it, at least once, and its successor pays it when the lease has ended.

mod deed;
mod left;
mod trials;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

use billpay::crash::CrashPoint;
use billpay::domain::payment::recall::RecallKind;
use billpay::domain::provider::ProviderCode;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use self::deed::{Deed, Wish, waiting_until};
use self::left::Mark;
use self::trials::{Act, Trial, is_callback, is_claim, is_slot, leaves_in_doubt, stores_alone, trials};
use super::audit::{Told, Trust};
use super::books::Books;
use super::campaign::{heal, quieten};
use super::card::{Card, Heading};
use super::fault::Fault;
use super::goods::Goods;
use super::hooks::{Delivered, Hooks};
use super::seed;
use super::traffic::{Errand, Market, Receipts, buy_once};
use super::ware::Ware;
use super::watchers::Heard;
use super::world::{Plan, Server, World, named, simulate_class_b};
use crate::support::Db;

/// How many trials there are at once: each spends most of its time waiting for a lease to end.
const AT_ONCE: usize = 12;
/// Connections of one server: there are many at once.
const CONNECTIONS: u32 = 4;
/// How long a server may live that is to die at a point that it must come to.
const LIFE_LIMIT: Duration = Duration::from_secs(45);
/// For so long the sandbox tries again to tell what nobody took.
const REDELIVERY: Duration = Duration::from_secs(4);
/// How long a payment stays open while it waits for a recall.
const REVIEW_AFTER: &str = "90s";
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// How often a payment is bought until one is claimed as it is stored: while the worker looks around there is no room.
const MOST_BIRTHS: u32 = 8;
/// A server that stores and does no work.
const IDLE: [(&str, &str); 1] = [("WORKER__ENABLED", "false")];
/// An account at Click's of which a call is never answered, and nothing is paid.
const UNANSWERED: &str = "5555555";
/// What a process is told that aborts itself.
const SIGABRT: i32 = 6;

/// What a trial showed.
struct Survived {
    trial: Trial,
    /// How often a server died there.
    hits: u32,
    card: Card,
}

/// Kills a server at each point, once for each act, and checks the books.
pub(super) async fn survive_all(db: Db) {
    let survived: Vec<_> =
        stream::iter(trials()).map(|trial| survive(db, trial)).buffer_unordered(AT_ONCE).collect().await;
    for one in &survived {
        println!("{}", one.card);
    }
    let hit: BTreeSet<_> = survived.iter().filter(|one| one.hits > 0).map(|one| one.trial.point.name()).collect();
    println!("crash points, {db:?}: {} of {} hit", hit.len(), CrashPoint::ALL.len());
    for Survived { trial, card, .. } in &survived {
        card.assert_busy(trial.acts.iter().map(|act| act.ware().provider()));
        card.assert_clean();
        if trial.has_hearers() {
            assert!(card.delivered().wanted > 0, "{card}\nnothing was to be told");
        }
        if trial.class_b {
            let asked = card.in_review(ProviderCode::Almara);
            assert_eq!(asked, 0, "{card}\na repetition would have been recognised, and a person is asked");
        }
        if trial.acts.contains(&Act::Buy(Ware::ClickPayment)) && leaves_in_doubt(trial.point) {
            let asked = card.in_review(ProviderCode::Click);
            assert_eq!(asked, 1, "{card}\nnobody knows what Click did, and no person is asked");
        }
    }
    let all: BTreeSet<_> = CrashPoint::ALL.into_iter().map(CrashPoint::name).collect();
    assert_eq!(hit, all, "some points were never come to");
}

/// A world in which servers die at one point.
struct Theatre {
    // Ends before its world goes.
    server: Server,
    world: World,
    market: Market,
    point: CrashPoint,
    /// What every server of it is told.
    settings: Vec<(String, String)>,
    receipts: Receipts,
    hits: u32,
    /// How many payments were claimed as they were stored.
    claimed_at_birth: u32,
}

async fn survive(db: Db, trial: Trial) -> Survived {
    let began = Instant::now();
    let mut theatre = Theatre::open(db, &trial).await;
    let api = theatre.market.apis[0].clone();
    let hooks = if trial.has_hearers() { Some(Hooks::begin(&api).await) } else { None };
    for act in &trial.acts {
        theatre.die_and_recover(*act).await;
    }
    if left::may_be_claimed_at_birth(db, trial.point, &trial.acts) {
        theatre.see_a_birth().await;
    }
    quieten(&api).await;
    let Theatre { world, mut server, receipts, hits, .. } = theatre;
    world.assert_running(&mut server);
    let books = Books::read(&world, &api).await;
    let delivered = match hooks {
        Some(hooks) => hooks.end(&books.events).await,
        None => Delivered::default(),
    };
    let class_b = if trial.class_b { ", Almara of class B" } else { "" };
    let heading = Heading {
        title: format!("crash at {}, {db:?}{class_b}", trial.point.name()),
        faults: &[Fault::Kill],
        seed: seed(),
        strikes: BTreeMap::from([(Fault::Kill, hits)]),
        duration: began.elapsed(),
    };
    let trust = Trust { clocks_agree: true, nothing_broke: false };
    let told = Told { receipts: &receipts, heard: &Heard::default(), delivered: &delivered };
    let card = Card::draw(heading, &world, &books, told, trust);
    drop(server);
    world.remove().await;
    Survived { trial, hits, card }
}

impl Theatre {
    /// A first server sets everything up, so that those that die have only the act to do.
    async fn open(db: Db, trial: &Trial) -> Self {
        let world = World::build(Plan::plain(db, CONNECTIONS)).await;
        let has_recalls = trial.acts.iter().any(|act| matches!(act, Act::Recall(_)));
        let is_patient = has_recalls || trial.class_b;
        let patience = if is_patient { named([("WORKER__REVIEW_AFTER", REVIEW_AFTER)]) } else { Vec::new() };
        let class_b = if trial.class_b { simulate_class_b() } else { Vec::new() };
        let settings = [patience, class_b].concat();
        let mut server = world.spawn(world.address(), &settings);
        world.wait_until_ready(&mut server).await;
        if trial.class_b {
            world.assert_simulates_class_b();
        }
        let api = world.api(world.address());
        let goods = Arc::new(Goods::find(&api).await);
        let market = Market { apis: vec![api], goods, sandbox: world.sandbox().clone(), wares: &Ware::ALL };
        let (point, receipts) = (trial.point, Receipts::default());
        Self { server, world, market, point, settings, receipts, hits: 0, claimed_at_birth: 0 }
    }

    /// Has a server die over one act, and its successor, which takes the first one's place, heal what is left.
    async fn die_and_recover(&mut self, act: Act) {
        let deed = self.prepare(act).await;
        if is_callback(self.point) {
            // Else old news could kill the server before the purchase is made.
            tokio::time::sleep(REDELIVERY).await;
        }
        self.server.process.kill();
        let mark = deed.mark();
        let act_now = || tokio::spawn(deed.carry_out(self.market.clone()));
        let mut fate = [&self.settings[..], &named([("CRASH_AT", &self.point.name())])].concat();
        if act == Act::Keep {
            // Else a worker's own transactions may come first.
            fate.extend(named(IDLE));
        }
        let (mut doomed, actor) = if is_claim(self.point) {
            let mut idle = self.world.spawn(self.world.address(), &[&self.settings[..], &named(IDLE)[..]].concat());
            self.world.wait_until_ready(&mut idle).await;
            let actor = act_now();
            self.wait_until_stored(&mark).await;
            idle.process.kill();
            (self.world.spawn(self.world.address(), &fate), actor)
        } else {
            let doomed = self.world.spawn(self.world.address(), &fate);
            (doomed, act_now())
        };
        self.assert_dies(&mut doomed, act).await;
        self.hits += 1;
        self.look_at_what_is_left(act, &mark).await;
        self.server = self.world.spawn(self.world.address(), &self.settings);
        self.world.wait_until_ready(&mut self.server).await;
        self.receipts.add(actor.await.expect("the actor does not panic"));
        heal(&self.world, &self.market.apis[0]).await;
    }

    fn errand(&self, act: Act) -> Errand {
        let key = format!("crash-{}-{}-{}", act.name(), self.point.name().replace('.', "-"), self.hits);
        Errand { ware: act.ware(), special: None, key, process_date: None }
    }

    /// Has servers die over new payments until one was claimed as it was stored.
    async fn see_a_birth(&mut self) {
        for _ in 0..MOST_BIRTHS {
            if self.claimed_at_birth > 0 {
                return;
            }
            self.die_and_recover(Act::Buy(Ware::AlmaraPayment)).await;
        }
        assert!(self.claimed_at_birth > 0, "no payment was claimed as it was stored\n{}", self.world.log_tail());
    }

    /// Waits until what is to be claimed is there.
    async fn wait_until_stored(&self, mark: &Mark) {
        let connection = self.world.base().connect().await;
        let give_up = Instant::now() + LIFE_LIMIT;
        while left::find(&connection, mark).await.is_none() {
            assert!(Instant::now() < give_up, "{mark:?} is not stored in time\n{}", self.world.log_tail());
            tokio::time::sleep(ASK_AGAIN).await;
        }
        connection.close().await.expect("closed");
    }

    /// Fails where the dead did not leave it as whoever dies there must.
    async fn look_at_what_is_left(&mut self, act: Act, mark: &Mark) {
        let connection = self.world.base().connect().await;
        let found = left::find(&connection, mark).await;
        if let Some(is_after) = stores_alone(self.point) {
            let (is_stored, log) = (left::is_stored(&connection, mark).await, || self.world.log_tail());
            assert_eq!(is_stored, is_after, "{mark:?} after a death at {}\n{}", self.point.name(), log());
        }
        connection.close().await.expect("closed");
        assert!(found.is_some() || !(is_claim(self.point) || is_slot(self.point)), "{mark:?} is gone");
        let Some(found) = found else { return };
        let fault = left::fault(self.point, act, &found);
        assert!(fault.is_none(), "{fault:?}\n{}", self.world.log_tail());
        self.claimed_at_birth += u32::from(left::is_claimed_at_birth(self.point, &found));
    }

    /// Makes ready what the act is about.
    async fn prepare(&mut self, act: Act) -> Deed {
        let errand = self.errand(act);
        let later = || Errand { process_date: Some(waiting_until()), ..errand.clone() };
        let (wish, errand, stands) = match act {
            Act::Buy(_) | Act::BuyAndHear(_) => return Deed::Buy(errand),
            Act::Keep => return Deed::Keep { account: format!("4400{:04}", self.hits), errand },
            Act::Recall(RecallKind::Cancel) => (Wish::TakenBack(RecallKind::Cancel), later(), "PENDING"),
            Act::Recall(RecallKind::Void) => (Wish::TakenBack(RecallKind::Void), errand, "SUCCEEDED"),
            Act::CallOff(_) => (Wish::TakenBack(RecallKind::Cancel), later(), "SCHEDULED"),
            Act::Decide => (Wish::Unpaid, Errand { special: Some(UNANSWERED), ..errand }, "NEEDS_REVIEW"),
        };
        Deed::Wish(wish, self.bought(errand, stands).await)
    }

    /// A payment that stands so: its id.
    async fn bought(&mut self, errand: Errand, wanted: &str) -> String {
        let bought = buy_once(self.market.clone(), errand).await;
        let id = bought.answers.iter().find_map(|receipt| receipt.id.clone());
        self.receipts.add(bought);
        let id = id.expect("a payment");
        let give_up = Instant::now() + LIFE_LIMIT;
        while !self.market.apis[0].status(&id).await.is_ok_and(|status| status == wanted) {
            assert!(Instant::now() < give_up, "{id} is not {wanted} in time\n{}", self.world.log_tail());
            tokio::time::sleep(ASK_AGAIN).await;
        }
        id
    }

    /// A point that the server does not come to would prove nothing.
    async fn assert_dies(&self, doomed: &mut Server, act: Act) {
        let (name, log) = (self.point.name(), || self.world.log_tail());
        let ended = doomed.process.wait(LIFE_LIMIT).await;
        let Some(status) = ended else { panic!("with {act:?} the server never came to {name}\n{}", log()) };
        let is_aborted = status.signal() == Some(SIGABRT);
        assert!(is_aborted, "with {act:?} the server did not die at {name}: {status}\n{}", log());
    }
}
