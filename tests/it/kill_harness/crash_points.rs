//! Every named crash point, with a purchase from every provider: a server is made to die there, its successor heals,
//! and the books are checked.
//!
//! Each point has a world of its own, in which one purchase after the other dies. So each class of provider comes to
//! each point: Almara and ClickPesa's control numbers, which recognise a repetition; BILL, which does not and can be
//! asked; Click, which can neither. Where Click's payment may have been sent it must end with a person.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

use billpay::crash::{CrashPoint, Step};
use billpay::domain::provider::ProviderCode;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::audit::Trust;
use super::books::Books;
use super::campaign::{heal, quieten};
use super::card::{Card, Heading};
use super::fault::Fault;
use super::goods::Goods;
use super::traffic::{Market, Receipts, buy_once};
use super::ware::Ware;
use super::watchers::Heard;
use super::world::{Plan, Server, World, named};
use crate::support::Db;

/// How many points are tried at once: each spends most of its time waiting for a lease to end.
const AT_ONCE: usize = 12;
/// Connections of one server: there are many at once.
const CONNECTIONS: u32 = 4;
/// Of a server that is to die: it must exceed a call's time by more than 5 s.
const SHORT_LEASE: &str = "6500ms";
/// How long a server may live that is to die at a point that it must come to.
const LIFE_LIMIT: Duration = Duration::from_secs(45);
/// For so long the sandbox tries again to tell what nobody took.
const REDELIVERY: Duration = Duration::from_secs(4);
/// What a process is told that aborts itself.
const SIGABRT: i32 = 6;

/// Kills a server at each point, once for each ware, and checks the books.
pub(super) async fn survive_all(db: Db) {
    let cards: Vec<_> =
        stream::iter(CrashPoint::ALL).map(|point| survive(db, point)).buffer_unordered(AT_ONCE).collect().await;
    for (_, card) in &cards {
        println!("{card}");
    }
    println!("crash points, {db:?}: {} of {} hit", cards.len(), CrashPoint::ALL.len());
    for (point, card) in &cards {
        card.assert_busy(wares(*point).into_iter().map(Ware::provider));
        card.assert_clean();
        if leaves_in_doubt(*point) {
            assert_eq!(
                card.in_review(ProviderCode::Click),
                1,
                "{card}\nnobody knows what Click did, and no person is asked"
            );
        }
    }
}

/// What is bought at a point: what comes to it. Click tells nothing afterwards; a bulk goes other ways than a single
/// payment where it is stored, sent and settled.
fn wares(point: CrashPoint) -> Vec<Ware> {
    let comes_to_it = |ware: &Ware| match ware {
        Ware::ClickPayment => !is_callback(point),
        Ware::BillBulk => matches!(
            point,
            CrashPoint::AfterCommit(Step::Create) | CrashPoint::AfterSend | CrashPoint::BeforeCommit(Step::Settle)
        ),
        Ware::AlmaraPayment | Ware::BillPayment | Ware::ControlNumber => true,
    };
    Ware::ALL.into_iter().filter(comes_to_it).collect()
}

fn is_callback(point: CrashPoint) -> bool {
    matches!(point, CrashPoint::BeforeCommit(Step::Callback) | CrashPoint::AfterCommit(Step::Callback))
}

/// Whether whoever finds what is left cannot know whether it was sent.
fn leaves_in_doubt(point: CrashPoint) -> bool {
    matches!(
        point,
        CrashPoint::AfterCommit(Step::Mark)
            | CrashPoint::BeforeSend
            | CrashPoint::AfterSend
            | CrashPoint::BeforeCommit(Step::Settle)
    )
}

async fn survive(db: Db, point: CrashPoint) -> (CrashPoint, Card) {
    let world = World::build(Plan::plain(db, CONNECTIONS)).await;
    // A first server sets everything up, so that those that die have only the purchase to do.
    let mut server = world.start(world.address()).await;
    let api = world.api(world.address());
    let goods = Arc::new(Goods::find(&api).await);
    let market = Market { apis: vec![api.clone()], goods, sandbox: world.sandbox().clone(), wares: &Ware::ALL };
    let began = Instant::now();
    let (mut receipts, mut kills) = (Receipts::default(), 0);
    for ware in wares(point) {
        receipts.add(die_and_recover(&world, &mut server, &market, point, ware).await);
        kills += 1;
    }
    quieten(&api).await;
    world.assert_running(&mut server);
    let books = Books::read(&world, &api).await;
    let heading = Heading {
        title: format!("crash at {}, {db:?}", point.name()),
        faults: &[Fault::Kill],
        seed: 0,
        strikes: BTreeMap::from([(Fault::Kill, kills)]),
        duration: began.elapsed(),
    };
    let trust = Trust { clocks_agree: true, nothing_broke: false };
    let card = Card::draw(heading, &world, &books, (&receipts, &Heard::default()), trust);
    drop(server);
    world.remove().await;
    (point, card)
}

/// Has a server die over one purchase, and its successor, which takes the first one's place, heal what is left.
async fn die_and_recover(
    world: &World,
    server: &mut Server,
    market: &Market,
    point: CrashPoint,
    ware: Ware,
) -> Receipts {
    if is_callback(point) {
        // Else old news could kill the server before the purchase is made.
        tokio::time::sleep(REDELIVERY).await;
    }
    server.process.kill();
    let name = point.name();
    let fate = named([("CRASH_AT", &name), ("WORKER__LEASE", SHORT_LEASE)]);
    let mut doomed = world.spawn(world.address(), &fate);
    let key = format!("crash-{ware:?}-{}", name.replace('.', "-"));
    let buyer = tokio::spawn(buy_once(market.clone(), ware, None, key));
    assert_dies(world, &mut doomed, &name, ware).await;
    *server = world.start(world.address()).await;
    let receipts = buyer.await.expect("the buyer does not panic");
    heal(world, &market.apis[0]).await;
    receipts
}

/// A point that the server does not come to would prove nothing.
async fn assert_dies(world: &World, doomed: &mut Server, name: &str, ware: Ware) {
    let ended = doomed.process.wait(LIFE_LIMIT).await;
    let Some(status) = ended else { panic!("with a {ware:?} the server never came to {name}\n{}", world.log_tail()) };
    let is_aborted = status.signal() == Some(SIGABRT);
    assert!(is_aborted, "with a {ware:?} the server did not die at {name}: {status}\n{}", world.log_tail());
}
