//! A page of payments, each with its biller and its bill number, by one joined statement.

use std::fmt::Write;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Ceiling, Refused, answer, json};
use crate::ids;

/// The longest page.
const LONGEST: u32 = 100;
/// About what a payment takes in the answer.
const BYTES_A_PAYMENT: usize = 700;

#[derive(Deserialize)]
struct Request {
    variables: Variables,
}

#[derive(Deserialize)]
struct Variables {
    first: u32,
    after: Option<String>,
}

/// `POST /read`.
pub(super) async fn page(State(ceiling): State<Ceiling>, headers: HeaderMap, body: Bytes) -> Result<Response, Refused> {
    let requester = ceiling.authenticator.of_headers(&headers)?;
    requester.require("payments:read")?;
    let Variables { first, after } = serde_json::from_slice::<Request>(&body).map_err(|_| Refused::Input)?.variables;
    let after = after.map(|cursor| ids::uuid(&cursor).ok_or(Refused::Input)).transpose()?;
    if first > LONGEST {
        return Err(Refused::Input);
    }
    let client = ceiling.pool.get().await?;
    let statement = client.prepare_cached(&sql(first, after.is_some())).await?;
    let mut rows = match &after {
        None => client.query(&statement, &[&requester.tenant]).await?,
        Some(after) => client.query(&statement, &[&requester.tenant, after]).await?,
    };
    drop(client);
    let has_next = rows.len() > first as usize;
    rows.truncate(first as usize);
    Ok(answer(connection(&rows, after.is_some(), has_next)))
}

/// The limit stands in the text: bound, it would have PostgreSQL plan anew each time.
fn sql(first: u32, behind: bool) -> String {
    let behind = if behind { "AND p.id < $2" } else { "" };
    let limit = first + 1;
    format!(
        "SELECT p.id, p.status, p.version, p.amount_minor, p.currency, p.account_reference, p.description, \
           p.created_at, b.id, b.name, b.category, b.country, b.currency, n.id, n.account_reference, n.customer_name, \
           n.balance_minor, n.balance_currency, n.due_date \
         FROM payments p JOIN billers b ON b.id = p.biller_id LEFT JOIN bill_numbers n ON n.id = p.bill_number_id \
         WHERE p.tenant_id = $1 {behind} ORDER BY p.id DESC LIMIT {limit}"
    )
}

fn connection(rows: &[Row], has_previous: bool, has_next: bool) -> String {
    let mut out = String::with_capacity(256 + rows.len() * BYTES_A_PAYMENT);
    out.push_str(r#"{"data":{"payments":{"edges":["#);
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        edge(&mut out, row);
    }
    let _ = write!(out, r#"],"pageInfo":{{"hasPreviousPage":{has_previous},"hasNextPage":{has_next},"startCursor":"#);
    cursor(&mut out, rows.first());
    out.push_str(r#","endCursor":"#);
    cursor(&mut out, rows.last());
    out.push_str("}}}}");
    out
}

fn cursor(out: &mut String, row: Option<&Row>) {
    match row {
        Some(row) => json::id(out, "pay", row.get(0)),
        None => out.push_str("null"),
    }
}

fn edge(out: &mut String, row: &Row) {
    let id: Uuid = row.get(0);
    out.push_str(r#"{"cursor":"#);
    json::id(out, "pay", id);
    out.push_str(r#","node":{"id":"#);
    json::id(out, "pay", id);
    out.push_str(r#","status":"#);
    json::text(out, row.get(1));
    let _ = write!(out, r#","version":{},"amount":"#, row.get::<_, i32>(2));
    json::money(out, row.get(3), row.get(4));
    out.push_str(r#","accountReference":"#);
    json::maybe(out, row.get(5));
    out.push_str(r#","description":"#);
    json::maybe(out, row.get(6));
    out.push_str(r#","createdAt":"#);
    json::moment(out, row.get(7));
    biller(out, row);
    bill_number(out, row);
    out.push_str("}}");
}

fn biller(out: &mut String, row: &Row) {
    out.push_str(r#","biller":{"id":"#);
    json::id(out, "blr", row.get(8));
    for (name, column) in [("name", 9), ("category", 10), ("country", 11), ("currency", 12)] {
        let _ = write!(out, r#","{name}":"#);
        json::text(out, row.get(column));
    }
    out.push('}');
}

fn bill_number(out: &mut String, row: &Row) {
    let Some(id) = row.get::<_, Option<Uuid>>(13) else {
        out.push_str(r#","billNumber":null"#);
        return;
    };
    out.push_str(r#","billNumber":{"id":"#);
    json::id(out, "bln", id);
    out.push_str(r#","accountReference":"#);
    json::text(out, row.get(14));
    out.push_str(r#","customerName":"#);
    json::maybe(out, row.get(15));
    out.push_str(r#","lastKnownBalance":"#);
    match (row.get::<_, Option<i64>>(16), row.get::<_, Option<&str>>(17)) {
        (Some(minor), Some(currency)) => json::money(out, minor, currency),
        (_, _) => out.push_str("null"),
    }
    out.push_str(r#","dueDate":"#);
    json::maybe(out, row.get(18));
    out.push('}');
}
