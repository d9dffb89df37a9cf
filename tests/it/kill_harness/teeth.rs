//! The teeth of the bench: each planted weakness is found by the checker, and a sound server gives it nothing to find.
//!
//! A weakness is planted into the servers by BILLPAY_WEAKNESS, which builds with debug assertions obey. Its plot is
//! played until the harm is found that it must do; how often that took is told. A run in which something else is found
//! and that harm is not fails the test: then the plot, or the checker, is not what it is taken for. FAULT=w3 plays one
//! alone.

use billpay::weakness::Weakness;

use super::audit::Harm;
use super::plot::Plot;
use super::seed;
use super::ware::Ware;
use super::world::named;
use crate::support::Db;

/// How often a plot is played before the weakness counts as not found.
const MOST_RUNS: u64 = 30;
/// How often it is played to a sound server.
const SOUND_RUNS: u64 = 3;
const MOST_CHARACTERS_SHOWN: usize = 120;

/// Money that moves and is never told of, at three providers.
const UNTOLD: &[(Ware, &str)] =
    &[(Ware::ClickPayment, "6666666"), (Ware::AlmaraPayment, "6666666"), (Ware::BillPayment, "13.06")];
/// News that comes again, late, or in the wrong order.
const STALE: &[(Ware, &str)] = &[
    (Ware::BillPayment, "13.27"),
    (Ware::BillPayment, "13.01"),
    (Ware::BillPayment, "13.26"),
    (Ware::AlmaraPayment, "1313131"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make teeth"]
async fn f38_every_planted_weakness_is_found() {
    let (mut rows, mut toothless) = (Vec::new(), Vec::new());
    for (weakness, db) in wanted() {
        let (name, plot) = (weakness.name(), plot_of(weakness));
        match bite(weakness, db, seed()).await {
            Bite::Found { run, finding } => {
                rows.push(format!("| {name} | {weakness:?} | {plot} | {db:?} | {run} | {finding} |"));
            }
            Bite::Strange { run, findings } => toothless.push(format!(
                "{name}, {weakness:?}, {db:?}: {:?} was expected of {plot}, and run {run} found {findings}",
                harms_of(weakness)
            )),
            Bite::Nothing => {
                toothless.push(format!("{name}, {weakness:?}, {db:?}: not found in {MOST_RUNS} runs of {plot}"));
            }
        }
    }
    println!(
        "| | weakness | plot | database | found in run | by |\n| --- | --- | --- | --- | --- | --- |\n{}",
        rows.join("\n")
    );
    assert!(toothless.is_empty(), "{}", toothless.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make teeth"]
async fn f38_the_same_plots_find_nothing_in_a_sound_server() {
    for (weakness, db) in wanted() {
        for run in 1..=SOUND_RUNS {
            let card = plot_of(weakness).play(db, seed().wrapping_add(run), Vec::new()).await;
            println!("{card}");
            card.assert_clean();
        }
    }
}

/// What shows it.
fn plot_of(weakness: Weakness) -> Plot {
    match weakness {
        Weakness::QuietTimeIsProof => Plot::VeryLateRequest(Ware::BillPayment),
        Weakness::NotFoundIsProof => Plot::LateRequest(Ware::BillPayment),
        Weakness::NoMark => Plot::Death,
        Weakness::TimeoutIsFailed => Plot::Answers(UNTOLD),
        Weakness::GivingUpIsFailed => Plot::LostWay,
        Weakness::NewKeyPerTry => Plot::LateRequest(Ware::AlmaraPayment),
        Weakness::KeyAgeIgnored => Plot::Oblivion,
        Weakness::NoFence => Plot::FrozenHolder,
        Weakness::LastWriterWins => Plot::Answers(STALE),
        Weakness::SequenceWithoutHead => Plot::Crowd,
        Weakness::NoDeadline => Plot::FrozenBeforeCall,
    }
}

/// What it must do, one of these at least.
const fn harms_of(weakness: Weakness) -> &'static [Harm] {
    match weakness {
        Weakness::QuietTimeIsProof | Weakness::NotFoundIsProof | Weakness::NoMark | Weakness::KeyAgeIgnored => {
            &[Harm::Double]
        }
        Weakness::NewKeyPerTry => &[Harm::Double, Harm::Lost],
        Weakness::TimeoutIsFailed | Weakness::GivingUpIsFailed | Weakness::NoDeadline => &[Harm::WrongFinal],
        Weakness::NoFence => &[Harm::Claim, Harm::Double],
        Weakness::LastWriterWins => &[Harm::Reopened, Harm::WrongFinal],
        Weakness::SequenceWithoutHead => &[Harm::Gap, Harm::Unheard, Harm::Webhook],
    }
}

/// What the runs of one weakness showed.
enum Bite {
    /// The harm that was expected, in this run.
    Found { run: u64, finding: String },
    /// Something else, and nothing of the kind.
    Strange { run: u64, findings: String },
    /// Nothing at all.
    Nothing,
}

/// All of them, or the one that FAULT names, on each database on which its plot can be played.
fn wanted() -> Vec<(Weakness, Db)> {
    let name = std::env::var("FAULT").ok().filter(|name| !name.is_empty());
    let is_wanted = |weakness: &Weakness| name.as_ref().is_none_or(|name| weakness.name() == name);
    let wanted: Vec<_> = Weakness::ALL.into_iter().filter(is_wanted).collect();
    assert!(!wanted.is_empty(), "FAULT={name:?} is no weakness");
    let on_each = |weakness| plot_of(weakness).databases().iter().map(move |db| (weakness, *db));
    wanted.into_iter().flat_map(on_each).collect()
}

/// Plays until something is found.
async fn bite(weakness: Weakness, db: Db, seed: u64) -> Bite {
    let planted = named([("WEAKNESS", weakness.name())]);
    for run in 1..=MOST_RUNS {
        let card = plot_of(weakness).play(db, seed.wrapping_add(run), planted.clone()).await;
        let findings: Vec<_> =
            card.findings().map(|(harm, finding)| (harm, format!("{harm:?}: {}", shortened(finding)))).collect();
        println!("{}, {db:?}, run {run}: {findings:?}", weakness.name());
        let expected = findings.iter().find(|(harm, _)| harms_of(weakness).contains(harm));
        if let Some((_, finding)) = expected {
            return Bite::Found { run, finding: finding.clone() };
        }
        if !findings.is_empty() {
            return Bite::Strange { run, findings: format!("{findings:?}") };
        }
    }
    Bite::Nothing
}

/// Enough to tell what it is, and nothing that would end a cell of the table.
fn shortened(finding: &str) -> String {
    finding
        .chars()
        .take(MOST_CHARACTERS_SHOWN)
        .map(|character| if character == '|' { '/' } else { character })
        .collect()
}
