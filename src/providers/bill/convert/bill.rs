//! A vendor's bills.

use super::{is_plain, money, told, words};
use crate::domain::biller::Biller;
use crate::domain::money::{CurrencyCode, Money};
use crate::ports::provider::BillAnswer;
use crate::providers::bill::wire::Bill;

/// Reads one bill. None where nothing is owed on it, or where what is owed cannot be read: a bill that is not shown is
/// not paid.
pub(in crate::providers::bill) fn open(bill: Bill, biller: &Biller) -> Option<BillAnswer> {
    let is_of_another = told(bill.vendor_id.as_deref()).is_some_and(|vendor| vendor != biller.code);
    if bill.archived == Some(true) || is_of_another || !is_plain(&bill.id) {
        return None;
    }
    let currency = biller.currency;
    let amount_due = money(bill.due_amount.as_ref(), currency).filter(|due| due.is_positive())?;
    let invoice_number = bill.invoice.and_then(|invoice| invoice.invoice_number);
    Some(BillAnswer {
        reference: bill.id,
        invoice_number: told(invoice_number.as_deref()).map(words),
        description: None,
        amount: money(bill.amount.as_ref(), currency).unwrap_or(amount_due),
        amount_due,
        amount_paid: money(bill.paid_amount.as_ref(), currency).unwrap_or_else(|| nothing(currency)),
        amount_scheduled: money(bill.scheduled_amount.as_ref(), currency).unwrap_or_else(|| nothing(currency)),
        due_date: told(bill.due_date.as_deref()).and_then(|date| date.parse().ok()),
    })
}

const fn nothing(currency: CurrencyCode) -> Money {
    Money::from_minor(0, currency)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::providers::bill::fixture;
    use crate::providers::bill::wire::Page;
    use crate::providers::json;

    #[test]
    fn only_what_is_owed_to_the_vendor_is_listed() {
        let page: Page<Bill> = json::read(&fixture::answer("bills")).expect("a page");
        let biller = fixture::biller();
        let bills: Vec<_> = page.results.into_iter().filter_map(|bill| open(bill, &biller)).collect();
        let references: Vec<_> = bills.iter().map(|bill| bill.reference.as_str()).collect();
        assert_eq!(references, ["00n01OPEN", "00n01PARTLY"]);
        let partly = &bills[1];
        let cents = |minor| Money::from_minor(minor, fixture::dollars());
        assert_eq!((partly.amount, partly.amount_due), (cents(37_099), cents(14_200)));
        assert_eq!((partly.amount_paid, partly.amount_scheduled), (cents(22_899), cents(0)));
        assert_eq!(partly.due_date, Some(date(2026, 1, 15)));
        assert_eq!(partly.invoice_number.as_deref(), Some("1216202501"));
    }
}
