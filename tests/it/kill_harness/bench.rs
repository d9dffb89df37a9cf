//! The fault bench: a campaign for each fault, and the score card of all of them, for docs/reliability.md.
//!
//! FAULT names one alone; KILLS (1,000), PAYMENTS (20,000) and STRIKES, for the faults that are no kills, say how long
//! it goes on. BILLPAY_BIN names a release build, which is much faster where servers share their cores with the rest.
//! Only builds with debug assertions let their clocks be moved and simulate a provider of class B, so `clock-step` and
//! CLASS=B, which has Almara be one in every campaign, fail with another. Without CLASS the kills come in three
//! campaigns, of which the last has it so, where BILLPAY_BIN names no other build.

use billpay::domain::provider::ProviderCode;

use super::campaign::Campaign;
use super::fault::Fault;
use super::score::HEAD;
use super::ware::Ware;
use super::{seed, setting};
use crate::support::Db;

const KILLS: u32 = 1_000;
const PAYMENTS: usize = 20_000;
const EVENTS: u64 = 100_000;
const RECONNECTS: u64 = 1_000;
/// Of ten kills on PostgreSQL so many come on SQLite too.
const SQLITE_KILLS_OF_TEN: u32 = 3;
/// And so many where Almara is of class B.
const CLASS_B_KILLS_OF_TEN: u32 = 3;
const SERVERS: usize = 3;
/// The class of provider that none of the four is.
const CLASS_B: &str = "B";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes more than an hour: make faults"]
async fn faults_are_all_survived() {
    let wanted: Option<Fault> = setting("FAULT");
    let faults = Fault::ALL.into_iter().filter(|fault| wanted.is_none_or(|wanted| wanted == *fault));
    let mut cards = Vec::new();
    for campaign in faults.flat_map(campaigns) {
        let card = campaign.run().await;
        println!("{card}\n{HEAD}\n{}\n", card.score());
        cards.push(card);
    }
    let scores: Vec<_> = cards.iter().map(|card| card.score().to_string()).collect();
    println!("{HEAD}\n{}", scores.join("\n"));
    for card in &cards {
        card.assert_busy(ProviderCode::ALL);
        card.assert_clean();
        card.assert_thorough();
    }
}

/// Many come back again and again, to any of three servers, and each hears the whole log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes: make faults"]
async fn f24_who_comes_back_a_thousand_times_misses_nothing() {
    let events = setting("EVENTS").unwrap_or(EVENTS);
    // A payment has four events; one that is refused has three.
    let purchases = usize::try_from(events / 3).expect("a number of purchases");
    let campaign =
        Campaign { callers: 32, wares: &[Ware::AlmaraPayment], watchers: 12, purchases, ..base(Fault::Nothing) };
    let card = campaign.run().await;
    let heard = card.heard();
    println!("{card}\n| F24 | reconnects | events | missing | out of order |\n| --- | --- | --- | --- | --- |");
    println!("| | {} | {} | {} | {} |", heard.connections, heard.events, heard.missing, heard.out_of_order);
    assert!(heard.connections >= RECONNECTS.min(events / 100), "{heard:?}");
    assert!(heard.events >= events * heard.watchers as u64, "{heard:?}");
    card.assert_clean();
}

/// Several faults in turns, for every test run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_in_turns_short_postgres() {
    let faults = &[Fault::CutDatabase, Fault::ResetProvider, Fault::Kill, Fault::CutProvider, Fault::DelayProvider];
    short(Campaign { faults, strikes: 10, ..base(Fault::Kill) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_freeze_short_postgres() {
    short(Campaign { strikes: 1, ..base(Fault::Freeze) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_stop_postgres_short() {
    short(Campaign { strikes: 2, servers: 1, ..base(Fault::StopPostgres) }).await;
}

/// Of a provider that recognises a repetition and can be asked nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "a release build simulates no other class")]
async fn faults_class_b_short_postgres() {
    let faults = &[Fault::Kill, Fault::ResetProvider];
    short(Campaign { faults, class_b: true, wares: &[Ware::AlmaraPayment], strikes: 8, ..base(Fault::Kill) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f31_a_rolling_restart_is_no_error_to_callers() {
    short(Campaign { strikes: 4, ..base(Fault::Restart) }).await;
}

async fn short(campaign: Campaign) {
    let card =
        Campaign { servers: campaign.servers.min(2), callers: 6, watchers: 2, purchases: 0, ..campaign }.run().await;
    println!("{card}");
    card.assert_clean();
}

/// The runs that a fault is made in.
fn campaigns(fault: Fault) -> Vec<Campaign> {
    let strikes = |usual| setting("STRIKES").unwrap_or(usual);
    let usual = base(fault);
    match fault {
        Fault::Nothing => vec![Campaign { strikes: strikes(200), ..usual }],
        Fault::Kill => {
            let kills = setting("KILLS").unwrap_or(KILLS);
            let purchases = setting("PAYMENTS").unwrap_or(PAYMENTS);
            let sqlite = Campaign::of_kills(Db::Sqlite, kills * SQLITE_KILLS_OF_TEN / 10, seed());
            let sqlite = Campaign { callers: 12, wares: &Ware::MANY, ..sqlite };
            let of_class_b = Campaign { class_b: true, strikes: kills * CLASS_B_KILLS_OF_TEN / 10, ..base(fault) };
            let many = Campaign { callers: 24, watchers: 6, strikes: kills, purchases, ..usual };
            let sqlite = Campaign { class_b: wants_class_b(), ..sqlite };
            let adds_class_b = simulates_classes() && !wants_class_b();
            [many, sqlite].into_iter().chain(adds_class_b.then_some(of_class_b)).collect()
        }
        Fault::Restart => vec![Campaign { strikes: strikes(60), ..usual }],
        Fault::Freeze => vec![Campaign { strikes: strikes(20), ..usual }],
        Fault::CutProvider | Fault::DelayProvider | Fault::ResetProvider => {
            vec![Campaign { strikes: strikes(100), ..usual }]
        }
        Fault::CutDatabase => vec![Campaign { strikes: strikes(500), ..usual }],
        Fault::StopPostgres => vec![Campaign { strikes: strikes(100), ..usual }],
        Fault::ClockStep => vec![Campaign { strikes: strikes(18), ..usual }],
    }
}

/// Three servers on PostgreSQL.
fn base(fault: Fault) -> Campaign {
    Campaign {
        faults: fault.alone(),
        db: Db::Postgres,
        servers: SERVERS,
        callers: 12,
        wares: &Ware::MANY,
        watchers: 3,
        strikes: 0,
        purchases: 0,
        seed: seed(),
        class_b: wants_class_b(),
        settings: Vec::new(),
    }
}

/// Whether CLASS names the one class that is simulated.
fn wants_class_b() -> bool {
    let class: Option<String> = setting("CLASS");
    assert!(class.as_deref().is_none_or(|class| class == CLASS_B), "CLASS={class:?}: only {CLASS_B} is simulated");
    class.is_some()
}

/// Whether the servers do what only a build with debug assertions does.
fn simulates_classes() -> bool {
    cfg!(debug_assertions) && std::env::var_os("BILLPAY_BIN").is_none_or(|path| path.is_empty())
}
