//! What is wrong, provider by provider, in sentences.

use std::collections::BTreeMap;

use billpay::domain::provider::ProviderCode;

use super::books::Books;
use super::hooks::Delivered;
use super::traffic::Receipts;
use super::watchers::Heard;
use super::{claims, journal, numbers, payments, recalls};

/// What was told to those who asked, to those who listened, and to the receiver of webhooks.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) receipts: &'a Receipts,
    pub(super) heard: &'a Heard,
    pub(super) delivered: &'a Delivered,
}

/// What is looked at besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trust {
    /// Whether the moments that different servers wrote down can be compared.
    pub(super) clocks_agree: bool,
    /// Whether no answer of errors can be excused.
    pub(super) nothing_broke: bool,
}

/// What kind of harm a finding tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Money that moved more often than once, or a key that made two things.
    Double,
    /// What is gone, or is known to nobody.
    Lost,
    /// A final state that is not true.
    WrongFinal,
    /// What is neither final nor a person's.
    Open,
    /// A claim that was used twice, or robbed.
    Claim,
    /// What was settled, and is open again.
    Reopened,
    /// The numbers of the log have gaps, or come twice.
    Gap,
    /// Watchers that were not told of an event.
    Unheard,
    /// Webhooks that were not sent, or otherwise than is promised.
    Webhook,
    /// The log, or what servers say of themselves, is wrong in another way.
    Journal,
    /// Callers that were told of errors, or nothing.
    Caller,
    /// Callers that were told that nothing was recorded, where something was.
    Denied,
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
    pub(super) other: Vec<(Harm, String)>,
}

impl Findings {
    /// All sentences, each with what it tells of.
    fn all(&self) -> impl Iterator<Item = (Harm, &String)> {
        let lists = [
            (Harm::Double, &self.doubles),
            (Harm::Lost, &self.lost),
            (Harm::WrongFinal, &self.wrong_final),
            (Harm::Open, &self.open),
        ];
        lists.into_iter().flat_map(|(harm, sentences)| sentences.iter().map(move |sentence| (harm, sentence)))
    }
}

impl Audit {
    /// Compares everything with everything.
    pub(super) fn of(books: &Books, told: Told<'_>, trust: Trust) -> Self {
        let Told { receipts, heard, delivered } = told;
        let of_provider = |provider| (provider, findings(provider, books, receipts));
        let mut other = journal::faults(books);
        let given_up = receipts.given_up.iter().map(|purchase| format!("never acknowledged: {purchase}"));
        other.extend(given_up.map(|sentence| (Harm::Caller, sentence)));
        other.extend(recalls::faults(books).into_iter().map(|sentence| (Harm::Journal, sentence)));
        other.extend(receipts.denied.iter().map(|sentence| (Harm::Denied, sentence.clone())));
        other.extend(heard.faults());
        other.extend(delivered.faults());
        if trust.clocks_agree {
            other.extend(claims::faults(&books.attempts).into_iter().map(|sentence| (Harm::Claim, sentence)));
        }
        if trust.nothing_broke {
            other.extend(unexcused(receipts).map(|sentence| (Harm::Caller, sentence)));
        }
        Self { by_provider: ProviderCode::ALL.map(of_provider).into(), other }
    }

    /// All sentences, each with what it tells of.
    pub(super) fn all(&self) -> impl Iterator<Item = (Harm, &String)> {
        let other = self.other.iter().map(|(harm, sentence)| (*harm, sentence));
        self.by_provider.values().flat_map(Findings::all).chain(other)
    }
}

/// Of so many answers one may be lost to a planned stop: a caller may take up a connection that has rested in the very
/// moment in which the server closes it. HTTP/1.1 knows no way around; the caller asks again with the same key.
const MOST_LOST_IN_ONE: usize = 100;

/// What callers may not be told where nothing broke: errors, and half an answer or none.
fn unexcused(receipts: &Receipts) -> impl Iterator<Item = String> {
    let errors = receipts.errors.iter().map(|error| format!("an error where nothing broke: {error}"));
    let is_too_often = receipts.lost_answers * MOST_LOST_IN_ONE > receipts.answers.len();
    let lost = is_too_often.then(|| {
        let (count, first) = (receipts.lost_answers, receipts.first_loss.as_deref().unwrap_or_default());
        format!("{count} answers were lost where nothing broke, such as: {first}")
    });
    errors.chain(lost)
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
