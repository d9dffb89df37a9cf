//! What BILL says of a payment: that it took it, and later how it stands.

use serde_json::Value;

use super::status::SingleStatus;
use super::vendor::method;
use super::{money, owned_words, told, transaction_number, unreadable, words};
use crate::domain::disbursement::Disbursement;
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::evidence::{Reported, Verdict};
use crate::domain::payment::recall::RecallKind;
use crate::domain::provider::ProviderCode;
use crate::ports::provider::{BillPart, PaymentAnswer, ProviderError, RecallAnswer};
use crate::providers::bill::wire::{Bulk, Frozen, Payment, Recalled};
use crate::providers::http::Answer;
use crate::providers::json;

/// How a payment's answer is read.
#[derive(Clone, Copy)]
pub(in crate::providers::bill) struct Terms {
    /// The vendor's, in which amounts are; an answer does not name it. Where it is not known, no amount is read.
    pub currency: Option<CurrencyCode>,
    /// In which the organisation pays.
    pub dollars: CurrencyCode,
    /// Of the answer.
    pub http_status: Option<u16>,
}

/// The amount that an answer tells.
#[derive(Clone, Copy)]
enum Told {
    Nothing,
    Amount(Money),
    /// Something that is no amount of the vendor's currency, so not what was asked.
    Unequal,
}

/// Reads the answer to a submission. Whatever is told of another payment settles nothing.
pub(in crate::providers::bill) fn taken(
    answer: &Answer,
    frozen: &Frozen,
    currency: Option<CurrencyCode>,
    dollars: CurrencyCode,
) -> Result<Vec<PaymentAnswer>, ProviderError> {
    let terms = Terms { currency, dollars, http_status: Some(answer.status) };
    let payments = if frozen.payments.is_some() {
        json::read::<Bulk>(&answer.body).map_err(|_| unreadable(answer))?.payments
    } else {
        let payment: Payment = json::read(&answer.body).map_err(|_| unreadable(answer))?;
        if is_of_another(&payment, frozen) {
            return Err(ProviderError::Unknown(answer.trouble("answer is about another payment")));
        }
        vec![payment]
    };
    if payments.is_empty() || payments.iter().any(|payment| !super::is_plain(&payment.id)) {
        return Err(unreadable(answer));
    }
    Ok(payments.into_iter().map(|payment| standing(payment, terms)).collect())
}

/// Reads how a payment stands.
pub(in crate::providers::bill) fn standing(payment: Payment, terms: Terms) -> PaymentAnswer {
    let amount = amount(&payment, terms.currency);
    let bills = terms.currency.map(|currency| parts(&payment, currency)).unwrap_or_default();
    let disbursement = disbursement(&payment);
    let provider_status = owned_words(payment.single_status.as_deref());
    PaymentAnswer {
        verdict: Some(verdict(provider_status.as_deref(), amount)),
        reported: Reported {
            provider_reference: Some(payment.id),
            amount: match amount {
                Told::Amount(amount) => Some(amount),
                Told::Nothing | Told::Unequal => None,
            },
            ..Reported::default()
        },
        provider_status,
        http_status: terms.http_status,
        bills,
        confirmation_number: owned_words(payment.confirmation_number.as_deref()),
        funding_amount: money(payment.funding_amount.as_ref(), terms.dollars),
        exchange_rate: payment.exchange_rate.map(|rate| rate.to_string()),
        disbursement,
        ..PaymentAnswer::default()
    }
}

/// Reads the answer to a cancellation or a void.
pub(in crate::providers::bill) fn recalled(kind: RecallKind, answer: &Answer) -> Result<RecallAnswer, ProviderError> {
    let recalled: Recalled = json::read(&answer.body).map_err(|_| unreadable(answer))?;
    match (kind, recalled.cancel_request_submitted) {
        (RecallKind::Cancel, Some(false)) => {
            Err(ProviderError::Unknown(answer.trouble("success without a cancellation")))
        }
        (RecallKind::Cancel, Some(true) | None) | (RecallKind::Void, _) => Ok(RecallAnswer {
            provider_status: owned_words(recalled.single_status.as_deref()),
            http_status: Some(answer.status),
        }),
    }
}

/// Whether a payment was submitted by us under this reference. BILL may write the digits in capitals.
pub(super) fn is_of_reference(payment: &Payment, our_reference: &str) -> bool {
    let number = transaction_number(our_reference);
    payment.transaction_number.as_deref().is_some_and(|told| told.eq_ignore_ascii_case(&number))
}

/// The bills that a payment pays, each with its part.
pub(super) fn parts(payment: &Payment, currency: CurrencyCode) -> Vec<BillPart> {
    let parts = payment.bill_payments.as_deref().unwrap_or_default();
    if let ([], Some(bill)) = (parts, told(payment.bill_id.as_deref())) {
        let whole = money(payment.amount.as_ref(), currency);
        let part = whole.map(|amount| BillPart { bill_reference: bill.to_owned(), amount, reference: None });
        return part.into_iter().collect();
    }
    let read = parts.iter().map(|part| {
        Some(BillPart {
            bill_reference: part.bill_id.clone(),
            amount: money(Some(&part.amount), currency)?,
            reference: owned_words(part.id.as_deref()),
        })
    });
    // One part that cannot be read leaves the others without their whole.
    read.collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn is_of_another(payment: &Payment, frozen: &Frozen) -> bool {
    let differs = |told_one: Option<&str>, ours: Option<&str>| {
        told(told_one).zip(ours).is_some_and(|(told_one, ours)| !told_one.eq_ignore_ascii_case(ours))
    };
    differs(payment.transaction_number.as_deref(), frozen.transaction_number.as_deref())
        || differs(payment.vendor_id.as_deref(), frozen.vendor_id.as_deref())
        || differs(payment.bill_id.as_deref(), frozen.bill_id.as_deref())
}

fn amount(payment: &Payment, currency: Option<CurrencyCode>) -> Told {
    match (&payment.amount, currency) {
        (Some(number), Some(currency)) => money(Some(number), currency).map_or(Told::Unequal, Told::Amount),
        (None, _) | (_, None) => Told::Nothing,
    }
}

/// An answer without a status shows that BILL has the payment, and no more.
fn verdict(status: Option<&str>, amount: Told) -> Verdict {
    let Some(word) = status else { return Verdict::Accepted };
    let status = SingleStatus::read(word);
    if status == SingleStatus::Unrecognised {
        tracing::warn!(provider.name = ProviderCode::Bill.as_str(), status = word, "a status that no page has");
    }
    match (status.verdict(), amount) {
        // The engine could not compare it, and would take it for an amount that was not told.
        (Verdict::Succeeded, Told::Unequal) => Verdict::Mismatch,
        (verdict, Told::Nothing | Told::Amount(_) | Told::Unequal) => verdict,
    }
}

fn disbursement(payment: &Payment) -> Option<Disbursement> {
    let tracking = payment.check_disbursement.as_ref().and_then(|check| check.tracking_information.as_ref());
    let trace = payment.rpps_disbursement.as_ref().and_then(|rpps| rpps.trace_number.as_ref());
    Some(Disbursement {
        method: method(told(payment.disbursement_type.as_deref())?),
        provider_status: owned_words(payment.disbursement_status.as_deref()),
        online: payment.online_payment,
        arrives_by: None,
        tracking: tracking.and_then(single).or_else(|| trace.and_then(single)),
    })
}

/// A single value, as the text that it was. What form tracking has is not documented.
fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => told(Some(text)).map(words),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::disbursement::DisbursementMethod;
    use crate::providers::bill::fixture::{self, cents};

    fn frozen(name: &str) -> Frozen {
        serde_json::from_value(fixture::request(name)).expect("a frozen request")
    }

    fn read(name: &str) -> Vec<PaymentAnswer> {
        let answer = Answer { status: 201, body: fixture::answer(name) };
        let frozen = frozen(name);
        let currency = frozen.exchange_rate_batch_id.is_none().then(fixture::dollars);
        taken(&answer, &frozen, currency, fixture::dollars()).expect("an answer")
    }

    fn terms() -> Terms {
        Terms { currency: Some(fixture::dollars()), dollars: fixture::dollars(), http_status: Some(200) }
    }

    fn standing_of(body: &str) -> PaymentAnswer {
        standing(json::read(body.as_bytes()).expect("a payment"), terms())
    }

    #[test]
    fn the_recorded_payment_is_accepted() {
        let answer = read("pay").remove(0);
        assert_eq!(answer.verdict, Some(Verdict::Accepted));
        assert_eq!(answer.reported.provider_reference.as_deref(), Some("stp01ZZRCUFIQWHP6ldb"));
        assert_eq!(answer.reported.amount, Some(cents(22_899)));
        assert_eq!(answer.confirmation_number.as_deref(), Some("P24123101 - 0411839"));
        assert_eq!((answer.provider_status.as_deref(), answer.http_status), (Some("SCHEDULED"), Some(201)));
        let disbursement = answer.disbursement.expect("a disbursement");
        assert_eq!((disbursement.method, disbursement.online), (DisbursementMethod::Ach, Some(true)));
        let bill = BillPart {
            bill_reference: "00n01A".to_owned(),
            amount: cents(22_899),
            reference: Some("blp01A".to_owned()),
        };
        assert_eq!(answer.bills, [bill]);
    }

    #[test]
    fn a_bulk_is_one_answer_a_payment_that_bill_made() {
        let apart = read("bulk");
        let bills: Vec<_> = apart.iter().map(|answer| answer.bills[0].bill_reference.as_str()).collect();
        assert_eq!(bills, ["00n01A", "00n01B"]);
        let combined = read("bulk_combined");
        assert_eq!(combined.len(), 1);
        assert_eq!((combined[0].bills.len(), combined[0].reported.amount), (2, Some(cents(37_099))));
    }

    #[test]
    fn of_another_currency_the_funding_and_the_rate_are_read_and_no_amount_is_guessed() {
        let answer = read("pay_foreign").remove(0);
        assert_eq!(answer.funding_amount, Some(cents(27_386)));
        assert_eq!(answer.exchange_rate.as_deref(), Some("0.8361528"));
        assert_eq!((answer.reported.amount, answer.bills.len()), (None, 0));
        assert_eq!(answer.verdict, Some(Verdict::Accepted));
    }

    #[test]
    fn the_answer_must_be_about_what_was_sent() {
        let recorded = String::from_utf8(fixture::answer("pay")).expect("text");
        for (from, to) in [
            ("d695e5e78a3e4d60aae3731bb81f95d1", "EPKZLNTSTYSEUWVALISV"),
            ("00901ACH", "00901OTHER"),
            ("00n01A", "00n01Z"),
            ("stp01ZZRCUFIQWHP6ldb", ""),
        ] {
            let answer = Answer { status: 201, body: recorded.replace(from, to).into_bytes() };
            let read = taken(&answer, &frozen("pay"), Some(fixture::dollars()), fixture::dollars());
            assert!(matches!(read, Err(ProviderError::Unknown(_))), "{from}");
        }
        for body in ["", "[]", "{}", "<html>", r#"{"payments":[]}"#] {
            let answer = Answer { status: 201, body: body.as_bytes().to_vec() };
            for name in ["pay", "bulk"] {
                let read = taken(&answer, &frozen(name), Some(fixture::dollars()), fixture::dollars());
                assert!(matches!(read, Err(ProviderError::Unknown(_))), "{name} {body}");
            }
        }
    }

    #[test]
    fn cleared_is_paid_and_a_status_that_no_page_has_is_unclear() {
        for (status, verdict) in [
            (r#","singleStatus":"CLEARED""#, Verdict::Succeeded),
            (r#","singleStatus":"ROUTED_TO_PARTNER""#, Verdict::Unclear),
            (r#","singleStatus":null"#, Verdict::Accepted),
            // The older member is not read.
            (r#","status":"CANCELLED""#, Verdict::Accepted),
        ] {
            let body = format!(r#"{{"id":"stp1","amount":1.5{status}}}"#);
            assert_eq!(standing_of(&body).verdict, Some(verdict), "{status}");
        }
    }

    #[test]
    fn f20_a_success_whose_amount_cannot_be_compared_is_a_mismatch() {
        for (amount, verdict) in
            [("1.50", Verdict::Succeeded), ("1.5000", Verdict::Succeeded), ("1.505", Verdict::Mismatch)]
        {
            let body = format!(r#"{{"id":"stp1","amount":{amount},"singleStatus":"CLEARED"}}"#);
            assert_eq!(standing_of(&body).verdict, Some(verdict), "{amount}");
        }
    }

    #[test]
    fn a_payment_without_parts_is_one_of_its_bill() {
        let answer = standing_of(r#"{"id":"stp1","billId":"00n1","amount":1.5,"billPayments":[]}"#);
        assert_eq!((answer.bills.len(), answer.bills[0].amount), (1, cents(150)));
        let unreadable = standing_of(r#"{"id":"stp1","billPayments":[{"billId":"00n1","amount":1.005}]}"#);
        assert!(unreadable.bills.is_empty());
    }

    #[test]
    fn a_cancellation_must_not_deny_itself() {
        let read = |kind, body: &str| recalled(kind, &Answer { status: 200, body: body.as_bytes().to_vec() });
        let taken = read(RecallKind::Cancel, r#"{"cancelRequestSubmitted":true,"singleStatus":"SCHEDULED"}"#);
        assert_eq!(taken.map(|answer| answer.provider_status), Ok(Some("SCHEDULED".to_owned())));
        assert!(read(RecallKind::Cancel, r#"{"cancelRequestSubmitted":false}"#).is_err());
        assert!(read(RecallKind::Void, r#"{"cancelRequestSubmitted":false}"#).is_ok());
        assert!(read(RecallKind::Void, "<html>").is_err());
    }
}
