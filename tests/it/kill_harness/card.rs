//! The card of a run: its figures on one glance, provider by provider, and on failure every finding.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use billpay::domain::provider::ProviderCode;

use super::audit::{Audit, Findings, Harm, Told, Trust};
use super::books::Books;
use super::fault::Fault;
use super::hooks::Delivered;
use super::sales::Sales;
use super::score::{Score, percentile, share};
use super::ware::Ware;
use super::watchers::Heard;
use super::wire::{Commit, Cuts};
use super::world::World;

const MOST_FINDINGS_SHOWN: usize = 30;

/// The figures of a run.
pub(super) struct Card {
    heading: Heading,
    /// Of the program that served.
    version: String,
    answers: usize,
    turned_away: usize,
    retried: usize,
    lost_answers: usize,
    stored_untold: usize,
    errors: Vec<String>,
    /// Answers that nothing was recorded.
    refusals: usize,
    heard: Heard,
    delivered: Delivered,
    sales: BTreeMap<Ware, Sales>,
    /// The commits that were cut, where there was a wire for it.
    cuts: Option<Cuts>,
    lines: BTreeMap<ProviderCode, Line>,
    audit: Audit,
    log_tail: String,
}

/// The figures of one provider: payments, or control numbers.
struct Line {
    bought: usize,
    in_review: BTreeMap<String, usize>,
    settle_times_ms: Vec<i64>,
}

/// What the card tells of a run beside what the books say.
pub(super) struct Heading {
    pub(super) title: String,
    pub(super) faults: &'static [Fault],
    pub(super) seed: u64,
    /// How often each fault struck.
    pub(super) strikes: BTreeMap<Fault, u32>,
    /// How long callers bought.
    pub(super) duration: Duration,
}

impl Card {
    /// Draws up the card.
    pub(super) fn draw(heading: Heading, world: &World, books: &Books, told: Told<'_>, trust: Trust) -> Self {
        let Told { receipts, heard, delivered } = told;
        Self {
            heading,
            version: world.version().to_owned(),
            answers: receipts.answers.len(),
            turned_away: receipts.answers.iter().filter(|receipt| receipt.id.is_none()).count(),
            retried: receipts.retried,
            lost_answers: receipts.lost_answers,
            stored_untold: receipts.stored_untold,
            errors: receipts.errors.clone(),
            refusals: receipts.refusals,
            heard: heard.clone(),
            delivered: delivered.clone(),
            sales: receipts.sales.clone(),
            cuts: world.commit_cuts(),
            lines: ProviderCode::ALL.map(|provider| (provider, Line::of(provider, books))).into(),
            audit: Audit::of(books, told, trust),
            log_tail: world.log_tail(),
        }
    }

    /// What was found, in sentences, each with what it tells of.
    pub(super) fn findings(&self) -> impl Iterator<Item = (Harm, &String)> {
        self.audit.all()
    }

    /// What the watchers heard.
    pub(super) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// What the receiver of webhooks heard.
    pub(super) fn delivered(&self) -> &Delivered {
        &self.delivered
    }

    /// Its row in the score card.
    pub(super) fn score(&self) -> Score {
        let findings = || self.audit.by_provider.values();
        let mut settle_times_ms: Vec<_> = self.lines.values().flat_map(|line| &line.settle_times_ms).copied().collect();
        settle_times_ms.sort_unstable();
        let rows: Vec<_> = self.heading.faults.iter().map(|fault| fault.rows()).collect();
        Score {
            rows: rows.join(", "),
            title: self.heading.title.clone(),
            seed: self.heading.seed,
            strikes: self.heading.strikes.values().sum(),
            bought: self.bought(),
            doubles: findings().map(|findings| findings.doubles.len()).sum(),
            lost: findings().map(|findings| findings.lost.len()).sum(),
            wrong_final: findings().map(|findings| findings.wrong_final.len()).sum(),
            open: findings().map(|findings| findings.open.len()).sum(),
            other: self.audit.other.len(),
            in_review: self.lines.values().map(Line::reviews).sum(),
            settle_times_ms,
        }
    }

    /// How many payments and control numbers there are.
    fn bought(&self) -> usize {
        self.lines.values().map(|line| line.bought).sum()
    }

    /// Fails where anything was found.
    pub(super) fn assert_clean(&self) {
        let found: Vec<_> = self.audit.all().take(MOST_FINDINGS_SHOWN).map(|(_, sentence)| sentence.as_str()).collect();
        assert!(found.is_empty(), "{self}\n{}\n--- the servers' log ---\n{}", found.join("\n"), self.log_tail);
    }

    /// Fails where nothing at all was bought from one of these providers, which would prove nothing.
    pub(super) fn assert_busy(&self, providers: impl IntoIterator<Item = ProviderCode>) {
        for provider in providers {
            let bought = self.lines.get(&provider).map_or(0, |line| line.bought);
            assert!(bought > 0, "{self}\nnothing was bought from {provider}\n{}", self.log_tail);
        }
    }

    /// For long runs: fails where commits were to be cut and those of new payments, or of their steps, were not; and where
    /// more than half of the wishes for one ware were refused, so that it was hardly bought.
    pub(super) fn assert_thorough(&self) {
        if let Some(cuts) = &self.cuts {
            for kind in [Commit::Create, Commit::Step, Commit::Other] {
                let count: u32 = cuts.iter().filter(|((commit, _), _)| *commit == kind).map(|(_, count)| count).sum();
                assert!(count > 0, "{self}\nno commit of the kind {kind:?} was cut: {cuts:?}");
            }
        }
        for (ware, sales) in &self.sales {
            let (all, refused) = (sales.made + sales.refusals() + sales.given_up, sales.refusals());
            assert!(refused * 2 <= all, "{self}\nof {all} wishes for {ware:?} {refused} were refused");
        }
    }

    /// How many payments through a provider, or control numbers of its, wait for a person.
    pub(super) fn in_review(&self, provider: ProviderCode) -> usize {
        self.lines.get(&provider).map_or(0, Line::reviews)
    }
}

impl Line {
    fn of(provider: ProviderCode, books: &Books) -> Self {
        Self {
            bought: books.bought(provider),
            in_review: books.in_review(provider),
            settle_times_ms: books.settle_times_ms(provider),
        }
    }

    fn reviews(&self) -> usize {
        self.in_review.values().sum()
    }

    fn percent_in_review(&self) -> String {
        share(self.reviews(), self.bought)
    }

    fn reasons(&self) -> String {
        let reasons: Vec<_> = self.in_review.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        reasons.join(", ")
    }

    fn settle_time(&self, percent: usize) -> String {
        percentile(&self.settle_times_ms, percent)
    }

    /// Its row, below [`COLUMNS`].
    fn cells(&self, provider: ProviderCode, findings: &Findings) -> [String; COLUMNS.len()] {
        [
            provider.name().to_owned(),
            self.bought.to_string(),
            findings.doubles.len().to_string(),
            findings.lost.len().to_string(),
            findings.wrong_final.len().to_string(),
            findings.open.len().to_string(),
            self.reviews().to_string(),
            self.percent_in_review(),
            self.settle_time(50),
            self.settle_time(99),
            self.reasons(),
        ]
    }
}

/// The head of the table of providers.
const COLUMNS: [&str; 11] = [
    "",
    "bought",
    "doubles",
    "lost",
    "wrong final",
    "open",
    "in review",
    "share",
    "settled, p50",
    "settled, p99",
    "why in review",
];

fn row<T: fmt::Display>(f: &mut fmt::Formatter<'_>, cells: &[T]) -> fmt::Result {
    f.write_str(" ")?;
    for (cell, name) in cells.iter().zip(COLUMNS) {
        let width = name.len().max(10);
        write!(f, " {cell:<width$}")?;
    }
    writeln!(f)
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Heading { title, faults: _, seed, strikes, duration } = &self.heading;
        writeln!(f, "== {title} ==")?;
        let strikes: Vec<_> = strikes.iter().map(|(fault, count)| format!("{fault} {count} times")).collect();
        writeln!(f, "  {}; {} s of buying; seed {seed}", strikes.join(", "), duration.as_secs())?;
        writeln!(f, "  {}; {} payments and control numbers", self.version, self.bought())?;
        let (answers, turned_away, retried) = (self.answers, self.turned_away, self.retried);
        write!(f, "  {answers} answers, {turned_away} of them refusals; {retried} purchases asked for again; ")?;
        let (lost, untold) = (self.lost_answers, self.stored_untold);
        write!(f, "{lost} answers lost ({untold} purchases stored behind one), {} of errors, ", self.errors.len())?;
        writeln!(f, "{} answers that nothing was recorded", self.refusals)?;
        writeln!(f, "  {:?}\n  {}", self.heard, self.delivered)?;
        for (ware, sales) in &self.sales {
            let Sales { made, refused, given_up } = sales;
            write!(f, "  {ware:?}: {made} bought, {} refused, {given_up} given up", sales.refusals())?;
            let reasons: Vec<_> = refused.iter().map(|(code, count)| format!("{code} {count}")).collect();
            writeln!(f, "{}{}", if reasons.is_empty() { "" } else { "; " }, reasons.join(", "))?;
        }
        for ((commit, cut), count) in self.cuts.iter().flatten() {
            writeln!(f, "  commits cut: {commit:?}, {cut:?}: {count}")?;
        }
        row(f, &COLUMNS)?;
        for (provider, findings) in &self.audit.by_provider {
            if let Some(line) = self.lines.get(provider) {
                row(f, &line.cells(*provider, findings))?;
            }
        }
        writeln!(f, "  other faults: {}", self.audit.other.len())
    }
}
