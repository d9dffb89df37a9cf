//! The card of a run: its figures on one glance, provider by provider, and on failure every finding.

use std::collections::BTreeMap;
use std::fmt;

use billpay::domain::provider::ProviderCode;

use super::audit::{Audit, Findings};
use super::books::Books;
use super::traffic::Receipts;
use super::world::World;

const MOST_FINDINGS_SHOWN: usize = 30;

/// The figures of a run.
pub(super) struct Card {
    title: String,
    seed: u64,
    kills: u32,
    answers: usize,
    turned_away: usize,
    retried: usize,
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
    pub(super) seed: u64,
    pub(super) kills: u32,
}

impl Card {
    /// Draws up the card.
    pub(super) fn draw(heading: Heading, world: &World, books: &Books, receipts: &Receipts) -> Self {
        Self {
            title: heading.title,
            seed: heading.seed,
            kills: heading.kills,
            answers: receipts.answers.len(),
            turned_away: receipts.answers.iter().filter(|receipt| receipt.id.is_none()).count(),
            retried: receipts.retried,
            lines: ProviderCode::ALL.map(|provider| (provider, Line::of(provider, books))).into(),
            audit: Audit::of(books, receipts),
            log_tail: world.log_tail(),
        }
    }

    /// Fails where anything was found.
    pub(super) fn assert_clean(&self) {
        let found: Vec<_> = self.audit.all().take(MOST_FINDINGS_SHOWN).map(String::as_str).collect();
        assert!(found.is_empty(), "{self}\n{}\n--- the servers' log ---\n{}", found.join("\n"), self.log_tail);
    }

    /// Fails where nothing at all was bought from one of these providers, which would prove nothing.
    pub(super) fn assert_busy(&self, providers: impl IntoIterator<Item = ProviderCode>) {
        for provider in providers {
            let bought = self.lines.get(&provider).map_or(0, |line| line.bought);
            assert!(bought > 0, "{self}\nnothing was bought from {provider}\n{}", self.log_tail);
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

    /// With one decimal.
    fn percent_in_review(&self) -> String {
        let per_mille = (self.reviews() * 1_000).checked_div(self.bought).unwrap_or_default();
        format!("{}.{} %", per_mille / 10, per_mille % 10)
    }

    fn reasons(&self) -> String {
        let reasons: Vec<_> = self.in_review.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        reasons.join(", ")
    }

    fn settle_time(&self, percent: usize) -> String {
        let place = (self.settle_times_ms.len() * percent).div_ceil(100).saturating_sub(1);
        self.settle_times_ms.get(place).map_or_else(|| "-".to_owned(), |time| format!("{time} ms"))
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
        writeln!(f, "== {} ==", self.title)?;
        writeln!(f, "  {} kills, seed {}", self.kills, self.seed)?;
        let (answers, turned_away, retried) = (self.answers, self.turned_away, self.retried);
        writeln!(f, "  {answers} answers, {turned_away} of them refusals; {retried} purchases asked for again")?;
        row(f, &COLUMNS)?;
        for (provider, findings) in &self.audit.by_provider {
            if let Some(line) = self.lines.get(provider) {
                row(f, &line.cells(*provider, findings))?;
            }
        }
        writeln!(f, "  other faults: {}", self.audit.other.len())
    }
}
