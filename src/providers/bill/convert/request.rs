//! What is asked for, in BILL's words.
//!
//! A process date is always sent, though only some accounts need one, so that BILL never chooses the day. The pages
//! forbid one in the past: a payment that could not be sent on its day is sent for today. A bulk is told neither a
//! vendor (BILL takes them from the bills) nor a reference of ours, since the pages name none for it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Number;

use super::vendor::TIME_ZONE;
use super::{is_plain, owned, told, transaction_number};
use crate::domain::biller::InputName;
use crate::domain::disbursement::DisbursementMethod;
use crate::domain::funding_account::{FundingAccount, FundingAccountKind};
use crate::domain::money::Money;
use crate::domain::payment::recall::{Recall, VoidKind};
use crate::domain::payment::{DeliverySpeed, FieldFault};
use crate::ports::provider::{PaymentRequest, ProviderError, RefusalKind, Refused, SubmissionRequest};
use crate::providers::bill::wire::{FundingSource, NewBulk, NewBulkPart, NewPayment, NewVoid, ProcessingOptions};
use crate::providers::http::trouble;

/// The most bills of one bulk.
const MOST_BILLS: usize = 50;
/// The longest number of a transaction.
const LONGEST_NUMBER: usize = 50;
/// The longest reason of a void.
const LONGEST_REASON: usize = 4000;
/// The reason of a void that has none: BILL wants one.
const USUAL_REASON: &str = "Voided by the payer";
/// The currency that needs no rate.
const HOME_CURRENCY: &str = "USD";
const DELIVERY_SPEED: &[&str] = &["input", "deliverySpeed"];
const TARGET: &[&str] = &["input", "target"];

/// The day in New York.
pub(in crate::providers::bill) fn today(now: Timestamp) -> Date {
    let zone = TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC);
    now.to_zoned(zone).date()
}

/// The first payment in another currency than dollars, which needs a rate.
pub(in crate::providers::bill) fn foreign(request: &SubmissionRequest) -> Option<&PaymentRequest> {
    request.payments.iter().find(|payment| payment.amount.currency().as_str() != HOME_CURRENCY)
}

/// The bytes of a submission.
pub(in crate::providers::bill) fn frozen(
    request: &SubmissionRequest,
    exchange_rate_batch: Option<i64>,
    today: Date,
) -> Result<Vec<u8>, ProviderError> {
    if foreign(request).is_some() && exchange_rate_batch.is_none() {
        return Err(ProviderError::NotSent(trouble("no rate of exchange")));
    }
    match (request.bulk, request.payments.as_slice()) {
        (true, payments) => written(&bulk(payments, exchange_rate_batch, today)?),
        (false, [payment]) => {
            let number = number(&request.our_reference)?;
            written(&single(payment, &number, exchange_rate_batch, today)?)
        }
        (false, _) => Err(ProviderError::NotSent(trouble("not exactly one payment"))),
    }
}

/// The body of a void.
pub(in crate::providers::bill) fn void(recall: &Recall) -> Result<Vec<u8>, ProviderError> {
    let kind = match recall.void_kind {
        Some(VoidKind::VoidAndCredit) => VoidKind::VoidAndCredit,
        Some(VoidKind::VoidOnly) | None => VoidKind::VoidOnly,
    };
    let reason: String = told(recall.reason.as_deref()).unwrap_or(USUAL_REASON).chars().take(LONGEST_REASON).collect();
    written(&NewVoid { kind: kind.as_str(), reason: &reason })
}

fn single<'a>(
    payment: &'a PaymentRequest,
    number: &'a str,
    exchange_rate_batch_id: Option<i64>,
    today: Date,
) -> Result<NewPayment<'a>, ProviderError> {
    let (pay_faster, delivery) = delivery(payment)?;
    Ok(NewPayment {
        vendor_id: &payment.biller.code,
        bill_id: bill_of(payment)?,
        description: told(payment.description.as_deref()),
        process_date: payment.process_date.max(today).to_string(),
        funding_account: funding_source(payment.funding_account.as_ref())?,
        amount: amount(payment.amount)?,
        processing_options: ProcessingOptions {
            request_pay_faster: pay_faster,
            create_bill: payment.new_bill,
            request_check_delivery_type: delivery,
        },
        transaction_number: number,
        exchange_rate_batch_id,
    })
}

fn bulk(
    payments: &[PaymentRequest],
    exchange_rate_batch_id: Option<i64>,
    today: Date,
) -> Result<NewBulk<'_>, ProviderError> {
    let Some(first) = payments.first() else { return Err(ProviderError::NotSent(trouble("a bulk of nothing"))) };
    let is_alike = |payment: &PaymentRequest| {
        payment.funding_account == first.funding_account && payment.delivery_speed == DeliverySpeed::Standard
    };
    if !payments.iter().all(is_alike) {
        let message = "a bulk is paid from one account and delivered in the usual way";
        return Err(refused(RefusalKind::Input, InputName::FundingAccount.path(), message));
    }
    let parts = payments.iter().flat_map(|payment| &payment.bills);
    let parts = parts
        .map(|part| amount(part.amount).map(|amount| NewBulkPart { bill_id: &part.bill_reference, amount }))
        .collect::<Result<Vec<_>, ProviderError>>()?;
    let makes_bills = payments.iter().any(|payment| payment.new_bill || payment.bills.is_empty());
    if makes_bills || parts.len() > MOST_BILLS {
        return Err(refused(RefusalKind::Input, TARGET, "a bulk pays 1 to 50 bills that exist"));
    }
    let process_date = payments.iter().map(|payment| payment.process_date).fold(today, Date::max);
    Ok(NewBulk {
        process_date: process_date.to_string(),
        funding_account: funding_source(first.funding_account.as_ref())?,
        payments: parts,
        exchange_rate_batch_id,
    })
}

/// The bill that is paid; none where BILL is to make it.
fn bill_of(payment: &PaymentRequest) -> Result<Option<&str>, ProviderError> {
    match (payment.new_bill, payment.bills.as_slice()) {
        (true, _) => Ok(None),
        (false, [part]) => Ok(Some(&part.bill_reference)),
        (false, _) => Err(refused(RefusalKind::Input, TARGET, "a payment pays one bill, or makes one")),
    }
}

/// Whether the money goes faster than usual, and by which way. Each way belongs to one kind of vendor.
fn delivery(payment: &PaymentRequest) -> Result<(bool, Option<&'static str>), ProviderError> {
    let method = payment.biller.disbursement_method;
    let way = |wanted, way| if method == Some(wanted) { Ok((true, Some(way))) } else { Err(cannot_be_faster()) };
    match payment.delivery_speed {
        DeliverySpeed::Standard => Ok((false, None)),
        DeliverySpeed::Faster => way(DisbursementMethod::Ach, "RTP_DELIVERY"),
        DeliverySpeed::OneDay => way(DisbursementMethod::Check, "UPS_1DAY"),
        DeliverySpeed::TwoDays => way(DisbursementMethod::Check, "UPS_2DAY"),
        DeliverySpeed::ThreeDays => way(DisbursementMethod::Check, "UPS_3DAY"),
    }
}

fn cannot_be_faster() -> ProviderError {
    refused(RefusalKind::Input, DELIVERY_SPEED, "this vendor cannot be paid that fast")
}

/// The wallet has no id.
fn funding_source(account: Option<&FundingAccount>) -> Result<FundingSource<'_>, ProviderError> {
    let missing = || refused(RefusalKind::FundingAccount, InputName::FundingAccount.path(), "is required");
    let account = account.ok_or_else(missing)?;
    let id = match account.kind {
        FundingAccountKind::Wallet => None,
        FundingAccountKind::BankAccount | FundingAccountKind::CardAccount | FundingAccountKind::ApCard => {
            Some(account.code.as_str())
        }
    };
    Ok(FundingSource { kind: account.kind.as_str(), id })
}

/// An amount as BILL's samples have it: a number with the currency's digits.
fn amount(amount: Money) -> Result<Number, ProviderError> {
    let unwritable = |_| refused(RefusalKind::Amount, &["input", "amount", "amount"], "the amount cannot be written");
    amount.decimal().parse().map_err(unwritable)
}

fn number(our_reference: &str) -> Result<String, ProviderError> {
    let number = transaction_number(our_reference);
    if is_plain(&number) && number.len() <= LONGEST_NUMBER {
        return Ok(number);
    }
    Err(ProviderError::NotSent(trouble("our reference cannot be a number of a transaction")))
}

fn refused(kind: RefusalKind, path: &[&str], message: &str) -> ProviderError {
    let fields = vec![FieldFault { path: owned(path), message: message.to_owned() }];
    ProviderError::Refused(Refused { kind, message: message.to_owned(), fields, ..Refused::default() })
}

fn written(body: &impl Serialize) -> Result<Vec<u8>, ProviderError> {
    serde_json::to_vec(body).map_err(|_| ProviderError::Misconfigured(trouble("request cannot be written")))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::Value;

    use super::*;
    use crate::ports::provider::BillPart;
    use crate::providers::bill::fixture::{self, cents};
    use crate::providers::json;

    const EARLY: Date = date(2025, 11, 1);

    fn body(request: &SubmissionRequest, rate: Option<i64>) -> Value {
        json::read(&frozen(request, rate, EARLY).expect("bytes")).expect("JSON")
    }

    fn refusal(request: &SubmissionRequest) -> Refused {
        match frozen(request, None, EARLY) {
            Err(ProviderError::Refused(refused)) => refused,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("written"),
        }
    }

    fn part(bill: &str, minor: i64) -> BillPart {
        BillPart { bill_reference: bill.to_owned(), amount: cents(minor), reference: None }
    }

    #[test]
    fn a_payment_of_a_bill_is_written_as_recorded() {
        assert_eq!(body(&fixture::single(fixture::payment()), None), fixture::request("pay"));
    }

    #[test]
    fn a_faster_transfer_is_written_as_recorded() {
        let payment = PaymentRequest {
            description: Some("Inv #20251201".to_owned()),
            process_date: date(2025, 12, 1),
            delivery_speed: DeliverySpeed::Faster,
            ..fixture::payment()
        };
        assert_eq!(body(&fixture::single(payment), None), fixture::request("pay_faster"));
    }

    #[test]
    fn a_payment_that_makes_its_bill_names_none() {
        let payment = PaymentRequest {
            new_bill: true,
            bills: Vec::new(),
            description: Some("Piano tuning".to_owned()),
            funding_account: Some(fixture::funding_account(FundingAccountKind::Wallet)),
            ..fixture::payment()
        };
        assert_eq!(body(&fixture::single(payment), None), fixture::request("pay_new_bill"));
    }

    #[test]
    fn a_payment_in_another_currency_carries_the_rates_batch() {
        let euros = Money::from_minor(22_899, "EUR".parse().expect("a currency"));
        let mut payment = PaymentRequest { amount: euros, ..fixture::payment() };
        payment.bills[0].amount = euros;
        let request = fixture::single(payment);
        assert!(foreign(&request).is_some());
        assert!(matches!(frozen(&request, None, EARLY), Err(ProviderError::NotSent(_))));
        assert_eq!(body(&request, Some(35_664)), fixture::request("pay_foreign"));
    }

    #[test]
    fn a_bulk_is_written_as_recorded_whoever_is_paid() {
        let pay = |bills| PaymentRequest { bills, process_date: date(2025, 12, 16), ..fixture::payment() };
        let bulk = |payments| SubmissionRequest { bulk: true, payments, ..fixture::single(fixture::payment()) };
        let apart = bulk(vec![pay(vec![part("00n01A", 22_899)]), pay(vec![part("00n01B", 14_200)])]);
        let combined = bulk(vec![pay(vec![part("00n01A", 22_899), part("00n01B", 14_200)])]);
        assert_eq!(body(&apart, None), fixture::request("bulk"));
        assert_eq!(body(&combined, None), fixture::request("bulk_combined"));
    }

    #[test]
    fn a_bulk_of_more_than_fifty_bills_or_of_new_ones_is_refused() {
        let bills = |count: usize| (0..count).map(|number| part(&format!("00n{number}"), 100)).collect::<Vec<_>>();
        let bulk = |payment| SubmissionRequest { bulk: true, ..fixture::single(payment) };
        assert!(frozen(&bulk(PaymentRequest { bills: bills(50), ..fixture::payment() }), None, EARLY).is_ok());
        for payment in [
            PaymentRequest { bills: bills(51), ..fixture::payment() },
            PaymentRequest { bills: bills(0), ..fixture::payment() },
            PaymentRequest { new_bill: true, ..fixture::payment() },
            PaymentRequest { delivery_speed: DeliverySpeed::Faster, ..fixture::payment() },
        ] {
            assert_eq!(refusal(&bulk(payment)).kind, RefusalKind::Input);
        }
    }

    #[test]
    fn a_day_that_is_over_becomes_today() {
        let request = fixture::single(fixture::payment());
        let later: Value = json::read(&frozen(&request, None, date(2026, 2, 1)).expect("bytes")).expect("JSON");
        assert_eq!(later["processDate"], "2026-02-01");
        assert_eq!(body(&request, None)["processDate"], "2025-12-31");
    }

    #[test]
    fn today_is_new_yorks() {
        for (moment, day) in [("2026-01-15T04:59:59Z", date(2026, 1, 14)), ("2026-07-15T04:00:00Z", date(2026, 7, 15))]
        {
            assert_eq!(today(moment.parse().expect("a moment")), day, "{moment}");
        }
    }

    #[test]
    fn each_faster_way_is_for_one_kind_of_vendor() {
        let way = |method, delivery_speed| {
            let mut payment = PaymentRequest { delivery_speed, ..fixture::payment() };
            payment.biller.disbursement_method = method;
            delivery(&payment).ok()
        };
        let (ach, check) = (Some(DisbursementMethod::Ach), Some(DisbursementMethod::Check));
        assert_eq!(way(None, DeliverySpeed::Standard), Some((false, None)));
        assert_eq!(way(ach, DeliverySpeed::Faster), Some((true, Some("RTP_DELIVERY"))));
        assert_eq!(way(check, DeliverySpeed::OneDay), Some((true, Some("UPS_1DAY"))));
        assert_eq!(way(check, DeliverySpeed::TwoDays), Some((true, Some("UPS_2DAY"))));
        assert_eq!(way(check, DeliverySpeed::ThreeDays), Some((true, Some("UPS_3DAY"))));
        assert_eq!(way(check, DeliverySpeed::Faster), None);
        assert_eq!(way(ach, DeliverySpeed::OneDay), None);
        assert_eq!(way(None, DeliverySpeed::Faster), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let without_account = PaymentRequest { funding_account: None, ..fixture::payment() };
        let refused = refusal(&fixture::single(without_account));
        assert_eq!(refused.fields[0].path, InputName::FundingAccount.path());
        let without_bill = PaymentRequest { bills: Vec::new(), ..fixture::payment() };
        assert_eq!(refusal(&fixture::single(without_bill)).fields[0].path, TARGET);
    }

    #[test]
    fn amounts_are_never_floats() {
        for (minor, text) in [(22_899, "228.99"), (14_200, "142.00"), (9_007_199_254_740_993, "90071992547409.93")] {
            assert_eq!(amount(cents(minor)).expect("a number").to_string(), text);
        }
    }

    #[test]
    fn a_void_tells_its_kind_and_a_reason() {
        let read = |void_kind, reason: Option<&str>| -> Value {
            json::read(&void(&fixture::recall(void_kind, reason)).expect("bytes")).expect("JSON")
        };
        assert_eq!(read(Some(VoidKind::VoidAndCredit), Some("Paid twice")), fixture::request("void"));
        assert_eq!(read(None, Some(" "))["type"], "VOID_ONLY");
        assert_eq!(read(None, None)["reason"], USUAL_REASON);
        let long = read(None, Some(&"x".repeat(5000)));
        assert_eq!(long["reason"].as_str().map(str::len), Some(LONGEST_REASON));
    }
}
