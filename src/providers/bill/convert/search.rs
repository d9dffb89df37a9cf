//! Finding a submission in the list of payments.
//!
//! A single payment carries our reference. A bulk does not: its payments are those that pay exactly its bills, were
//! made since it was sent and were not sent one by one. Where that leaves a doubt, nothing is said.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::payment::{Terms, is_of_reference, standing};
use super::{is_plain, money, our_reference, request};
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::evidence::Verdict;
use crate::ports::provider::{PaymentAnswer, ProviderError, StatusQuery};
use crate::providers::bill::wire::Payment;
use crate::providers::http::trouble;

/// How far BILL's clock may be behind ours.
const CLOCK_MARGIN: Duration = Duration::from_secs(600);

/// The conditions that leave out what cannot be searched for: what is processed before the day on which it was sent,
/// and other vendors' payments. A day is left for the calendars.
pub(in crate::providers::bill) fn filters(query: &StatusQuery) -> Option<String> {
    let since = query.first_sent_at.map(|at| day_before(request::today(at)));
    let since = since.map(|day| format!("processDate:gte:{day}"));
    let vendor = only_vendor(query).map(|vendor| format!("vendorId:eq:{vendor}"));
    let conditions: Vec<_> = vendor.into_iter().chain(since).collect();
    (!conditions.is_empty()).then(|| conditions.join(","))
}

/// Whether a list holds the single payment that is searched for.
pub(in crate::providers::bill) fn holds_single(listed: &[Payment], query: &StatusQuery) -> bool {
    !query.bulk && listed.iter().any(|payment| is_of_reference(payment, &query.our_reference))
}

/// What a list says, that was read to its end or until the payment was found.
pub(in crate::providers::bill) fn found(
    listed: Vec<Payment>,
    query: &StatusQuery,
    dollars: CurrencyCode,
) -> Result<Vec<PaymentAnswer>, ProviderError> {
    let listed = distinct(listed);
    let of_ours = if query.bulk {
        of_bulk(listed, query)?
    } else {
        listed.into_iter().filter(|payment| is_of_reference(payment, &query.our_reference)).collect()
    };
    if of_ours.is_empty() {
        return Ok(vec![PaymentAnswer { verdict: Some(Verdict::NotFound), ..PaymentAnswer::default() }]);
    }
    if !query.bulk && of_ours.len() > 1 {
        return Err(ProviderError::Unknown(trouble("more than one payment has our reference")));
    }
    let read = |payment: Payment| {
        let terms = Terms { currency: currency_of(&payment, query), dollars, http_status: None };
        let answer = standing(payment, terms);
        // What bears no reference of ours may be another's, made before or beside this one: that it was stopped is no
        // proof that this one was.
        let verdict = answer.verdict.filter(|verdict| !query.bulk || !stopped(*verdict));
        PaymentAnswer { verdict: verdict.or(Some(Verdict::Unclear)), ..answer }
    };
    Ok(of_ours.into_iter().map(read).collect())
}

/// The vendor's currency, which only what was asked for tells.
pub(in crate::providers::bill) fn currency_of(payment: &Payment, query: &StatusQuery) -> Option<CurrencyCode> {
    let of_vendor =
        query.payments.iter().find(|asked| payment.vendor_id.as_deref() == Some(asked.biller_code.as_str()));
    let first = query.payments.first()?;
    match of_vendor {
        Some(asked) => Some(asked.amount.currency()),
        None => {
            let is_only = query.payments.iter().all(|asked| asked.amount.currency() == first.amount.currency());
            is_only.then(|| first.amount.currency())
        }
    }
}

/// A list may show a payment twice while it grows.
fn distinct(listed: Vec<Payment>) -> Vec<Payment> {
    let mut seen = HashSet::new();
    listed.into_iter().filter(|payment| is_plain(&payment.id) && seen.insert(payment.id.clone())).collect()
}

fn of_bulk(listed: Vec<Payment>, query: &StatusQuery) -> Result<Vec<Payment>, ProviderError> {
    let parts = query.payments.iter().flat_map(|payment| &payment.bills);
    let asked: HashMap<&str, Money> = parts.map(|part| (part.bill_reference.as_str(), part.amount)).collect();
    let since = query.first_sent_at.and_then(|at| at.saturating_sub(CLOCK_MARGIN).ok());
    let could_be = |payment: &Payment| {
        let is_single_of_ours = payment.transaction_number.as_deref().and_then(our_reference).is_some();
        !is_single_of_ours && !is_older(payment, since) && pays_only(payment, &asked)
    };
    let candidates: Vec<Payment> = listed.into_iter().filter(could_be).collect();
    let paid: Vec<&str> = candidates.iter().flat_map(bills).map(|(bill, _)| bill).collect();
    let distinct: HashSet<&str> = paid.iter().copied().collect();
    if distinct.len() < paid.len() {
        return Err(ProviderError::Unknown(trouble("more than one payment could be of this bulk")));
    }
    // A bulk is made as a whole or not at all, so the rest must be on its way into the list.
    if !paid.is_empty() && distinct.len() < asked.len() {
        return Err(ProviderError::Unknown(trouble("only a part of the bulk is found")));
    }
    Ok(candidates)
}

const fn stopped(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Cancelled | Verdict::Declined | Verdict::Reversed)
}

/// Whether a payment was certainly made before the bulk was sent.
fn is_older(payment: &Payment, since: Option<Timestamp>) -> bool {
    let made = payment.created_time.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    made.zip(since).is_some_and(|(made, since)| made < since)
}

fn pays_only(payment: &Payment, asked: &HashMap<&str, Money>) -> bool {
    let is_asked = |(bill, told): (&str, Option<&serde_json::Number>)| {
        asked.get(bill).is_some_and(|asked| money(told, asked.currency()) == Some(*asked))
    };
    bills(payment).next().is_some() && bills(payment).all(is_asked)
}

/// The bills of a payment, with their parts as told.
fn bills(payment: &Payment) -> impl Iterator<Item = (&str, Option<&serde_json::Number>)> {
    let parts = payment.bill_payments.as_deref().unwrap_or_default();
    let whole = payment.bill_id.as_deref().filter(|_| parts.is_empty());
    let whole = whole.map(|bill| (bill, payment.amount.as_ref()));
    parts.iter().map(|part| (part.bill_id.as_str(), Some(&part.amount))).chain(whole)
}

fn only_vendor(query: &StatusQuery) -> Option<&str> {
    let first = query.payments.first().map(|payment| payment.biller_code.as_str()).filter(|code| is_plain(code))?;
    query.payments.iter().all(|payment| payment.biller_code == first).then_some(first)
}

fn day_before(day: Date) -> Date {
    day.saturating_sub(1.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::provider::{BillPart, ExpectedPayment};
    use crate::providers::bill::fixture::{self, OURS, cents};
    use crate::providers::json;

    fn expected(vendor: &str, bills: &[(&str, i64)]) -> ExpectedPayment {
        let part = |&(bill, minor): &(&str, i64)| BillPart {
            bill_reference: bill.to_owned(),
            amount: cents(minor),
            reference: None,
        };
        let bills: Vec<_> = bills.iter().map(part).collect();
        let sum = bills.iter().map(|part| part.amount.minor()).sum();
        ExpectedPayment { biller_code: vendor.to_owned(), amount: cents(sum), bills }
    }

    fn query(bulk: bool, payments: Vec<ExpectedPayment>) -> StatusQuery {
        StatusQuery {
            our_reference: OURS.to_owned(),
            provider_references: Vec::new(),
            bulk,
            payments,
            first_sent_at: Some("2026-11-22T03:00:00Z".parse().expect("a moment")),
        }
    }

    fn bulk() -> StatusQuery {
        query(true, vec![expected("00901A", &[("00nA", 100), ("00nB", 200)]), expected("00901B", &[("00nC", 300)])])
    }

    fn listed(id: &str, number: &str, made: &str, bills: &[(&str, &str)]) -> Payment {
        let parts = bills.iter().map(|(bill, amount)| format!(r#"{{"billId":"{bill}","amount":{amount}}}"#));
        let parts = parts.collect::<Vec<_>>().join(",");
        let body = format!(
            r#"{{"id":"{id}","transactionNumber":"{number}","createdTime":"2026-11-22T{made}+00:00",
                "billPayments":[{parts}],"singleStatus":"SCHEDULED"}}"#
        );
        json::read(body.as_bytes()).expect("a payment")
    }

    fn verdicts(payments: Vec<Payment>, query: &StatusQuery) -> Option<Vec<Verdict>> {
        let answers = found(payments, query, fixture::dollars()).ok()?;
        Some(answers.into_iter().filter_map(|answer| answer.verdict).collect())
    }

    #[test]
    fn a_single_payment_is_found_by_our_reference_and_nothing_else() {
        let query = query(false, vec![expected("00901A", &[("00nA", 100)])]);
        let ours = || listed("stp1", "D695e5e78a3e4d60aae3731bb81f95d1", "03:00:01", &[("00nA", "1.00")]);
        let other = || listed("stp2", "EPKZLNTSTYSEUWVALISV", "03:00:01", &[("00nA", "1.00")]);
        assert_eq!(verdicts(vec![other(), ours()], &query), Some(vec![Verdict::Accepted]));
        assert_eq!(verdicts(vec![other()], &query), Some(vec![Verdict::NotFound]));
        assert_eq!(verdicts(vec![ours(), ours()], &query), Some(vec![Verdict::Accepted]));
        assert!(holds_single(&[other(), ours()], &query) && !holds_single(&[other()], &query));
        let again = listed("stp3", "d695e5e78a3e4d60aae3731bb81f95d1", "03:00:02", &[("00nA", "1.00")]);
        assert_eq!(verdicts(vec![ours(), again], &query), None);
    }

    #[test]
    fn a_bulk_is_found_by_its_bills_and_amounts() {
        let combined = || listed("stp1", "EHHX", "03:00:01", &[("00nA", "1.00"), ("00nB", "2.00")]);
        let other = || listed("stp2", "EHHY", "03:00:01", &[("00nC", "3.00")]);
        assert_eq!(verdicts(vec![combined(), other()], &bulk()), Some(vec![Verdict::Accepted; 2]));
        let apart = vec![
            listed("stp3", "E1", "03:00:01", &[("00nA", "1.00")]),
            listed("stp4", "E2", "03:00:01", &[("00nB", "2")]),
            other(),
        ];
        assert_eq!(verdicts(apart, &bulk()), Some(vec![Verdict::Accepted; 3]));
        assert_eq!(verdicts(Vec::new(), &bulk()), Some(vec![Verdict::NotFound]));
        // All or nothing: a part that is not there yet says nothing about the whole.
        assert_eq!(verdicts(vec![combined()], &bulk()), None);
        let twice = vec![combined(), other(), listed("stp5", "EHHZ", "03:00:02", &[("00nC", "3.00")])];
        assert_eq!(verdicts(twice, &bulk()), None);
    }

    #[test]
    fn what_cannot_be_of_a_bulk_is_left_out() {
        let not_of_it = vec![
            listed("stp1", "E1", "03:00:01", &[("00nA", "1.01")]),
            listed("stp2", "E2", "03:00:01", &[("00nA", "1.00"), ("00nZ", "1.00")]),
            listed("stp3", "E3", "02:49:59", &[("00nC", "3.00")]),
            listed("stp4", "0123456789abcdef0123456789abcdef", "03:00:01", &[("00nC", "3.00")]),
            listed("stp5", "E5", "03:00:01", &[]),
        ];
        assert_eq!(verdicts(not_of_it, &bulk()), Some(vec![Verdict::NotFound]));
        let behind = listed("stp6", "E6", "02:50:01", &[("00nC", "3.00")]);
        assert_eq!(verdicts(vec![behind], &bulk()), None);
    }

    #[test]
    fn the_list_is_filtered_by_day_in_new_york_and_by_an_only_vendor() {
        let single = query(false, vec![expected("00901A", &[("00nA", 100)])]);
        assert_eq!(filters(&single).as_deref(), Some("vendorId:eq:00901A,processDate:gte:2026-11-20"));
        assert_eq!(filters(&bulk()).as_deref(), Some("processDate:gte:2026-11-20"));
        let never_sent = StatusQuery { first_sent_at: None, ..bulk() };
        assert_eq!(filters(&never_sent), None);
    }
}
