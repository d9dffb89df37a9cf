//! The rules of control numbers and of the money that comes in for them: rules 1 to 4 of the checker.

use std::collections::{BTreeMap, BTreeSet};

use billpay::domain::provider::ProviderCode;

use super::audit::Findings;
use super::books::{Books, IN_REVIEW};
use super::payments::doubles;
use super::rows::{CollectionRow, NumberRow, hundredths};
use super::sandbox::{Effect, Ledger};

const PROVIDER: ProviderCode = ProviderCode::Clickpesa;
/// The statuses of a number that was made.
const ISSUED: [&str; 5] = ["ACTIVE", "INACTIVE", "PARTIALLY_PAID", "PAID", "OVERPAID"];
const FAILED: &str = "FAILED";
/// The statuses of money that has come, given back or not.
const COME: [&str; 4] = ["RECEIVED", "SETTLED", "REFUNDED", "REVERSED"];
/// The statuses of money that was not given back.
const HELD: [&str; 2] = ["RECEIVED", "SETTLED"];

/// What is wrong with the control numbers and the money that came in.
pub(super) fn findings(books: &Books) -> Findings {
    let mut findings = Findings {
        doubles: doubles(PROVIDER, &books.ledger),
        lost: lost(books),
        open: books.numbers.iter().filter_map(open).collect(),
        wrong_final: books.numbers.iter().filter_map(|number| wrong_final(number, books)).collect(),
    };
    let made = books.made_numbers.iter().map(|made| made.bill_pay_number.as_str());
    let kept = books.numbers.iter().filter_map(|number| number.number.as_deref());
    let heard = books.collections.iter().map(|collection| collection.provider_reference.as_str());
    findings.doubles.extend(repeated(made).map(|number| format!("the control number {number} was made twice")));
    findings.doubles.extend(repeated(kept).map(|number| format!("{number} stands in several control numbers")));
    findings.doubles.extend(repeated(heard).map(|payment| format!("{payment} is more than one collection")));
    let odd = books.collections.iter().filter_map(|collection| wrong_collection(collection, &books.ledger));
    findings.wrong_final.extend(odd);
    findings
}

/// Whether it is known of a number in this status whether it was made.
pub(super) fn is_settled(status: &str) -> bool {
    status == FAILED || ISSUED.contains(&status)
}

/// Whether all money that came in is known to have come.
pub(super) fn knows_all(ledger: &Ledger, collections: &[CollectionRow]) -> bool {
    let come = collections.iter().filter(|collection| COME.contains(&collection.status.as_str()));
    let come: BTreeSet<_> = come.map(|collection| collection.provider_reference.as_str()).collect();
    ledger.of(PROVIDER).all(|(payment, _)| come.contains(payment))
}

/// Rule 2: every number at the provider is one of ours, and all money that came in is a collection.
fn lost(books: &Books) -> Vec<String> {
    let references: BTreeSet<_> = books.numbers.iter().map(|number| number.reference.as_str()).collect();
    let stray = books.made_numbers.iter().filter(|made| !references.contains(made.bill_pay_number.as_str()));
    let heard: BTreeSet<_> = books.collections.iter().map(|heard| heard.provider_reference.as_str()).collect();
    let unheard = books.ledger.of(PROVIDER).filter(|&(payment, _)| !heard.contains(payment));
    let stray = stray.map(|made| format!("no control number of ours is {made:?}"));
    stray.chain(unheard.map(|(_, effects)| format!("no collection tells of {effects:?}"))).collect()
}

/// Rule 3: made or not made, or in review with a reason.
fn open(number: &NumberRow) -> Option<String> {
    let is_closed = is_settled(&number.status) || (number.status == IN_REVIEW && number.review.is_some());
    (!is_closed).then(|| format!("still open: {number:?}"))
}

/// Rule 4: one that was made exists at the provider and counts what came in for it; one that FAILED does not exist.
fn wrong_final(number: &NumberRow, books: &Books) -> Option<String> {
    let exists = |wanted: &str| books.made_numbers.iter().any(|made| made.bill_pay_number == wanted);
    let is_right = if ISSUED.contains(&number.status.as_str()) {
        number.number.as_deref().is_some_and(exists) && number.amount_received.hundredths() == received(number, books)
    } else {
        number.status != FAILED || !exists(&number.reference)
    };
    (!is_right).then(|| format!("{number:?} contradicts the sandbox"))
}

/// What came in for a number, by the ledger, less what was given back.
fn received(number: &NumberRow, books: &Books) -> u64 {
    let is_held = |payment: &str| {
        let mut of_payment = books.collections.iter().filter(|heard| heard.provider_reference == payment);
        of_payment.any(|heard| HELD.contains(&heard.status.as_str()))
    };
    let effects = books.ledger.of(PROVIDER).filter(|&(payment, _)| is_held(payment)).flat_map(|(_, effects)| effects);
    let own = effects.filter(|effect| Some(&effect.account) == number.number.as_ref());
    own.map(|effect| hundredths(&effect.amount)).sum()
}

/// Rule 4 for money: what has come by our books came by the ledger, as much and for that number, and the other way
/// round.
fn wrong_collection(collection: &CollectionRow, ledger: &Ledger) -> Option<String> {
    let effect = ledger.find(PROVIDER, &collection.provider_reference);
    let is_right = match (COME.contains(&collection.status.as_str()), effect) {
        (true, Some(effect)) => agrees(collection, effect),
        (false, None) => true,
        (true, None) | (false, Some(_)) => false,
    };
    (!is_right).then(|| format!("{collection:?} contradicts {effect:?}"))
}

fn agrees(collection: &CollectionRow, effect: &Effect) -> bool {
    collection.number == effect.account && collection.amount.amount == effect.amount
}

/// The names that are there more than once.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().filter(|(_, times)| *times > 1).map(|(name, _)| name)
}
