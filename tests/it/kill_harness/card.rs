//! The card of a run: its figures on one glance, and on failure every finding.

use std::collections::BTreeMap;
use std::fmt;

use super::books::{Books, Findings};
use super::traffic::Receipts;
use super::world::World;

const MOST_FINDINGS_SHOWN: usize = 30;

/// The figures of a run.
pub(super) struct Card {
    title: String,
    seed: u64,
    kills: u32,
    payments: usize,
    answers: usize,
    retried: usize,
    in_review: BTreeMap<String, usize>,
    settle_times_ms: Vec<i64>,
    findings: Findings,
    log_tail: String,
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
            payments: books.payments.len(),
            answers: receipts.acknowledged.len(),
            retried: receipts.retried,
            in_review: books.in_review(),
            settle_times_ms: books.settle_times_ms(),
            findings: books.audit(receipts),
            log_tail: world.log_tail(),
        }
    }

    /// Fails where anything was found.
    pub(super) fn assert_clean(&self) {
        let found: Vec<_> = self.findings.all().take(MOST_FINDINGS_SHOWN).map(String::as_str).collect();
        assert!(found.is_empty(), "{self}\n{}\n--- the servers' log ---\n{}", found.join("\n"), self.log_tail);
    }

    /// Fails where a run made no payments at all, which would prove nothing.
    pub(super) fn assert_busy(&self) {
        assert!(self.payments > 0 && self.answers > 0, "{self}\nnothing was paid\n{}", self.log_tail);
    }

    fn settle_time(&self, percent: usize) -> String {
        let place = (self.settle_times_ms.len() * percent).div_ceil(100).saturating_sub(1);
        self.settle_times_ms.get(place).map_or_else(|| "-".to_owned(), |time| format!("{time} ms"))
    }

    fn reviews(&self) -> String {
        let total: usize = self.in_review.values().sum();
        let reasons: Vec<_> = self.in_review.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        if reasons.is_empty() { total.to_string() } else { format!("{total} ({})", reasons.join(", ")) }
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acknowledged = format!("{} answers, {} purchases asked for again", self.answers, self.retried);
        let settle_time = format!("p50 {}, p99 {}", self.settle_time(50), self.settle_time(99));
        let findings = &self.findings;
        writeln!(f, "== {} ==", self.title)?;
        for (name, figure) in [
            ("kills", self.kills.to_string()),
            ("payments", self.payments.to_string()),
            ("acknowledged", acknowledged),
            ("doubles", findings.doubles.len().to_string()),
            ("lost", findings.lost.len().to_string()),
            ("wrong final", findings.wrong_final.len().to_string()),
            ("in review", self.reviews()),
            ("still open", findings.open.len().to_string()),
            ("other faults", findings.other.len().to_string()),
            ("settle time", settle_time),
            ("seed", self.seed.to_string()),
        ] {
            writeln!(f, "  {name:<13} {figure}")?;
        }
        Ok(())
    }
}
