//! The table of the result: behaviours down, providers and stands across.

use std::collections::BTreeMap;
use std::fmt;

use billpay::domain::provider::ProviderCode;

use super::behaviour::Behaviour;
use super::bench::Stand;
use super::outcome::{Checked, Miss};
use super::subject;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/contract.md");

const HEAD: &str = "\
# The contract suite

Every adapter behaves alike where its provider allows it. This table is written by the test `contract` \
(`BILLPAY_TEST_BLESS=1` records it anew), which tries each behaviour with recorded answers, given by a server that can \
also misbehave, and with the provider's simulator.

A word in capitals is the capability that the provider lacks. *no scenario*: the simulator has no such scenario, or \
the behaviour can only be seen where requests are counted. *no key*: the provider recognises no repetition.

";

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub behaviour: Behaviour,
    /// Its place in [`subject::all`].
    pub subject: usize,
    pub stand: Stand,
}

/// All trials, and what came of each.
pub struct Table(BTreeMap<Cell, Checked>);

/// Every trial of the table.
pub fn cells() -> Vec<Cell> {
    let columns = columns();
    let row = |behaviour| columns.iter().map(move |&(subject, stand)| Cell { behaviour, subject, stand });
    Behaviour::ALL.into_iter().flat_map(row).collect()
}

impl FromIterator<(Cell, Checked)> for Table {
    fn from_iter<I: IntoIterator<Item = (Cell, Checked)>>(trials: I) -> Self {
        Self(trials.into_iter().collect())
    }
}

impl Table {
    /// Each behaviour that does not hold, on a line of its own.
    pub fn failures(&self) -> String {
        let failures = self.0.iter().filter_map(|(cell, checked)| match checked {
            Err(Miss::Failed(why)) => {
                Some(format!("{} {}: {}: {why}\n", code(cell.subject), cell.stand.name(), cell.behaviour.title()))
            }
            Ok(()) | Err(Miss::Skipped(_)) => None,
        });
        failures.collect()
    }

    /// Compares the table with the one in the docs.
    pub fn assert_recorded(&self) {
        let text = format!("{HEAD}{self}");
        if std::env::var_os("BILLPAY_TEST_BLESS").is_some() {
            std::fs::write(RECORDED, &text).expect("written");
        }
        let recorded = std::fs::read_to_string(RECORDED).unwrap_or_default();
        assert!(text == recorded, "docs/contract.md is stale: BILLPAY_TEST_BLESS=1 records it anew");
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = columns();
        let titles = columns.iter().map(|&(subject, stand)| format!("{}, {}", code(subject).name(), stand.name()));
        writeln!(f, "| behaviour | {} |", titles.collect::<Vec<_>>().join(" | "))?;
        writeln!(f, "| --- |{}", " --- |".repeat(columns.len()))?;
        for behaviour in Behaviour::ALL {
            let words = columns.iter().map(|&(subject, stand)| self.word(Cell { behaviour, subject, stand }));
            writeln!(f, "| {} | {} |", behaviour.title(), words.collect::<Vec<_>>().join(" | "))?;
        }
        Ok(())
    }
}

impl Table {
    fn word(&self, cell: Cell) -> &'static str {
        match self.0.get(&cell) {
            Some(Ok(())) => "yes",
            Some(Err(Miss::Skipped(what))) => what,
            Some(Err(Miss::Failed(_))) => "FAILED",
            None => "not tried",
        }
    }
}

fn columns() -> Vec<(usize, Stand)> {
    let stands = |subject| Stand::ALL.into_iter().map(move |stand| (subject, stand));
    (0..subject::all().len()).flat_map(stands).collect()
}

fn code(subject: usize) -> ProviderCode {
    subject::all()[subject].code()
}
