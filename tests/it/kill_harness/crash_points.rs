//! Every named crash point: a server is made to die there over what somebody does, its successor heals, and the books are
//! checked.
//!
//! Each trial has a world of its own, in which one act after the other kills a server. Most points have purchases from
//! every provider, so that each class of provider comes to them: Almara and ClickPesa's control numbers, which recognise
//! a repetition; BILL, which does not and can be asked; Click, which can neither. Where Click's payment may have been
//! sent it must end with a person. (No provider of the four recognises a repetition and cannot be asked: that class is
//! the model's alone.) On the way of a recall a payment that BILL holds is cancelled and one that it made is voided, again
//! and again until that is done; and where a webhook's delivery is stored, its receiver must be told everything.

mod trials;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

use billpay::crash::CrashPoint;
use billpay::domain::payment::recall::RecallKind;
use billpay::domain::provider::ProviderCode;
use futures_util::{StreamExt, stream};
use jiff::ToSpan;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use self::trials::{Act, Trial, is_callback, leaves_in_doubt, trials};
use super::api::Api;
use super::audit::Trust;
use super::books::Books;
use super::campaign::{heal, quieten};
use super::card::{Card, Heading};
use super::fault::Fault;
use super::goods::Goods;
use super::seed;
use super::traffic::{Errand, Market, Receipts, buy_once};
use super::ware::Ware;
use super::watchers::Heard;
use super::world::{Plan, Server, World, named};
use crate::support::Db;
use crate::support::receiver::Receiver;

/// How many trials there are at once: each spends most of its time waiting for a lease to end.
const AT_ONCE: usize = 16;
/// Connections of one server: there are many at once.
const CONNECTIONS: u32 = 4;
/// Of a server that is to die: it must exceed a call's time by more than 5 s.
const SHORT_LEASE: &str = "6500ms";
/// How long a server may live that is to die at a point that it must come to.
const LIFE_LIMIT: Duration = Duration::from_secs(45);
/// For so long the sandbox tries again to tell what nobody took.
const REDELIVERY: Duration = Duration::from_secs(4);
/// Until when a recall must have been carried out, or a person is asked.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a payment stays open while it waits for a recall.
const REVIEW_AFTER: &str = "90s";
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// For how many days BILL holds a payment that is to be cancelled.
const HELD_DAYS: i64 = 5;
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
}

async fn survive(db: Db, trial: Trial) -> Survived {
    let began = Instant::now();
    let mut theatre = Theatre::open(db, &trial).await;
    let api = theatre.market.apis[0].clone();
    let receiver = if trial.acts.contains(&Act::BuyAndHear) { Some(Receiver::start().await) } else { None };
    let told_from = api.head().await;
    if let Some(receiver) = &receiver {
        api.create_webhook(&receiver.url("/hooks")).await;
    }
    for act in &trial.acts {
        theatre.die_and_recover(*act).await;
    }
    quieten(&api).await;
    let Theatre { world, mut server, receipts, hits, .. } = theatre;
    world.assert_running(&mut server);
    let books = Books::read(&world, &api).await;
    if let Some(receiver) = &receiver {
        assert_all_told(receiver, &books, told_from.parse().expect("a sequence")).await;
    }
    let heading = Heading {
        title: format!("crash at {}, {db:?}", trial.point.name()),
        faults: &[Fault::Kill],
        seed: seed(),
        strikes: BTreeMap::from([(Fault::Kill, hits)]),
        duration: began.elapsed(),
    };
    let trust = Trust { clocks_agree: true, nothing_broke: false };
    let card = Card::draw(heading, &world, &books, (&receipts, &Heard::default()), trust);
    drop(server);
    world.remove().await;
    Survived { trial, hits, card }
}

/// The receiver took every event behind this one at least once.
async fn assert_all_told(receiver: &Receiver, books: &Books, told_from: i64) {
    let sequences = books.events.iter().filter_map(|event| event.sequence.parse::<i64>().ok());
    let wanted: BTreeSet<i64> = sequences.filter(|sequence| *sequence > told_from).collect();
    assert!(!wanted.is_empty(), "nothing was to be told");
    receiver
        .wait_until("every event", |received| {
            let told: BTreeSet<_> = received.iter().map(|one| one.sequence()).collect();
            wanted.is_subset(&told)
        })
        .await;
}

impl Theatre {
    /// A first server sets everything up, so that those that die have only the act to do.
    async fn open(db: Db, trial: &Trial) -> Self {
        let world = World::build(Plan::plain(db, CONNECTIONS)).await;
        let has_recalls = trial.acts.iter().any(|act| matches!(act, Act::Recall(_)));
        let settings = if has_recalls { named([("WORKER__REVIEW_AFTER", REVIEW_AFTER)]) } else { Vec::new() };
        let mut server = world.spawn(world.address(), &settings);
        world.wait_until_ready(&mut server).await;
        let api = world.api(world.address());
        let goods = Arc::new(Goods::find(&api).await);
        let market = Market { apis: vec![api], goods, sandbox: world.sandbox().clone(), wares: &Ware::ALL };
        Self { server, world, market, point: trial.point, settings, receipts: Receipts::default(), hits: 0 }
    }

    /// Has a server die over one act, and its successor, which takes the first one's place, heal what is left.
    async fn die_and_recover(&mut self, act: Act) {
        let payment = match act {
            Act::Recall(kind) => Some((kind, self.recallable(act, kind).await)),
            Act::Buy(_) | Act::BuyAndHear => None,
        };
        if is_callback(self.point) {
            // Else old news could kill the server before the purchase is made.
            tokio::time::sleep(REDELIVERY).await;
        }
        self.server.process.kill();
        let fate = named([("CRASH_AT", &self.point.name()), ("WORKER__LEASE", SHORT_LEASE)]);
        let mut doomed = self.world.spawn(self.world.address(), &[&self.settings[..], &fate[..]].concat());
        let actor = match payment {
            Some((kind, payment)) => tokio::spawn(recall(self.market.apis[0].clone(), kind, payment)),
            None => tokio::spawn(buy_once(self.market.clone(), self.errand(act))),
        };
        self.assert_dies(&mut doomed, act).await;
        self.hits += 1;
        self.server = self.world.spawn(self.world.address(), &self.settings);
        self.world.wait_until_ready(&mut self.server).await;
        self.receipts.add(actor.await.expect("the actor does not panic"));
        heal(&self.world, &self.market.apis[0]).await;
    }

    fn errand(&self, act: Act) -> Errand {
        let key = format!("crash-{}-{}", act.name(), self.point.name().replace('.', "-"));
        Errand { ware: act.ware(), special: None, key, process_date: None }
    }

    /// A payment of BILL's that stands where it can be taken back so: its id.
    async fn recallable(&mut self, act: Act, kind: RecallKind) -> String {
        let (process_date, wanted) = match kind {
            RecallKind::Cancel => (Some(held_until()), "PENDING"),
            RecallKind::Void => (None, "SUCCEEDED"),
        };
        let bought = buy_once(self.market.clone(), Errand { process_date, ..self.errand(act) }).await;
        let id = bought.answers.iter().find_map(|receipt| receipt.id.clone());
        self.receipts.add(bought);
        let id = id.expect("a payment that can be taken back");
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

/// Asks for a payment to be taken back until it was, or a person is asked. Whoever repeats the wish while it is on its
/// way gets the payment as it is; after an end that nobody knows it is made once more.
async fn recall(api: Api, kind: RecallKind, payment: String) -> Receipts {
    let ends = match kind {
        RecallKind::Cancel => ["CANCELLED", "NEEDS_REVIEW"],
        RecallKind::Void => ["REVERSED", "NEEDS_REVIEW"],
    };
    let mut receipts = Receipts::default();
    let give_up = Instant::now() + PATIENCE;
    loop {
        // Whether it came to anything, its status tells.
        let _ = api.recall(kind, &payment).await;
        let status = api.status(&payment).await;
        match status {
            Ok(status) if ends.contains(&status.as_str()) => return receipts,
            Ok(status) if Instant::now() >= give_up => {
                receipts.given_up.push(format!("{kind:?} of {payment}, which is {status}"));
                return receipts;
            }
            Err(trouble) if Instant::now() >= give_up => {
                receipts.given_up.push(format!("{kind:?} of {payment}: {trouble}"));
                return receipts;
            }
            Ok(_) | Err(_) => tokio::time::sleep(ASK_AGAIN).await,
        }
    }
}

/// A day that is not near in any time zone.
#[expect(clippy::disallowed_methods, reason = "the servers of the bench go by the system's clock")]
fn held_until() -> String {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(HELD_DAYS.days()).to_string()
}
