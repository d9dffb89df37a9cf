//! What is wrong, provider by provider, in sentences.

use std::collections::BTreeMap;

use billpay::domain::provider::ProviderCode;

use super::books::Books;
use super::traffic::Receipts;
use super::watchers::Heard;
use super::{claims, journal, numbers, payments};

/// What is looked at besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trust {
    /// Whether the moments that different servers wrote down can be compared.
    pub(super) clocks_agree: bool,
    /// Whether no answer of errors can be excused.
    pub(super) nothing_broke: bool,
}

/// What is wrong with what was bought from one provider. All lists of a good run are empty.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Money that moved more often than once, and keys that made more than one thing.
    pub(super) doubles: Vec<String>,
    /// What was acknowledged and is gone, and money or control numbers that nobody knows of.
    pub(super) lost: Vec<String>,
    /// Final states that the sandbox contradicts.
    pub(super) wrong_final: Vec<String>,
    /// What is neither final nor in review with a reason.
    pub(super) open: Vec<String>,
}

/// All findings of a run.
#[derive(Debug)]
pub(super) struct Audit {
    pub(super) by_provider: BTreeMap<ProviderCode, Findings>,
    /// What belongs to no provider: the log, the metric, callers that were never told.
    pub(super) other: Vec<String>,
}

impl Findings {
    /// All sentences.
    fn all(&self) -> impl Iterator<Item = &String> {
        [&self.doubles, &self.lost, &self.wrong_final, &self.open].into_iter().flatten()
    }
}

impl Audit {
    /// Compares everything with everything.
    pub(super) fn of(books: &Books, (receipts, heard): (&Receipts, &Heard), trust: Trust) -> Self {
        let of_provider = |provider| (provider, findings(provider, books, receipts));
        let mut other = journal::faults(books);
        other.extend(receipts.given_up.iter().map(|purchase| format!("never acknowledged: {purchase}")));
        other.extend(heard.faults());
        if trust.clocks_agree {
            other.extend(claims::faults(&books.attempts));
        }
        if trust.nothing_broke {
            other.extend(receipts.errors.iter().map(|error| format!("an error where nothing broke: {error}")));
        }
        Self { by_provider: ProviderCode::ALL.map(of_provider).into(), other }
    }

    /// All sentences.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.by_provider.values().flat_map(Findings::all).chain(&self.other)
    }
}

fn findings(provider: ProviderCode, books: &Books, receipts: &Receipts) -> Findings {
    let mut findings = match provider {
        ProviderCode::Click | ProviderCode::Almara | ProviderCode::Bill => payments::findings(provider, books),
        ProviderCode::Clickpesa => numbers::findings(books),
    };
    let made = books.made();
    for (key, ids) in made.iter().filter(|(_, ids)| ids.len() > 1) {
        if ids.iter().any(|made| made.provider == provider) {
            findings.doubles.push(format!("key {key} made {ids:?}"));
        }
    }
    for receipt in receipts.answers.iter().filter(|receipt| receipt.provider == provider) {
        let (key, ids) = (&receipt.key, made.get(receipt.key.as_str()));
        let is_made = |id: &String| ids.is_some_and(|ids| ids.iter().any(|made| made.id == id));
        match &receipt.id {
            Some(id) if !is_made(id) => {
                findings.lost.push(format!("{id}, acknowledged for key {key}, is not in the database"));
            }
            None if ids.is_some() => findings.lost.push(format!("key {key} was turned away, and made {ids:?}")),
            Some(_) | None => {}
        }
    }
    findings
}
