//! Reading payments: the list, newest first, and one by its id. A client's transaction number is no filter.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;

use super::BillCom;
use super::list::{self, Comparison, Condition, List, Page, Parameters};
use super::payment::{Payment, View};
use super::rejection::Rejection;

/// What the payments of a list have in common.
enum Wanted<'a> {
    Vendor(&'a str),
    ProcessDate(Comparison, Date),
}

/// `GET /v3/payments`.
pub(super) async fn list(State(bill): State<Arc<BillCom>>, Query(parameters): Query<Parameters>) -> Response {
    match answer(&bill, &parameters) {
        Ok(list) => Json(list).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// `GET /v3/payments/{paymentId}`.
pub(super) async fn one(State(bill): State<Arc<BillCom>>, Path(id): Path<String>) -> Response {
    match bill.book.find(&id) {
        Some(payment) => Json(payment.view()).into_response(),
        None => Rejection::not_found().into_response(),
    }
}

fn answer(bill: &BillCom, parameters: &Parameters) -> Result<List<View>, Rejection> {
    let page = Page::read(parameters)?;
    let wanted: Vec<_> = list::conditions(parameters)?.iter().map(wanted).collect::<Result<_, _>>()?;
    let payments = bill.book.newest_first();
    let payments = payments.iter().filter(|payment| wanted.iter().all(|wanted| wanted.matches(payment)));
    Ok(page.cut(payments.map(|payment| (payment.place, payment.view())).collect()))
}

fn wanted<'a>(condition: &Condition<'a>) -> Result<Wanted<'a>, Rejection> {
    match (condition.field, condition.comparison) {
        ("vendorId", Comparison::Equal) => Ok(Wanted::Vendor(condition.value)),
        ("processDate", comparison) => {
            let invalid = |_| Rejection::invalid_parameter("processDate", condition.value);
            let date: Date = condition.value.parse().map_err(invalid)?;
            Ok(Wanted::ProcessDate(comparison, date))
        }
        _ => Err(list::unknown(condition)),
    }
}

impl Wanted<'_> {
    fn matches(&self, payment: &Payment) -> bool {
        match self {
            Self::Vendor(id) => payment.vendor.id == *id,
            Self::ProcessDate(comparison, date) => comparison.holds(&payment.terms.process_date, date),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_filters_are_taken() {
        let is_taken = |filter: &str| {
            let parameters = Parameters::from([("filters".to_owned(), filter.to_owned())]);
            list::conditions(&parameters).expect("conditions").iter().all(|condition| wanted(condition).is_ok())
        };
        assert!(is_taken("vendorId:eq:009,processDate:gte:2026-01-01,processDate:lte:2026-01-31"));
        assert!(["transactionNumber:eq:a", "vendorId:gte:009", "processDate:eq:x"].iter().all(|f| !is_taken(f)));
    }
}
