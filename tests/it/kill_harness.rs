//! The kill harness: servers die at random instants and at every named point, and no payment is made twice or lost.
//!
//! Everything is real: the server and the sandbox are processes of the program itself, and a server dies by SIGKILL, or
//! aborts itself at a crash point. The sandbox is never killed with it; it keeps a ledger, synced to disk before each
//! answer, of the money that moved. Meanwhile a bounded number of callers buy, with accounts that make the sandbox
//! answer late, wrongly or not at all, and ask again with the same key where an answer is lost. Then everything heals,
//! and the books are checked against the ledger:
//!
//! 1. no key was paid twice;
//! 2. what was acknowledged is in the database;
//! 3. every payment is final, or waits for a person with a reason;
//! 4. SUCCEEDED if and only if money moved; FAILED and CANCELLED only if none did;
//! 5. the event log and the versions of each payment have no gaps;
//! 6. nothing is stranded.
//!
//! KILLS_SHORT (6) is how often the short runs kill, KILLS (100) the long one; BILLPAY_TEST_SEED repeats the choices of
//! a run, though not its timing.

mod api;
mod books;
mod campaign;
mod card;
mod crash_points;
mod process;
mod traffic;
mod world;

use std::fmt::Display;
use std::str::FromStr;

use self::campaign::Campaign;
use self::card::Card;
use crate::support::Db;

const CALLERS: u32 = 6;

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
        let card = Campaign { db, servers: 1, callers: CALLERS, kills, seed }.run().await;
        println!("{card}");
        cards.push(card);
    }
    cards.iter().for_each(check);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_postgres() {
    let card = Campaign { db: Db::Postgres, servers: 2, callers: CALLERS, kills: 3, seed: seed() }.run().await;
    println!("{card}");
    check(&card);
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
    let card = Campaign { db, servers: 1, callers: CALLERS, kills, seed: seed() }.run().await;
    println!("{card}");
    check(&card);
}

fn check(card: &Card) {
    card.assert_busy();
    card.assert_clean();
}

fn seed() -> u64 {
    setting("BILLPAY_TEST_SEED").unwrap_or_else(rand::random)
}

/// A number from the environment.
fn setting<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}
