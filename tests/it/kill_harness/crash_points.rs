//! Every named crash point: a server is made to die there, its successor heals, and the books are checked.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use billpay::crash::CrashPoint;
use futures_util::{StreamExt, stream};

use super::books::Books;
use super::campaign::heal;
use super::card::{Card, Heading};
use super::traffic::{Receipts, buy_once};
use super::world::{Server, World, free_address, named};
use crate::support::Db;

/// How many points are tried at once: each spends most of its time waiting for a lease to end.
const AT_ONCE: usize = 6;
/// How long a server may live that is to die at a point that it must come to.
const LIFE_LIMIT: Duration = Duration::from_secs(30);
/// What a process is told that aborts itself.
const SIGABRT: i32 = 6;

/// Kills a server at each point, each in a world of its own, and checks each world's books.
pub(super) async fn survive_all(db: Db) {
    let cards: Vec<_> =
        stream::iter(CrashPoint::ALL).map(|point| survive(db, point)).buffer_unordered(AT_ONCE).collect().await;
    for card in &cards {
        println!("{card}");
    }
    println!("crash points, {db:?}: {} of {} hit", cards.len(), CrashPoint::ALL.len());
    for card in &cards {
        card.assert_busy();
        card.assert_clean();
    }
}

async fn survive(db: Db, point: CrashPoint) -> Card {
    let name = point.name();
    let world = World::build(db).await;
    let address = free_address();
    // A first server sets everything up, so that the one that dies has only the payment to do.
    let mut first = world.start(address).await;
    let biller = world.api(address).a_biller().await;
    first.process.kill();

    let mut doomed = world.spawn(address, &named([("CRASH_AT", &name)]));
    let key = format!("crash-{}", name.replace('.', "-"));
    let buyer = tokio::spawn(buy_once(world.api(address), biller, key));
    assert_dies(&world, &mut doomed, &name).await;

    let mut successor = world.start(address).await;
    let receipts: Receipts = buyer.await.expect("the buyer does not panic");
    heal(&world.api(address)).await;
    world.assert_running(&mut successor);
    let books = Books::read(&world, &world.api(address)).await;
    let heading = Heading { title: format!("crash at {name}, {db:?}"), seed: 0, kills: 1 };
    let card = Card::draw(heading, &world, &books, &receipts);
    drop(successor);
    world.remove().await;
    card
}

/// A point that the server does not come to would prove nothing.
async fn assert_dies(world: &World, doomed: &mut Server, name: &str) {
    let ended = doomed.process.wait(LIFE_LIMIT).await;
    let Some(status) = ended else { panic!("the server never came to {name}\n{}", world.log_tail()) };
    assert_eq!(status.signal(), Some(SIGABRT), "the server did not die at {name}: {status}\n{}", world.log_tail());
}
