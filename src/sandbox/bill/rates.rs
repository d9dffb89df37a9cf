//! Exchange rates: a batch id stands for one rate, for 20 minutes.
//!
//! No page shows the call's parameters or its answer. Here a currency is asked for, by its code or by a vendor's id, in
//! the query or in the body.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Number;

use super::super::lock;
use super::fields::{self, Fields};
use super::list::Parameters;
use super::rejection::Rejection;
use super::{BillCom, vendor, wire};

const LIFE: Duration = Duration::from_secs(20 * 60);

/// The batches that are good.
#[derive(Default)]
pub(super) struct Rates {
    batches: Mutex<Batches>,
}

#[derive(Default)]
struct Batches {
    last: i32,
    by_id: HashMap<i32, Batch>,
}

struct Batch {
    currency: &'static str,
    expiry: Instant,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    exchange_rate_batch_id: i32,
    bill_currency: &'static str,
    exchange_rate: Number,
}

impl Rates {
    /// The rate of a batch, in dollars for one unit of `currency`.
    pub(super) fn of(&self, batch: i32, currency: &str) -> Result<Decimal, Rejection> {
        let batches = lock(&self.batches);
        let known = batches.by_id.get(&batch).filter(|known| known.expiry > Instant::now());
        let known = known.filter(|known| known.currency == currency);
        let rate = known.and_then(|known| rate(known.currency));
        rate.map(|(_, rate)| rate).ok_or_else(|| Rejection::invalid("exchangeRateBatchId", &batch.to_string()))
    }

    fn issue(&self, currency: &'static str) -> i32 {
        let now = Instant::now();
        let mut batches = lock(&self.batches);
        batches.by_id.retain(|_, batch| batch.expiry > now);
        batches.last += 1;
        let id = batches.last;
        batches.by_id.insert(id, Batch { currency, expiry: now + LIFE });
        id
    }
}

/// `GET /v3/payments/exchange-rate?billCurrency=` or `?vendorId=`.
pub(super) async fn get(State(bill): State<Arc<BillCom>>, Query(parameters): Query<Parameters>) -> Response {
    let parameter = |name: &str| parameters.get(name).map(String::as_str);
    answer(quote(&bill, parameter("billCurrency"), parameter("vendorId")))
}

/// `POST /v3/payments/exchange-rate`, the same in a body.
pub(super) async fn post(State(bill): State<Arc<BillCom>>, body: Bytes) -> Response {
    answer(fields::parse(&body).and_then(|members| {
        let body = Fields::new(&members);
        quote(&bill, body.text("billCurrency")?, body.text("vendorId")?)
    }))
}

fn answer(quote: Result<Quote, Rejection>) -> Response {
    match quote {
        Ok(quote) => Json(quote).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn quote(bill: &BillCom, currency: Option<&str>, vendor_id: Option<&str>) -> Result<Quote, Rejection> {
    let currency = match (currency, vendor_id) {
        (Some(currency), _) => currency,
        (None, Some(id)) => vendor::find(id).ok_or_else(Rejection::vendor_not_found)?.currency,
        (None, None) => return Err(Rejection::missing_parameter("billCurrency")),
    };
    let (currency, rate) = rate(currency).ok_or_else(|| Rejection::invalid_parameter("billCurrency", currency))?;
    let exchange_rate_batch_id = bill.rates.issue(currency);
    Ok(Quote { exchange_rate_batch_id, bill_currency: currency, exchange_rate: wire::rate(rate) })
}

fn rate(currency: &str) -> Option<(&'static str, Decimal)> {
    match currency {
        "GBP" => Some(("GBP", Decimal::new(12_703, 4))),
        "EUR" => Some(("EUR", Decimal::new(10_912, 4))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_good_for_its_currency_only() {
        let rates = Rates::default();
        let batch = rates.issue("GBP");
        assert_eq!(rates.of(batch, "GBP").ok(), Some(Decimal::new(12_703, 4)));
        assert!(rates.of(batch, "EUR").is_err() && rates.of(batch + 1, "GBP").is_err());
    }
}
