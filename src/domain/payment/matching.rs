//! Matching: which of a provider's answers speak of which payment of a submission.
//!
//! A provider may group bills otherwise than we did: it may pay in one what we asked for as two, or in two what we
//! asked for as one. So answers are matched bill by bill, and a payment stands as the least settled of its parts.

use super::evidence::Verdict;
use crate::domain::money::Money;

/// One bill that a payment was to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPart {
    /// What the provider calls the bill; none where the provider makes it, or lists none.
    pub bill_reference: Option<String>,
    /// How much of the payment.
    pub amount: Money,
}

/// One bill that a provider says it pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldPart {
    /// What it calls the bill.
    pub bill_reference: String,
    /// How much.
    pub amount: Money,
}

/// What answers say of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matched {
    /// The only answer stands for it as a whole.
    Whole,
    /// Part by part, in the order of the payment's own: the place of the answer, and whether its amount is another.
    Parts(Vec<PartMatch>),
    /// One of its bills is in no answer.
    Nowhere,
}

/// What was told of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartMatch {
    /// The place of the answer.
    pub answer: usize,
    /// How much it says.
    pub amount: Money,
    /// Whether that is what was asked.
    pub agrees: bool,
}

/// Matches the payments of a submission, each by its parts, with a provider's answers, each by the bills it names.
pub fn match_bills(wanted: &[Vec<WantedPart>], told: &[Vec<ToldPart>]) -> Vec<Matched> {
    wanted.iter().map(|parts| match_one(parts, wanted.len(), told)).collect()
}

/// Whether answers name every bill that was to be paid, once each, and no other. What was wanted without a bill, since the
/// provider makes it, cannot be compared.
pub fn bills_agree(wanted: &[Vec<WantedPart>], told: &[Vec<ToldPart>]) -> bool {
    let named: Option<Vec<&str>> = wanted.iter().flatten().map(|part| part.bill_reference.as_deref()).collect();
    let Some(mut named) = named else { return true };
    let mut told: Vec<&str> = told.iter().flatten().map(|part| part.bill_reference.as_str()).collect();
    named.sort_unstable();
    told.sort_unstable();
    named == told
}

fn match_one(wanted: &[WantedPart], payments: usize, told: &[Vec<ToldPart>]) -> Matched {
    let names_no_bill = wanted.iter().all(|part| part.bill_reference.is_none());
    if let [only] = told
        && payments == 1
        && (only.is_empty() || names_no_bill)
    {
        return Matched::Whole;
    }
    let parts: Option<Vec<PartMatch>> = wanted.iter().map(|part| find(part, told)).collect();
    match parts {
        Some(parts) if !parts.is_empty() => Matched::Parts(parts),
        Some(_) | None => Matched::Nowhere,
    }
}

fn find(wanted: &WantedPart, told: &[Vec<ToldPart>]) -> Option<PartMatch> {
    let bill = wanted.bill_reference.as_deref()?;
    let mut found = told.iter().enumerate().flat_map(|(answer, parts)| parts.iter().map(move |part| (answer, part)));
    let (answer, part) = found.find(|(_, part)| part.bill_reference == bill)?;
    Some(PartMatch { answer, amount: part.amount, agrees: part.amount == wanted.amount })
}

/// What is to be said of a payment of which the parts are told differently: what needs a person first, then what is
/// still open, and only what all agree on as settled.
pub fn combine(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let verdicts: Vec<Verdict> = verdicts.into_iter().collect();
    let has = |verdict| verdicts.contains(&verdict);
    let Some(&first) = verdicts.first() else { return Verdict::Unclear };
    if verdicts.iter().all(|verdict| *verdict == first) {
        return first;
    }
    for alarm in [Verdict::Mismatch, Verdict::FundingFailed, Verdict::DisbursementFailed] {
        if has(alarm) {
            return alarm;
        }
    }
    if has(Verdict::Unclear) || has(Verdict::NotFound) || has(Verdict::NotSent) {
        return if has(Verdict::Accepted) { Verdict::Accepted } else { Verdict::Unclear };
    }
    if has(Verdict::Accepted) { Verdict::Accepted } else { Verdict::Mismatch }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::CurrencyCode;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor, CurrencyCode::KES)
    }

    fn wanted(parts: &[(&str, i64)]) -> Vec<WantedPart> {
        let part = |&(bill, minor): &(&str, i64)| WantedPart {
            bill_reference: (!bill.is_empty()).then(|| bill.to_owned()),
            amount: money(minor),
        };
        parts.iter().map(part).collect()
    }

    fn told(parts: &[(&str, i64)]) -> Vec<ToldPart> {
        let part = |&(bill, minor): &(&str, i64)| ToldPart { bill_reference: bill.to_owned(), amount: money(minor) };
        parts.iter().map(part).collect()
    }

    fn part(answer: usize, minor: i64, agrees: bool) -> PartMatch {
        PartMatch { answer, amount: money(minor), agrees }
    }

    #[test]
    fn one_answer_without_bills_stands_for_the_only_payment() {
        assert_eq!(match_bills(&[wanted(&[("a", 1)])], &[told(&[])]), [Matched::Whole]);
        let two = [wanted(&[("a", 1)]), wanted(&[("b", 2)])];
        assert_eq!(match_bills(&two, &[told(&[])]), [Matched::Nowhere, Matched::Nowhere]);
        let new_bill = [wanted(&[("", 5)])];
        assert_eq!(match_bills(&new_bill, &[told(&[("made", 5)])]), [Matched::Whole]);
    }

    #[test]
    fn answers_may_be_grouped_otherwise() {
        let combined = [wanted(&[("a", 1), ("b", 2)])];
        let apart = match_bills(&combined, &[told(&[("b", 2)]), told(&[("a", 1)])]);
        assert_eq!(apart, [Matched::Parts(vec![part(1, 1, true), part(0, 2, true)])]);
        let two = [wanted(&[("a", 1)]), wanted(&[("b", 2)])];
        let together = match_bills(&two, &[told(&[("a", 1), ("b", 3)])]);
        assert_eq!(together, [Matched::Parts(vec![part(0, 1, true)]), Matched::Parts(vec![part(0, 3, false)])]);
    }

    #[test]
    fn a_bill_that_is_in_no_answer_is_nowhere() {
        let payments = [wanted(&[("a", 1)]), wanted(&[("b", 2)])];
        let found = match_bills(&payments, &[told(&[("a", 1)]), told(&[("c", 2)])]);
        assert_eq!(found, [Matched::Parts(vec![part(0, 1, true)]), Matched::Nowhere]);
        assert_eq!(match_bills(&[wanted(&[("", 1)])], &[]), [Matched::Nowhere]);
    }

    #[test]
    fn every_bill_is_told_once_and_no_other() {
        let two = [wanted(&[("a", 1)]), wanted(&[("b", 2)])];
        assert!(bills_agree(&two, &[told(&[("b", 2), ("a", 1)])]));
        for bad in
            [vec![told(&[("a", 1)])], vec![told(&[("a", 1), ("b", 2), ("c", 3)])], vec![told(&[("a", 1), ("a", 1)])]]
        {
            assert!(!bills_agree(&two, &bad), "{bad:?}");
        }
        assert!(bills_agree(&[wanted(&[("", 1)])], &[told(&[("made", 1)])]));
    }

    #[test]
    fn parts_settle_only_together() {
        assert_eq!(combine([Verdict::Succeeded, Verdict::Succeeded]), Verdict::Succeeded);
        assert_eq!(combine([Verdict::Succeeded, Verdict::Accepted]), Verdict::Accepted);
        assert_eq!(combine([Verdict::Succeeded, Verdict::Unclear]), Verdict::Unclear);
        assert_eq!(combine([Verdict::Succeeded, Verdict::Cancelled]), Verdict::Mismatch);
        assert_eq!(combine([Verdict::Succeeded, Verdict::DisbursementFailed]), Verdict::DisbursementFailed);
        assert_eq!(combine([]), Verdict::Unclear);
    }
}
