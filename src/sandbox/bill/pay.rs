//! Payments: one for one bill, or the payments of a bulk, all of them or none.
//!
//! BILL documents no idempotency: the same payment sent twice is two payments, with one transaction number or not, as
//! long as the bill is not overpaid. Whether it refuses a number that it knows is not known; this is the unsafe
//! reading.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde::Serialize;
use tokio::time::sleep;

use super::fields::{self, Fields};
use super::order::{self, Order};
use super::payment::{Payment, View};
use super::rejection::{BROKEN, Rejection};
use super::script::{Answer, Entry, Script};
use super::webhook::{self, Telling};
use super::{BillCom, life, scenarios};

/// How long the slow amount takes.
const SLOW: Duration = Duration::from_secs(4);

#[derive(Serialize)]
struct Bulk {
    payments: Vec<View>,
}

/// Which of the two calls it is.
#[derive(Clone, Copy)]
enum Shape {
    One,
    Bulk,
}

/// `POST /v3/payments`.
pub(super) async fn one(State(bill): State<Arc<BillCom>>, headers: HeaderMap, body: Bytes) -> Response {
    let order = fields::parse(&body).and_then(|members| order::read_one(&bill, Fields::new(&members)));
    match order {
        Ok(order) => submit(bill, &headers, vec![order], Shape::One).await,
        Err(rejection) => rejection.into_response(),
    }
}

/// `POST /v3/payments/bulk`.
pub(super) async fn many(State(bill): State<Arc<BillCom>>, headers: HeaderMap, body: Bytes) -> Response {
    let orders = fields::parse(&body).and_then(|members| order::read_many(&bill, Fields::new(&members)));
    match orders {
        Ok(orders) => submit(bill, &headers, orders, Shape::Bulk).await,
        Err(rejection) => rejection.into_response(),
    }
}

async fn submit(bill: Arc<BillCom>, headers: &HeaderMap, orders: Vec<Order>, shape: Shape) -> Response {
    let script = scenarios::call_script(&orders);
    if let Some(response) = turned_away(&bill, headers, &orders, script.entry).await {
        return response;
    }
    match accept(&bill, orders) {
        Ok(payments) => acknowledge(&bill, &payments, shape, script.answer).await,
        Err(overpaid) => match shape {
            Shape::One => Rejection::overpaid().into_response(),
            Shape::Bulk => Rejection::overpaid_in_bulk(&overpaid).into_response(),
        },
    }
}

/// The answer to a submission that is not accepted.
async fn turned_away(bill: &BillCom, headers: &HeaderMap, orders: &[Order], entry: Entry) -> Option<Response> {
    match entry {
        Entry::Accept => None,
        Entry::Refuse(rejection) => Some(rejection().into_response()),
        Entry::LoseFirst(_) | Entry::RefuseFirst(_) | Entry::EndSession | Entry::DistrustSession
            if !bill.once.turns_away(orders) =>
        {
            None
        }
        Entry::LoseFirst(fault) => Some(fault.respond(&BROKEN, bill.hang).await),
        Entry::RefuseFirst(rejection) => Some(rejection().into_response()),
        Entry::EndSession => {
            bill.sessions.close(headers);
            Some(Rejection::session_invalid().into_response())
        }
        Entry::DistrustSession => {
            bill.sessions.set_trusted(headers, false);
            Some(Rejection::untrusted().into_response())
        }
    }
}

/// Takes the orders in and begins their scripts. Nothing here waits, so a client that hangs up cannot come between.
fn accept(bill: &Arc<BillCom>, mut orders: Vec<Order>) -> Result<Vec<Payment>, Vec<String>> {
    let scripts: Vec<Script> = orders.iter().map(scenarios::payment_script).collect();
    for (order, script) in orders.iter_mut().zip(&scripts) {
        let more = order.lines.first_mut().filter(|_| script.more);
        if let Some(line) = more {
            line.amount += Decimal::ONE;
        }
    }
    let payments = bill.book.accept(orders)?;
    for (payment, script) in payments.iter().zip(&scripts) {
        webhook::tell(bill, payment, Telling::ONCE);
        life::begin(bill, payment, script.then);
    }
    Ok(payments)
}

async fn acknowledge(bill: &BillCom, payments: &[Payment], shape: Shape, answer: Answer) -> Response {
    match answer {
        Answer::Created => created(payments, shape),
        Answer::CreatedSlowly => {
            sleep(SLOW).await;
            created(payments, shape)
        }
        Answer::Faulty(fault) => fault.respond(&BROKEN, bill.hang).await,
    }
}

fn created(payments: &[Payment], shape: Shape) -> Response {
    let mut views = payments.iter().map(Payment::view);
    match shape {
        Shape::One => (StatusCode::CREATED, Json(views.next())).into_response(),
        Shape::Bulk => (StatusCode::CREATED, Json(Bulk { payments: views.collect() })).into_response(),
    }
}
