//! Bills: what each vendor has sent, the same at every run but for the dates, which follow today.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Number;

use super::super::derive::number;
use super::list::{self, Comparison, Page, Parameters};
use super::rejection::{BROKEN, Rejection};
use super::script::BillList;
use super::vendor::{VENDORS, Vendor};
use super::{BillCom, clock, scenarios, wire};

/// Far above the documented amounts, so that each fits several times into any bill.
const LEAST_DUE_CENTS: u64 = 30_000;
const MOST_DUE_CENTS: u64 = 250_000;
const SOONEST_DUE_DAYS: u64 = 10;
const LATEST_DUE_DAYS: u64 = 45;
/// From the date of an invoice to the day on which it is due.
const TERM_DAYS: i64 = 30;

static SENT: LazyLock<Vec<OwedBill>> = LazyLock::new(|| {
    let of_vendor =
        |(index, vendor): (usize, &'static Vendor)| (1..=vendor.bills).map(move |count| sent(index + 1, vendor, count));
    VENDORS.iter().enumerate().flat_map(of_vendor).collect()
});

/// What is owed to a vendor for one invoice.
#[derive(Clone, Debug)]
pub(super) struct OwedBill {
    pub id: String,
    pub vendor: &'static Vendor,
    pub amount: Decimal,
    pub invoice_number: String,
    /// In days from today, whenever that is.
    pub due_in: i64,
}

/// How much of a bill payments have taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub scheduled: Decimal,
    pub paid: Decimal,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    id: String,
    vendor_id: &'static str,
    amount: Number,
    paid_amount: Number,
    due_amount: Number,
    scheduled_amount: Number,
    due_date: String,
    invoice: Invoice,
    payment_status: &'static str,
    approval_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invoice {
    invoice_number: String,
    invoice_date: String,
}

impl OwedBill {
    fn view(self, taken: Taken, today: Date) -> View {
        let due = today.saturating_add(self.due_in.days());
        View {
            vendor_id: self.vendor.id,
            amount: wire::money(self.amount),
            paid_amount: wire::money(taken.paid),
            due_amount: wire::money(self.amount - taken.paid),
            scheduled_amount: wire::money(taken.scheduled),
            due_date: due.to_string(),
            invoice: Invoice {
                invoice_number: self.invoice_number,
                invoice_date: due.saturating_sub(TERM_DAYS.days()).to_string(),
            },
            payment_status: payment_status(self.amount, taken),
            approval_status: "UNASSIGNED",
            id: self.id,
        }
    }
}

impl Taken {
    pub(super) fn all(self) -> Decimal {
        self.scheduled + self.paid
    }
}

/// The bills that the vendors have sent.
pub(super) fn all_sent() -> &'static [OwedBill] {
    &SENT
}

/// `GET /v3/bills`.
pub(super) async fn list(State(bill): State<Arc<BillCom>>, Query(parameters): Query<Parameters>) -> Response {
    let (page, vendor_id) = match read(&parameters) {
        Ok(asked) => asked,
        Err(rejection) => return rejection.into_response(),
    };
    match vendor_id.map_or(BillList::Bills, scenarios::bill_list) {
        BillList::Bills => Json(page.cut(views(&bill, vendor_id))).into_response(),
        BillList::Faulty(fault) => fault.respond(&BROKEN, bill.hang).await,
    }
}

/// `GET /v3/bills/{billId}`.
pub(super) async fn one(State(bill): State<Arc<BillCom>>, Path(id): Path<String>) -> Response {
    match bill.book.bill(&id) {
        Some(owed) => {
            let taken = bill.book.taken(&owed.id);
            Json(owed.view(taken, clock::today(&bill.clock))).into_response()
        }
        None => Rejection::not_found().into_response(),
    }
}

fn read(parameters: &Parameters) -> Result<(Page, Option<&str>), Rejection> {
    let mut vendor_id = None;
    for condition in list::conditions(parameters)? {
        match (condition.field, condition.comparison) {
            ("vendorId", Comparison::Equal) => vendor_id = Some(condition.value),
            _ => return Err(list::unknown(&condition)),
        }
    }
    Ok((Page::read(parameters)?, vendor_id))
}

fn views(bill: &BillCom, vendor_id: Option<&str>) -> Vec<(u64, View)> {
    let today = clock::today(&bill.clock);
    let bills = (1..).zip(bill.book.bills());
    let wanted = bills.filter(|(_, owed)| vendor_id.is_none_or(|id| id == owed.vendor.id));
    wanted
        .map(|(place, owed)| {
            let taken = bill.book.taken(&owed.id);
            (place, owed.view(taken, today))
        })
        .collect()
}

fn payment_status(amount: Decimal, taken: Taken) -> &'static str {
    if taken.paid >= amount {
        "PAID"
    } else if taken.all() == Decimal::ZERO {
        "UNPAID"
    } else if taken.all() >= amount {
        "SCHEDULED"
    } else {
        "PARTIALLY_PAID"
    }
}

fn sent(vendor_number: usize, vendor: &'static Vendor, count: u32) -> OwedBill {
    let id = format!("00n01SANDBOX{vendor_number:03}{count:05}");
    let cents = in_range(LEAST_DUE_CENTS, MOST_DUE_CENTS, number("bill amount", &id));
    OwedBill {
        vendor,
        amount: Decimal::new(cents, 2),
        invoice_number: format!("{vendor_number:03}{count:05}"),
        due_in: in_range(SOONEST_DUE_DAYS, LATEST_DUE_DAYS, number("bill due", &id)),
        id,
    }
}

fn in_range(least: u64, most: u64, number: u64) -> i64 {
    (least + number % (most - least + 1)).cast_signed()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn bills_have_ids_of_their_own_and_amounts_above_the_documented_ones() {
        let ids: HashSet<_> = all_sent().iter().map(|owed| owed.id.as_str()).collect();
        assert_eq!(ids.len(), all_sent().len());
        assert!(ids.iter().all(|id| id.len() == "00n01SANDBOX00100001".len()));
        assert!(all_sent().iter().all(|owed| owed.amount >= Decimal::new(300, 0)));
    }

    #[test]
    fn a_bulk_of_fifty_can_be_made_of_one_vendors_bills() {
        for vendor in ["00901SANDBOX00000002", "00901SANDBOX00000014"] {
            assert!(all_sent().iter().filter(|owed| owed.vendor.id == vendor).count() >= 60);
        }
    }

    #[test]
    fn the_status_of_a_bill_follows_what_payments_have_taken() {
        let [nothing, half, whole] = [0, 50, 100].map(|units| Decimal::new(units, 0));
        let status = |scheduled, paid| payment_status(whole, Taken { scheduled, paid });
        assert_eq!(status(nothing, nothing), "UNPAID");
        assert_eq!(status(half, nothing), "PARTIALLY_PAID");
        assert_eq!(status(half, half), "SCHEDULED");
        assert_eq!(status(nothing, whole), "PAID");
    }
}
