//! A payment made durable by one statement: the log's head, the submission, the payment, its part, its claim, its event.
//!
//! A key or a claim that is taken already breaks a unique index and so the whole statement: nothing is made twice.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use deadpool_postgres::Pool;
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Ceiling, Refused, answer, json};
use crate::failed::Outcome;
use crate::ids;

const DAY: i64 = 86_400_000_000;

const SQL: &str = "\
WITH head AS (INSERT INTO event_heads (tenant_id, sequence) VALUES ($1, 1) \
  ON CONFLICT (tenant_id) DO UPDATE SET sequence = event_heads.sequence + 1 RETURNING sequence), \
sent AS (INSERT INTO submissions (id, tenant_id, provider, subject, provider_key, next_action_at, fence, attempt_count, \
  submits, look_ups, look_up_requests, look_up_requests_met, run_at, not_after, review_at, fault_count) \
  VALUES ($2, $1, 'click', 'PAYMENTS', $3, $4, 0, 0, 0, 0, 0, 0, $4, $5, $5, 0)), \
paid AS (INSERT INTO payments (id, tenant_id, idempotency_key, request_hash, submission_id, provider, biller_id, \
  account_reference, bill_ref, amount_minor, currency, status, version, delivery_speed, process_date, due_date, \
  save_bill_number, new_bill, created_by, created_at, updated_at) \
  VALUES ($6, $1, $7, $8, $2, 'click', $9, $10, '', $11, $12, 'READY', 1, 'STANDARD', $13, $14, false, false, $15, $4, $4)), \
part AS (INSERT INTO allocations (payment_id, no, amount_minor, currency) VALUES ($6, 1, $11, $12)), \
claim AS (INSERT INTO bill_claims (tenant_id, biller_id, account_reference, bill_ref, payment_id) \
  VALUES ($1, $9, $10, '', $6)) \
INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, status, kind, actor, at) \
  SELECT $1, head.sequence, 'PAYMENT', $6, 1, 'READY', 'PAYMENT_CREATED', $15, $4 FROM head";

#[derive(Deserialize)]
struct Request {
    variables: Variables,
}

#[derive(Deserialize)]
struct Variables {
    input: Input,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    idempotency_key: String,
    target: Target,
    amount: Amount,
    due_date: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    account: Account,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    biller_id: String,
    account_reference: String,
}

#[derive(Deserialize)]
struct Amount {
    amount: String,
    currency: String,
}

/// The billers, read once.
pub(super) struct Billers(HashMap<Uuid, Biller>);

/// Who can be paid.
#[derive(Clone)]
pub(super) struct Biller {
    pub(super) code: String,
    name: String,
}

impl Billers {
    pub(super) async fn load(pool: &Pool) -> Outcome<Self> {
        let client = pool.get().await?;
        let rows = client.query("SELECT id, code, name FROM billers WHERE active", &[]).await?;
        let billers = rows.iter().map(|row| (row.get(0), Biller { code: row.get(1), name: row.get(2) }));
        Ok(Self(billers.collect()))
    }
}

/// A payment that is wanted, read and checked.
pub(super) struct New {
    pub(super) id: Uuid,
    pub(super) submission: Uuid,
    pub(super) provider_key: String,
    pub(super) tenant: String,
    pub(super) actor: String,
    pub(super) key: String,
    pub(super) hash: String,
    pub(super) biller_id: Uuid,
    pub(super) biller: Biller,
    pub(super) account: String,
    pub(super) minor: i64,
    pub(super) amount: String,
    pub(super) currency: String,
    pub(super) day: String,
    pub(super) due: Option<String>,
    pub(super) at: i64,
    pub(super) until: i64,
}

impl New {
    pub(super) fn read(ceiling: &Ceiling, headers: &HeaderMap, body: &Bytes) -> Result<Self, Refused> {
        let requester = ceiling.authenticator.of_headers(headers)?;
        requester.require("payments:write")?;
        let input = serde_json::from_slice::<Request>(body).map_err(|_| Refused::Input)?.variables.input;
        let biller_id = ids::uuid(&input.target.account.biller_id).ok_or(Refused::Input)?;
        let biller = ceiling.billers.0.get(&biller_id).cloned().ok_or(Refused::Input)?;
        let account = input.target.account.account_reference;
        let minor = minor(&input.amount.amount).ok_or(Refused::Input)?;
        let hashed = [&input.target.account.biller_id, &account, &input.amount.amount, &input.amount.currency];
        let hash = hex::encode(Sha256::digest(hashed.map(String::as_str).join("\n")));
        let now = Timestamp::now();
        Ok(Self {
            id: Uuid::now_v7(),
            submission: Uuid::now_v7(),
            provider_key: Uuid::now_v7().to_string(),
            tenant: requester.tenant,
            actor: requester.sub,
            key: input.idempotency_key,
            hash,
            biller_id,
            biller,
            account,
            minor,
            amount: input.amount.amount,
            currency: input.amount.currency,
            day: now.strftime("%Y-%m-%d").to_string(),
            due: input.due_date,
            at: now.as_microsecond(),
            until: now.as_microsecond() + DAY,
        })
    }

    /// The answer, with the payment as it is now.
    pub(super) fn answer(&self, status: &str, version: u8) -> Response {
        let mut out = String::with_capacity(512);
        out.push_str(r#"{"data":{"createPayment":{"payment":{"id":"#);
        json::id(&mut out, "pay", self.id);
        out.push_str(r#","status":""#);
        out.push_str(status);
        out.push_str(r#"","version":"#);
        out.push(char::from(b'0' + version));
        out.push_str(r#","amount":"#);
        json::money(&mut out, self.minor, &self.currency);
        out.push_str(r#","accountReference":"#);
        json::text(&mut out, &self.account);
        out.push_str(r#","createdAt":"#);
        json::moment(&mut out, self.at);
        out.push_str(r#","biller":{"id":"#);
        json::id(&mut out, "blr", self.biller_id);
        out.push_str(r#","name":"#);
        json::text(&mut out, &self.biller.name);
        out.push_str(r#"}},"errors":[],"replayed":false}}}"#);
        answer(out)
    }
}

/// `POST /create`.
pub(super) async fn create(
    State(ceiling): State<Ceiling>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let new = New::read(&ceiling, &headers, &body)?;
    let client = ceiling.pool.get().await?;
    let statement = client.prepare_cached(SQL).await?;
    client
        .execute(
            &statement,
            &[
                &new.tenant,
                &new.submission,
                &new.provider_key,
                &new.at,
                &new.until,
                &new.id,
                &new.key,
                &new.hash,
                &new.biller_id,
                &new.account,
                &new.minor,
                &new.currency,
                &new.day,
                &new.due,
                &new.actor,
            ],
        )
        .await?;
    drop(client);
    Ok(new.answer("READY", 1))
}

/// An amount with at most two digits behind the point, in the smallest unit.
fn minor(amount: &str) -> Option<i64> {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
    let part = match part.len() {
        1 => part.parse::<i64>().ok()? * 10,
        2 => part.parse().ok()?,
        _ => return None,
    };
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part).filter(|minor| *minor > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_last_digit() {
        assert_eq!(minor("120.50"), Some(12_050));
        assert_eq!(minor("120.5"), Some(12_050));
        assert_eq!(minor("7"), Some(700));
        assert_eq!(minor("0.001"), None);
        assert_eq!(minor("0"), None);
    }
}
