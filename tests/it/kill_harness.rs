//! The fault bench, which began as a kill harness: servers die at random instants and at every named point, freeze, and
//! lose their way to the providers and the database; and nothing is paid twice or lost, at any of the four providers.
//!
//! Everything is real: the server and the sandbox are processes of the program itself, and a server dies by SIGKILL, or
//! aborts itself at a crash point. What else breaks, `fault.rs` lists. The sandbox is never killed with it; it keeps a
//! ledger, synced to disk before each answer, of the money that moved, and tells its news to whichever server listens.
//! Meanwhile a bounded number of callers buy: payments through Almara, Click and BILL, bulk payments of BILL's, and
//! control numbers of ClickPesa's, which are paid as soon as they are known. Accounts and amounts make the sandbox
//! answer late, wrongly or not at all; where an answer is lost a caller asks again with the same key, of any server.
//! Then everything heals, and the books are checked against the ledger and the control numbers that exist:
//!
//! 1. no key made two things, nothing was paid twice, and no control number and no money that came in counts twice;
//! 2. what was acknowledged is in the database, and all money that moved and every number that was made is known there;
//! 3. every payment is final and of every control number it is known whether it was made, or a person is asked, with a
//!    reason;
//! 4. SUCCEEDED if and only if money moved, for each bill; FAILED and CANCELLED only if none did; REVERSED only if it
//!    had; of a bulk payment all bills or none. A number that was issued exists and counts what came in, one that
//!    FAILED does not exist; a collection has come if and only if its money did;
//! 5. the event log and the versions of each object have no gaps and agree, nothing that was settled is open again,
//!    whoever listened has heard all of it, in order and as the log has it, and so has a receiver of webhooks, each event
//!    under one id; and where nobody knows what became of a wish to cancel or to void, an event says so;
//! 6. nothing is stranded;
//! 7. nothing was sent twice under one claim, and nobody was robbed of one;
//! 8. who was only ever told that nothing was recorded finds nothing recorded; and where nothing broke, nobody was told
//!    of an error, and no answer was lost.
//!
//! That the checker sees what it looks for is tested too: `teeth.rs` plants weaknesses.
//!
//! What Click and BILL make of a payment whose answer was lost cannot be told by sending it again. So some of them end
//! with a person: the card prints which share, and why.
//!
//! KILLS_SHORT (6) is how often the short runs kill, KILLS (100) the long one; SEED, or BILLPAY_TEST_SEED, repeats the
//! choices of a run, though not its timing. The long one also has money come in of which no webhook tells.

mod api;
mod audit;
mod base;
mod bench;
mod books;
mod campaign;
mod card;
mod claims;
mod cluster;
mod crash_points;
mod fault;
mod fleet;
mod forgetful;
mod frozen;
mod goods;
mod hooks;
mod inject;
mod journal;
mod numbers;
mod payments;
mod plot;
mod process;
mod promises;
mod promotion;
mod purchase;
mod recalls;
mod rows;
mod sales;
mod sandbox;
mod score;
mod simulator;
mod stage;
mod teeth;
mod traffic;
mod ware;
mod watchers;
mod wire;
mod world;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::OnceLock;

use billpay::domain::provider::ProviderCode;

use self::campaign::Campaign;
use self::card::Card;
use crate::support::Db;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_harness_short_sqlite() {
    short(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_harness_short_postgres() {
    short(Db::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make kills"]
async fn kill_harness_long() {
    let (kills, seed) = (setting("KILLS").unwrap_or(100), seed());
    let mut cards = Vec::new();
    for db in [Db::Sqlite, Db::Postgres] {
        let card = Campaign::of_kills(db, kills, seed).run().await;
        println!("{card}");
        cards.push(card);
    }
    cards.iter().for_each(check);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_postgres() {
    run(Campaign { servers: 2, ..Campaign::of_kills(Db::Postgres, 3, seed()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no crash points")]
async fn crash_points_are_all_survived_sqlite() {
    crash_points::survive_all(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no crash points")]
async fn crash_points_are_all_survived_postgres() {
    crash_points::survive_all(Db::Postgres).await;
}

async fn short(db: Db) {
    let kills = setting("KILLS_SHORT").unwrap_or(6);
    run(Campaign::of_kills(db, kills, seed())).await;
}

async fn run(campaign: Campaign) {
    let card = campaign.run().await;
    println!("{card}");
    check(&card);
}

fn check(card: &Card) {
    card.assert_busy(ProviderCode::ALL);
    card.assert_clean();
}

/// The seed of this process, told once: with SEED, or BILLPAY_TEST_SEED, it makes the same choices again.
pub(crate) fn seed() -> u64 {
    static OF_THIS_PROCESS: OnceLock<u64> = OnceLock::new();
    *OF_THIS_PROCESS.get_or_init(|| {
        let seed = setting("SEED").or_else(|| setting("BILLPAY_TEST_SEED")).unwrap_or_else(rand::random);
        println!("SEED={seed}");
        seed
    })
}

/// A number from the environment.
fn setting<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}
