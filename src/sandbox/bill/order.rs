//! What a client asks for: one payment, or the payments of a bulk, read once and complete from then on.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::delivery::Delivery;
use super::fields::Fields;
use super::funding::Funding;
use super::rejection::Rejection;
use super::vendor::{self, Vendor};
use super::{BillCom, clock};

const LONGEST_DESCRIPTION: usize = 70;
const LONGEST_TRANSACTION_NUMBER: usize = 50;
const MOST_IN_BULK: usize = 50;
const MOST_COMBINED: usize = 35;

/// One payment that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub vendor: &'static Vendor,
    /// At least one; several only where a bulk combines them.
    pub lines: Vec<Line>,
    pub terms: Terms,
}

/// What of a payment is for one bill.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Absent for a bill that the payment makes.
    pub bill_id: Option<String>,
    pub amount: Decimal,
    /// The client's reference, where it gave one.
    pub transaction_number: Option<String>,
}

/// What is the same for all of a payment.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub description: Option<String>,
    pub process_date: Date,
    pub funding: Funding,
    pub delivery: Delivery,
    pub creates_bill: bool,
    /// In dollars for one unit of the vendor's currency, where that is another.
    pub rate: Option<Decimal>,
}

impl Line {
    /// Whose payment it is, for whoever compares: the bill, or the vendor where there is none yet.
    pub(super) fn payee<'a>(&'a self, vendor: &'a Vendor) -> &'a str {
        self.bill_id.as_deref().unwrap_or(vendor.id)
    }
}

/// The body of `POST /v3/payments`.
pub(super) fn read_one(bill: &BillCom, body: Fields<'_>) -> Result<Order, Rejection> {
    let amount = body.required_amount("amount")?;
    let funding = body.required_object("fundingAccount")?;
    let options = body.required_object("processingOptions")?;
    let creates_bill = options.flag("createBill")?;
    let (vendor, bill_id) = payee(bill, body, creates_bill)?;
    let transaction_number = transaction_number(body)?;
    let terms = Terms { creates_bill, ..terms(bill, body, Funding::read(funding)?, vendor)? };
    Ok(Order { vendor, lines: vec![Line { bill_id, amount, transaction_number }], terms })
}

/// The body of `POST /v3/payments/bulk`. The first wrong entry is answered.
pub(super) fn read_many(bill: &BillCom, body: Fields<'_>) -> Result<Vec<Order>, Rejection> {
    let account = body.required_object("fundingAccount")?;
    let funding = Funding::read(account)?;
    body.required_text("processDate")?;
    let entries = body.required_objects("payments")?;
    if entries.is_empty() {
        return Err(Rejection::missing("payments"));
    }
    if entries.len() > MOST_IN_BULK {
        return Err(Rejection::invalid("payments", &entries.len().to_string()));
    }
    let only_vendor = body.text("vendorId")?.or(account.text("vendorId")?);
    let lines: Result<Vec<_>, Rejection> = entries.into_iter().map(|entry| line(bill, entry, only_vendor)).collect();
    let order = |(vendor, lines): (&'static Vendor, Vec<Line>)| -> Result<Order, Rejection> {
        Ok(Order { vendor, lines, terms: terms(bill, body, funding.clone(), vendor)? })
    };
    combined(lines?).into_iter().map(order).collect()
}

/// Who is paid by a single payment, and for which bill.
fn payee(bill: &BillCom, body: Fields<'_>, creates_bill: bool) -> Result<(&'static Vendor, Option<String>), Rejection> {
    let vendor_id = body.text("vendorId")?;
    if !creates_bill {
        let bill_id = body.required_text("billId")?;
        return Ok((vendor_of(bill, bill_id, vendor_id)?, Some(bill_id.to_owned())));
    }
    if let Some(bill_id) = body.text("billId")? {
        return Err(Rejection::invalid("billId", bill_id));
    }
    let vendor_id = vendor_id.ok_or_else(|| Rejection::missing("vendorId"))?;
    let vendor = vendor::find(vendor_id).filter(|vendor| !vendor.archived);
    Ok((vendor.ok_or_else(Rejection::vendor_not_found)?, None))
}

/// The vendor of a bill, which must be the one that is named, if one is.
fn vendor_of(bill: &BillCom, bill_id: &str, named: Option<&str>) -> Result<&'static Vendor, Rejection> {
    let vendor = bill.book.bill(bill_id).ok_or_else(Rejection::bill_not_found)?.vendor;
    if vendor.archived {
        return Err(Rejection::vendor_not_found());
    }
    match named {
        Some(named) if named != vendor.id => Err(Rejection::invalid("vendorId", named)),
        Some(_) | None => Ok(vendor),
    }
}

fn line(bill: &BillCom, entry: Fields<'_>, only_vendor: Option<&str>) -> Result<(&'static Vendor, Line), Rejection> {
    let bill_id = entry.required_text("billId")?;
    let read = || -> Result<(&'static Vendor, Line), Rejection> {
        let vendor = vendor_of(bill, bill_id, only_vendor)?;
        let amount = entry.required_amount("amount")?;
        let transaction_number = transaction_number(entry)?;
        Ok((vendor, Line { bill_id: Some(bill_id.to_owned()), amount, transaction_number }))
    };
    read().map_err(|rejection| rejection.of_bill(bill_id))
}

/// One payment for each line, but for vendors that want theirs combined: as many as fit into one.
fn combined(lines: Vec<(&'static Vendor, Line)>) -> Vec<(&'static Vendor, Vec<Line>)> {
    let mut payments: Vec<(&'static Vendor, Vec<Line>)> = Vec::new();
    for (vendor, line) in lines {
        let open = payments
            .iter_mut()
            .find(|(other, lines)| vendor.combine_payments && other.id == vendor.id && lines.len() < MOST_COMBINED);
        match open {
            Some((_, lines)) => lines.push(line),
            None => payments.push((vendor, vec![line])),
        }
    }
    payments
}

fn terms(bill: &BillCom, body: Fields<'_>, funding: Funding, vendor: &Vendor) -> Result<Terms, Rejection> {
    if body.has("vendorCredits") {
        return Err(Rejection::invalid("vendorCredits", "not simulated"));
    }
    if funding.needs_purpose() {
        body.required_text("cardFundingPurpose")?;
    }
    Ok(Terms {
        description: body.short_text("description", LONGEST_DESCRIPTION)?.map(str::to_owned),
        process_date: process_date(bill, body, &funding)?,
        delivery: Delivery::read(body.object("processingOptions")?, vendor)?,
        creates_bill: false,
        rate: rate(bill, body, vendor)?,
        funding,
    })
}

fn process_date(bill: &BillCom, body: Fields<'_>, funding: &Funding) -> Result<Date, Rejection> {
    let today = clock::today(&bill.clock);
    match body.date("processDate")? {
        Some(date) if date < today => Err(Rejection::process_date()),
        Some(date) => Ok(date),
        None if funding.needs_process_date() => Err(Rejection::missing("processDate")),
        None => Ok(clock::next_business_day(today)),
    }
}

fn rate(bill: &BillCom, body: Fields<'_>, vendor: &Vendor) -> Result<Option<Decimal>, Rejection> {
    if !vendor.is_foreign() {
        return Ok(None);
    }
    let batch = body.integer("exchangeRateBatchId")?.ok_or_else(|| Rejection::missing("exchangeRateBatchId"))?;
    bill.rates.of(batch, vendor.currency).map(Some)
}

fn transaction_number(body: Fields<'_>) -> Result<Option<String>, Rejection> {
    let name = "transactionNumber";
    match body.short_text(name, LONGEST_TRANSACTION_NUMBER)? {
        Some(text) if !text.chars().all(|character| character.is_ascii_alphanumeric()) => {
            Err(Rejection::invalid(name, text))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::callback_client;
    use super::super::{Effects, Options, fields};
    use super::*;
    use crate::ports::clock::Clock;

    const NORTHWIND: &str = "00901SANDBOX00000002";

    fn bill() -> BillCom {
        let effects = Effects::open(None).expect("a ledger in memory");
        BillCom::new(effects, callback_client().expect("a client"), &Options::default())
    }

    fn one(members: &str) -> Result<Order, Rejection> {
        let body = format!(
            r#"{{"fundingAccount":{{"type":"BANK_ACCOUNT","id":"bac01SANDBOX00000001"}},"amount":228.99,{members}}}"#
        );
        let members = fields::parse(body.as_bytes()).expect("an object");
        read_one(&bill(), Fields::new(&members))
    }

    fn many(vendor_number: u32, count: u32) -> Result<Vec<usize>, Rejection> {
        let entries: Vec<_> = (1..=count)
            .map(|number| format!(r#"{{"billId":"00n01SANDBOX{vendor_number:03}{number:05}","amount":13.00}}"#))
            .collect();
        let body = format!(
            r#"{{"processDate":"{}","fundingAccount":{{"type":"WALLET"}},"payments":[{}]}}"#,
            clock::today(&Clock::default()),
            entries.join(",")
        );
        let members = fields::parse(body.as_bytes()).expect("an object");
        let orders = read_many(&bill(), Fields::new(&members))?;
        Ok(orders.iter().map(|order| order.lines.len()).collect())
    }

    #[test]
    fn a_payment_is_for_a_bill_or_makes_one() {
        let of_bill = one(r#""billId":"00n01SANDBOX00200001","processingOptions":{}"#).expect("an order");
        assert_eq!((of_bill.vendor.id, of_bill.terms.creates_bill), (NORTHWIND, false));
        let makes = format!(r#""vendorId":"{NORTHWIND}","processingOptions":{{"createBill":true}}"#);
        let makes_one = one(&makes).expect("an order");
        assert!(makes_one.lines[0].bill_id.is_none() && makes_one.terms.creates_bill);
        assert!(one(&format!(r#""billId":"00n01SANDBOX00200001",{makes}"#)).is_err());
        assert!(one(r#""processingOptions":{"createBill":true}"#).is_err());
        assert!(one(r#""billId":"00n01SANDBOX00200001""#).is_err());
        let of_another =
            format!(r#""billId":"00n01SANDBOX00100001","vendorId":"{NORTHWIND}","processingOptions":{{}}"#);
        assert!(one(&of_another).is_err());
    }

    #[test]
    fn a_process_date_is_today_or_later_and_else_the_next_business_day() {
        let dated = |date: &str| {
            one(&format!(r#""billId":"00n01SANDBOX00200001","processDate":"{date}","processingOptions":{{}}"#))
        };
        assert!(dated("2020-01-01").is_err());
        assert_eq!(dated("2099-12-31").expect("an order").terms.process_date.year(), 2099);
        let undated = one(r#""billId":"00n01SANDBOX00200001","processingOptions":{}"#).expect("an order");
        assert!(undated.terms.process_date > clock::today(&Clock::default()));
    }

    #[test]
    fn a_transaction_number_is_alphanumeric() {
        let numbered = |number: &str| {
            one(&format!(r#""billId":"00n01SANDBOX00200001","transactionNumber":"{number}","processingOptions":{{}}"#))
        };
        assert!(numbered("EPKZLNTSTYSEUWVALISV").is_ok() && numbered(&"a1".repeat(25)).is_ok());
        assert!(["a_b", "a-b", "é", &"a".repeat(51)].iter().all(|number| numbered(number).is_err()));
    }

    #[test]
    fn a_bill_in_another_currency_needs_a_rate() {
        assert!(one(r#""billId":"00n01SANDBOX00600001","processingOptions":{}"#).is_err());
    }

    #[test]
    fn a_bulk_is_combined_where_the_vendor_wants_it() {
        assert_eq!(many(2, 50).expect("orders"), [35, 15]);
        assert_eq!(many(14, 3).expect("orders"), [1, 1, 1]);
        assert!(many(2, 0).is_err() && many(2, 51).is_err() && many(1, 4).is_err());
    }
}
