//! The rules of payments, single ones and those of a bulk: rules 1 to 4 of the checker.

use std::collections::BTreeSet;

use billpay::domain::provider::ProviderCode;

use super::audit::Findings;
use super::books::{Books, IN_REVIEW};
use super::rows::{Allocation, PaymentRow};
use super::sandbox::{Effect, Ledger, named};

/// The statuses that are final.
const FINAL: [&str; 4] = ["SUCCEEDED", "FAILED", "CANCELLED", "REVERSED"];

/// The effect that a payment, or a part of it, is to have.
struct Wanted {
    /// What the ledger calls it.
    name: String,
    account: String,
    amount: String,
}

/// What is wrong with the payments through one provider.
pub(super) fn findings(provider: ProviderCode, books: &Books) -> Findings {
    let payments: Vec<_> = books.payments.iter().filter(|payment| payment.provider.code == provider).collect();
    let known: BTreeSet<String> =
        payments.iter().flat_map(|payment| wants(payment)).map(|wanted| wanted.name).collect();
    let mut findings = Findings {
        doubles: doubles(provider, &books.ledger),
        open: payments.iter().filter_map(|payment| open(payment)).collect(),
        wrong_final: payments.iter().filter_map(|payment| wrong_final(payment, &books.ledger)).collect(),
        lost: Vec::new(),
    };
    let unknown = books.ledger.of(provider).filter(|(name, _)| !known.contains(*name));
    findings.lost.extend(unknown.map(|(_, effects)| format!("no payment knows of {effects:?}")));
    if provider == ProviderCode::Bill {
        findings.wrong_final.extend(books.bulks.iter().filter_map(|bulk| torn(&bulk.id, books)));
    }
    findings
}

/// Whether a status is final.
pub(super) fn is_final(status: &str) -> bool {
    FINAL.contains(&status)
}

/// Rule 1: at most one effect under each name.
pub(super) fn doubles(provider: ProviderCode, ledger: &Ledger) -> Vec<String> {
    let repeated = ledger.of(provider).filter(|(_, effects)| effects.len() > 1);
    repeated.map(|(name, effects)| format!("{name} was paid {} times", effects.len())).collect()
}

/// The effects that a payment is to have, one for each bill that it pays.
fn wants(payment: &PaymentRow) -> Vec<Wanted> {
    let amount = payment.amount.amount.clone();
    let account = payment.account_reference.clone().unwrap_or_default();
    let reference = payment.our_reference.clone().unwrap_or_default();
    let is_in_bulk = payment.bulk_payment.is_some();
    match payment.provider.code {
        ProviderCode::Almara => vec![Wanted { name: reference, account, amount }],
        ProviderCode::Click => vec![Wanted { name: named(&account, &amount), account, amount }],
        ProviderCode::Bill if is_in_bulk => payment.allocations.iter().map(part_of_bulk).collect(),
        // BILL takes our reference in letters and digits only.
        ProviderCode::Bill => {
            payment.allocations.iter().map(|part| single(part, &reference.replace('-', ""))).collect()
        }
        ProviderCode::Clickpesa => Vec::new(),
    }
}

fn part_of_bulk(part: &Allocation) -> Wanted {
    let name = named(&bill_of(part), &part.amount.amount);
    single(part, &name)
}

fn single(part: &Allocation, name: &str) -> Wanted {
    Wanted { name: name.to_owned(), account: bill_of(part), amount: part.amount.amount.clone() }
}

fn bill_of(part: &Allocation) -> String {
    part.bill.as_ref().and_then(|bill| bill.provider_reference.clone()).unwrap_or_default()
}

/// Rule 3: final, or in review with a reason.
fn open(payment: &PaymentRow) -> Option<String> {
    let is_closed = is_final(&payment.status) || (payment.status == IN_REVIEW && payment.review.is_some());
    (!is_closed).then(|| format!("still open: {payment:?}"))
}

/// Rule 4: SUCCEEDED if and only if money moved for every part, as much as was wanted and to whom it was meant for;
/// FAILED and CANCELLED only if none did; REVERSED only if it had.
fn wrong_final(payment: &PaymentRow, ledger: &Ledger) -> Option<String> {
    let wanted = wants(payment);
    let found = |wanted: &Wanted| ledger.find(payment.provider.code, &wanted.name);
    let is_right = match payment.status.as_str() {
        "SUCCEEDED" | "REVERSED" => {
            !wanted.is_empty() && wanted.iter().all(|wanted| found(wanted).is_some_and(|effect| agrees(wanted, effect)))
        }
        "FAILED" | "CANCELLED" => wanted.iter().all(|wanted| found(wanted).is_none()),
        _ => true,
    };
    let effects: Vec<_> = wanted.iter().filter_map(found).collect();
    (!is_right).then(|| format!("{payment:?} contradicts {effects:?}"))
}

fn agrees(wanted: &Wanted, effect: &Effect) -> bool {
    wanted.account == effect.account && wanted.amount == effect.amount
}

/// A bulk of which a part was paid and a part was not.
fn torn(bulk: &str, books: &Books) -> Option<String> {
    let is_own = |payment: &&PaymentRow| payment.bulk_payment.as_ref().is_some_and(|own| own.id == bulk);
    let wanted: Vec<_> = books.payments.iter().filter(is_own).flat_map(wants).collect();
    let paid = wanted.iter().filter(|wanted| books.ledger.find(ProviderCode::Bill, &wanted.name).is_some()).count();
    let is_whole = paid == 0 || paid == wanted.len();
    (!is_whole).then(|| format!("of {bulk} {paid} of {} bills were paid", wanted.len()))
}
