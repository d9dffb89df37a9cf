//! A payment from its creation to its end: made and marked by one durable commit, sent, settled by another.
//!
//! Two commits are the least by which nothing can be paid twice: that it is about to be sent must be on disk before the
//! first byte leaves. There are no leases here and nobody who would take over after a crash.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use uuid::Uuid;

use super::create::New;
use super::{Ceiling, Refused};

const MARK: &str = "\
WITH head AS (INSERT INTO event_heads (tenant_id, sequence) VALUES ($1, 2) \
  ON CONFLICT (tenant_id) DO UPDATE SET sequence = event_heads.sequence + 2 RETURNING sequence), \
sent AS (INSERT INTO submissions (id, tenant_id, provider, subject, provider_key, key_first_used_at, request_bytes, \
  next_action_at, fence, attempt_count, submits, last_submit_at, look_ups, look_up_requests, look_up_requests_met, \
  run_at, not_after, review_at, fault_count) \
  VALUES ($2, $1, 'click', 'PAYMENTS', $3, $4, convert_to($10, 'UTF8'), $5, 1, 1, 1, $4, 0, 0, 0, $4, $5, $5, 0)), \
paid AS (INSERT INTO payments (id, tenant_id, idempotency_key, request_hash, submission_id, provider, biller_id, \
  account_reference, bill_ref, amount_minor, currency, status, version, delivery_speed, process_date, due_date, \
  save_bill_number, new_bill, created_by, created_at, updated_at) \
  VALUES ($6, $1, $7, $8, $2, 'click', $9, $10, '', $11, $12, 'SUBMITTING', 2, 'STANDARD', $13, $14, false, false, $15, $4, $4)), \
part AS (INSERT INTO allocations (payment_id, no, amount_minor, currency) VALUES ($6, 1, $11, $12)), \
claim AS (INSERT INTO bill_claims (tenant_id, biller_id, account_reference, bill_ref, payment_id) \
  VALUES ($1, $9, $10, '', $6)), \
attempt AS (INSERT INTO attempts (submission_id, no, fence, kind, state, started_at, deadline) \
  VALUES ($2, 1, 1, 'SUBMIT', 'SENDING', $4, $5)) \
INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, status, kind, actor, at) \
  SELECT $1, head.sequence + told.version - 2, 'PAYMENT', $6, told.version, told.status, told.kind, $15, $4 FROM head, \
  (VALUES (1, 'READY', 'PAYMENT_CREATED'), (2, 'SUBMITTING', 'PAYMENT_SUBMITTING')) AS told (version, status, kind)";

const SETTLE: &str = "\
WITH head AS (UPDATE event_heads SET sequence = sequence + 1 WHERE tenant_id = $1 RETURNING sequence), \
sent AS (UPDATE submissions SET next_action_at = NULL, last_submit_at = $4, last_submit_verdict = 'SUCCEEDED' \
  WHERE id = $2), \
paid AS (UPDATE payments SET status = 'SUCCEEDED', version = 3, updated_at = $4 WHERE id = $3 AND version = 2), \
attempt AS (UPDATE attempts SET state = 'SUCCEEDED', ended_at = $4, http_status = 201 \
  WHERE submission_id = $2 AND no = 1), \
seen AS (INSERT INTO evidence (id, payment_id, attempt_no, source, verdict, outcome, actor, at) \
  VALUES ($5, $3, 1, 'SUBMIT', 'SUCCEEDED', 'BECAME', 'click', $4)), \
proof AS (INSERT INTO receipts (payment_id, tenant_id, number, issued_at, fields) VALUES ($3, $1, $6, $4, '[]')), \
freed AS (DELETE FROM bill_claims WHERE payment_id = $3) \
INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, status, kind, actor, at) \
  SELECT $1, head.sequence, 'PAYMENT', $3, 3, 'SUCCEEDED', 'PAYMENT_SUCCEEDED', 'click', $4 FROM head";

/// `POST /pay`.
pub(super) async fn pay(State(ceiling): State<Ceiling>, headers: HeaderMap, body: Bytes) -> Result<Response, Refused> {
    let new = New::read(&ceiling, &headers, &body)?;
    mark(&ceiling, &new).await?;
    let due = new.due.as_deref().unwrap_or(&new.day);
    ceiling.click.pay(&new.biller.code, &new.account, &new.amount, &new.day, due).await?;
    settle(&ceiling, &new).await?;
    Ok(new.answer("SUCCEEDED", 3))
}

async fn mark(ceiling: &Ceiling, new: &New) -> Result<(), Refused> {
    let client = ceiling.pool.get().await?;
    let statement = client.prepare_cached(MARK).await?;
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
    Ok(())
}

async fn settle(ceiling: &Ceiling, new: &New) -> Result<(), Refused> {
    let (now, receipt) = (Timestamp::now().as_microsecond(), format!("R-{}", new.id.simple()));
    let evidence = Uuid::now_v7();
    let client = ceiling.pool.get().await?;
    let statement = client.prepare_cached(SETTLE).await?;
    client.execute(&statement, &[&new.tenant, &new.submission, &new.id, &now, &evidence, &receipt]).await?;
    Ok(())
}
