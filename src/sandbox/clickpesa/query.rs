//! Payments, asked for.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Clickpesa;
use super::payment::{Collected, Payment};
use super::rejection::Rejection;

/// How many payments a page has where the caller does not say.
const USUAL_LIMIT: usize = 20;
/// The most payments of a page; no page states a bound.
const LARGEST_LIMIT: usize = 100;

/// The parameters of a call.
type Parameters = HashMap<String, String>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    data: Vec<Collected<'a>>,
    total_count: usize,
}

/// `GET /payments/{orderReference}`: an array, even of one.
pub(super) async fn of_reference(State(clickpesa): State<Arc<Clickpesa>>, Path(reference): Path<String>) -> Response {
    let payments = clickpesa.payments.of_number(&reference);
    if payments.is_empty() {
        return Rejection::UnknownPayment(reference).into_response();
    }
    Json(shown(&payments)).into_response()
}

/// `GET /payments/all?skip=&limit=`. The documented filters are not simulated.
pub(super) async fn all(State(clickpesa): State<Arc<Clickpesa>>, Query(parameters): Query<Parameters>) -> Response {
    let (skip, limit) = match bounds(&parameters) {
        Ok(bounds) => bounds,
        Err(rejection) => return rejection.into_response(),
    };
    let (payments, total_count) = clickpesa.payments.page(skip, limit);
    Json(Page { data: shown(&payments), total_count }).into_response()
}

fn shown(payments: &[Payment]) -> Vec<Collected<'_>> {
    payments.iter().map(Payment::collected).collect()
}

fn bounds(parameters: &Parameters) -> Result<(usize, usize), Rejection> {
    let skip = number(parameters, "skip", 0)?;
    let limit = number(parameters, "limit", USUAL_LIMIT)?;
    if (1..=LARGEST_LIMIT).contains(&limit) {
        Ok((skip, limit))
    } else {
        Err(Rejection::invalid("limit must be between 1 and 100"))
    }
}

fn number(parameters: &Parameters, name: &str, usual: usize) -> Result<usize, Rejection> {
    let number = parameters.get(name).map_or(Ok(usual), |text| text.parse::<usize>());
    number.map_err(|_| Rejection::Invalid(format!("{name} must be a number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_twenty_payments_unless_another_number_is_asked() {
        let read = |pairs: &[(&str, &str)]| {
            bounds(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(read(&[]), Ok((0, USUAL_LIMIT)));
        assert_eq!(read(&[("skip", "40"), ("limit", "100"), ("status", "SUCCESS")]), Ok((40, 100)));
        for refused in [[("limit", "0")], [("limit", "101")], [("skip", "-1")], [("skip", "")]] {
            assert!(read(&refused).is_err(), "{refused:?}");
        }
    }
}
