//! SQLite's own ceiling: the rows of a creation, committed in process, so many at a time, as durably as billpay's.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;

use crate::failed::Outcome;

const TENANT: &str = "ceiling";
const DAY: i64 = 86_400_000_000;

/// Creations a second, where `together` share a commit.
pub fn creations(database: &Path, together: u64, span: Duration) -> Outcome<f64> {
    let mut connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let begun = Instant::now();
    let mut count = 0_u64;
    while begun.elapsed() < span {
        let batch = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for _ in 0..together {
            create(&batch)?;
        }
        batch.commit()?;
        count += together;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

fn create(batch: &Transaction<'_>) -> Outcome<()> {
    let (payment, submission, biller) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::nil());
    let (payment, submission, biller) = (payment.as_bytes(), submission.as_bytes(), biller.as_bytes());
    let (key, at) = (Uuid::now_v7().to_string(), Timestamp::now().as_microsecond());
    let head: i64 = batch
        .prepare_cached(
            "INSERT INTO event_heads (tenant_id, sequence) VALUES (?1, 1) \
             ON CONFLICT (tenant_id) DO UPDATE SET sequence = event_heads.sequence + 1 RETURNING sequence",
        )?
        .query_row(params![TENANT], |row| row.get(0))?;
    batch
        .prepare_cached(
            "INSERT INTO submissions (id, tenant_id, provider, subject, provider_key, next_action_at, fence, \
             attempt_count, submits, look_ups, look_up_requests, look_up_requests_met, run_at, not_after, review_at, \
             fault_count) VALUES (?1, ?2, 'click', 'PAYMENTS', ?3, ?4, 0, 0, 0, 0, 0, 0, ?4, ?5, ?5, 0)",
        )?
        .execute(params![submission, TENANT, key, at, at + DAY])?;
    batch
        .prepare_cached(
            "INSERT INTO payments (id, tenant_id, idempotency_key, request_hash, submission_id, provider, biller_id, \
             account_reference, bill_ref, amount_minor, currency, status, version, delivery_speed, process_date, \
             save_bill_number, new_bill, created_by, created_at, updated_at) VALUES (?1, ?2, ?3, ?3, ?4, 'click', ?5, \
             ?3, '', 12050, 'SAR', 'READY', 1, 'STANDARD', '2026-01-01', 0, 0, 'bench', ?6, ?6)",
        )?
        .execute(params![payment, TENANT, key, submission, biller, at])?;
    batch
        .prepare_cached(
            "INSERT INTO allocations (payment_id, no, amount_minor, currency) VALUES (?1, 1, 12050, 'SAR')",
        )?
        .execute(params![payment])?;
    batch
        .prepare_cached(
            "INSERT INTO bill_claims (tenant_id, biller_id, account_reference, bill_ref, payment_id) \
             VALUES (?1, ?2, ?3, '', ?4)",
        )?
        .execute(params![TENANT, biller, key, payment])?;
    batch
        .prepare_cached(
            "INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, status, kind, actor, \
             at) VALUES (?1, ?2, 'PAYMENT', ?3, 1, 'READY', 'PAYMENT_CREATED', 'bench', ?4)",
        )?
        .execute(params![TENANT, head, payment, at])?;
    Ok(())
}
