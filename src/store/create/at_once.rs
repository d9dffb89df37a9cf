//! Storing plain new payments on PostgreSQL at once: keys, claims, rows and events in one statement.
//!
//! Purpose: PostgreSQL's own work bounds how many payments are taken a second, and otherwise a batch is ten round trips
//! to it, from the beginning to the commit. Mechanism: one statement, whose text is the same for a batch of any size,
//! is given the batch as JSON; it leaves out whose key is used, takes the claims that are free, and stores the payments
//! that lack none, each for the bill of its account where it seeks that. It is raw SQL because no builder writes
//! data-modifying parts that feed each other. Guarantee: being a transaction of its own, it is stored as a whole or not
//! at all, and its answer comes after the commit. What it left out is told why by a statement that begins later, and so
//! sees what was in the way. Locks are taken in the order of bytes: claims first, then keys, and last, as everywhere,
//! heads by tenant.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use uuid::Uuid;

use super::super::account_bills::bill_of_account;
use super::super::convert::date;
use super::super::epoch::{SAME_LIFE, goes_on_from};
use super::super::submissions::span;
use super::super::time::{micros, now_sql};
use super::super::{Store, StoreError};
use super::asked::{Row, rows_of};
use super::carefully::Waits;
use super::{Created, Key, Lease, NewSubmission, Outcome, Stored, key_of, used_payments};
use crate::crash::{self, CrashPoint, Step};
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::BillId;
use crate::domain::requester::TenantId;
use crate::weakness::{Weakness, planted};

/// The parameters: the payments as JSON, the events' kind of subject, their type, and their time; who is to hold those
/// that are to be held, for how long, and how far the clock of the leases is moved.
///
/// The look-up of a key is bounded from below and sorted, not compared: so it goes by the index of the keys also while
/// the database does not know yet how many payments a tenant has. What a bill that is found does to its payment is what
/// `NewPayment::note_bill` does to those that are stored in another way.
static AT_ONCE: LazyLock<String> = LazyLock::new(|| {
    format!(
        concat!(
            "\
WITH asked AS MATERIALIZED (
    SELECT item.*, (
        SELECT next.id FROM (
            SELECT id, idempotency_key FROM payments
            WHERE payments.tenant_id = item.tenant_id AND payments.idempotency_key >= item.idempotency_key
            ORDER BY payments.idempotency_key LIMIT 1
        ) next WHERE next.idempotency_key = item.idempotency_key) AS used_by
    FROM json_to_recordset($1::json) AS item (
        place integer, is_held boolean, claims boolean, claimant text, id uuid, tenant_id text, customer text, idempotency_key text,
        request_hash text, submission_id uuid, provider text, biller_id uuid, account_reference text,
        second_reference text, bill_number_id uuid, bill_ref text, amount_minor bigint, currency text, status text,
        version integer, payer_name text, payer_phone text, description text, funding_account_id uuid,
        delivery_speed text, process_date text, due_date text, callback_url text, save_bill_number boolean,
        our_reference text, new_bill boolean, created_by text, created_at bigint, bill_id uuid, bill_reference text,
        sought text, takes_due_date boolean, subject text, provider_key text, next_action_at bigint, run_at bigint,
        not_after bigint, review_at bigint)
), claimed AS (
    INSERT INTO bill_claims (tenant_id, biller_id, account_reference, bill_ref, payment_id)
    SELECT claimant, biller_id, coalesce(account_reference, ''), bill_ref, id FROM asked
    WHERE claims AND used_by IS NULL
    ORDER BY claimant COLLATE \"C\", biller_id, coalesce(account_reference, '') COLLATE \"C\",
        bill_ref COLLATE \"C\", place
    ON CONFLICT DO NOTHING RETURNING payment_id
), taken AS MATERIALIZED (
    SELECT asked.*, asked.is_held AND {same_life} AS holds, coalesce(owed.id, asked.bill_id) AS pays_bill_id,
        coalesce(CASE WHEN asked.takes_due_date THEN owed.due_date END, asked.due_date) AS due
    FROM asked LEFT JOIN LATERAL ",
            bill_of_account!(),
            " ON TRUE
    WHERE asked.used_by IS NULL AND (NOT asked.claims OR asked.id IN (SELECT payment_id FROM claimed))
), sent AS (
    INSERT INTO submissions (id, tenant_id, provider, subject, provider_key, next_action_at, lease_owner, lease_until,
        fence, attempt_count, submits, look_ups, look_up_requests, look_up_requests_met, run_at, not_after, review_at,
        fault_count)
    SELECT submission_id, tenant_id, provider, subject, provider_key, next_action_at, CASE WHEN holds THEN $5 END,
        CASE WHEN holds THEN {now} + $6 END, CASE WHEN holds THEN 1 ELSE 0 END, 0, 0, 0, 0, 0, run_at, not_after,
        review_at, 0 FROM taken
), paid AS (
    INSERT INTO payments (id, tenant_id, customer, idempotency_key, request_hash, submission_id, provider, biller_id,
        account_reference, second_reference, bill_number_id, bill_ref, amount_minor, currency, status, version,
        payer_name, payer_phone, description, funding_account_id, delivery_speed, process_date, due_date, callback_url,
        save_bill_number, our_reference, new_bill, created_by, created_at, updated_at)
    SELECT id, tenant_id, customer, idempotency_key, request_hash, submission_id, provider, biller_id,
        account_reference, second_reference, bill_number_id, bill_ref, amount_minor, currency, status, version,
        payer_name, payer_phone, description, funding_account_id, delivery_speed, process_date, due, callback_url,
        save_bill_number, our_reference, new_bill, created_by, created_at, created_at FROM taken
    ORDER BY tenant_id COLLATE \"C\", idempotency_key COLLATE \"C\"
    RETURNING tenant_id
), parts AS (
    INSERT INTO allocations (payment_id, no, bill_id, bill_reference, amount_minor, currency)
    SELECT id, 1, pays_bill_id, bill_reference, amount_minor, currency FROM taken
), heads AS (
    INSERT INTO event_heads (tenant_id, sequence)
    SELECT tenant_id, count(*) FROM paid GROUP BY tenant_id ORDER BY tenant_id COLLATE \"C\"
    ON CONFLICT (tenant_id) DO UPDATE SET sequence = ",
            goes_on_from!(),
            " + excluded.sequence
    RETURNING tenant_id, sequence
), told AS (
    INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, customer, status, kind, actor,
        at)
    SELECT tenant_id, sequence - count(*) OVER of_tenant + row_number() OVER in_turn, $2, id, version, customer,
        status, $3, created_by, $4
    FROM taken JOIN heads USING (tenant_id)
    WINDOW of_tenant AS (PARTITION BY tenant_id), in_turn AS (PARTITION BY tenant_id ORDER BY place)
)
SELECT asked.place, asked.used_by IS NOT NULL, heads.sequence, taken.due, taken.pays_bill_id,
    coalesce(taken.holds, FALSE)
FROM asked LEFT JOIN taken ON taken.place = asked.place LEFT JOIN heads ON heads.tenant_id = taken.tenant_id"
        ),
        same_life = SAME_LIFE,
        now = now_sql(DbBackend::Postgres, "$7"),
    )
});

/// What the statement made of the payment at a place of the batch.
struct Verdict {
    place: usize,
    key_is_used: bool,
    /// The last sequence of its tenant's log, where it was stored.
    head: Option<i64>,
    /// Its due date as it was stored.
    due: Option<String>,
    /// The bill that it pays, as it was stored.
    bill: Option<Uuid>,
    /// Whether it was claimed as it was stored.
    is_held: bool,
}

impl Verdict {
    /// How it was stored. It is committed: whoever cannot read its due date does not know it.
    fn stored(&self) -> Outcome {
        let unread = |_| StoreError::OutcomeUnknown(DbErr::Custom("a due date that cannot be read".to_owned()));
        let due_date = self.due.as_deref().map(date).transpose().map_err(unread)?;
        Ok(Created::Stored(Stored { due_date, bill: self.bill.map(BillId::from_uuid), is_claimed: self.is_held }))
    }
}

impl Store {
    /// Stores what can be stored at once. What is left open is to be looked at with care, and with as much patience as
    /// this answers.
    pub(super) async fn create_at_once(&self, batch: &[NewSubmission], outcomes: &mut [Option<Outcome>]) -> Waits {
        if !self.is_postgres() || planted(Weakness::SequenceWithoutHead) {
            return Waits::AsUsual;
        }
        let rows = rows_of(batch);
        let Some(first) = rows.first() else { return Waits::AsUsual };
        let is_of_one_tenant = rows.iter().all(|row| row.tenant_id == first.tenant_id);
        match self.try_at_once(&rows, batch.iter().find_map(|new| new.claim.as_ref())).await {
            Ok(verdicts) => {
                self.tell_stored(batch, &verdicts);
                for verdict in verdicts.iter().filter(|verdict| verdict.head.is_some()) {
                    outcomes[verdict.place] = Some(verdict.stored());
                }
                self.tell_used(batch, &verdicts, outcomes).await;
                Waits::AsUsual
            }
            Err(error) if error.is_of_all() || (error.is_held() && is_of_one_tenant) => {
                let asked = rows.iter().filter_map(|row| usize::try_from(row.place).ok());
                asked.for_each(|place| outcomes[place] = Some(Err(error.clone())));
                if error.is_held() { Waits::Briefly } else { Waits::AsUsual }
            }
            // Whose lock it is will show.
            Err(error) if error.is_held() => Waits::Briefly,
            // Two raced for a key, or the database takes one of the payments under no circumstances.
            Err(_of_some) => Waits::AsUsual,
        }
    }

    async fn try_at_once(&self, rows: &[Row], lease: Option<&Lease>) -> Result<Vec<Verdict>, StoreError> {
        let json = serde_json::to_string(rows).map_err(|_| StoreError::Unreadable("a new payment"))?;
        let (subject, kind) = (SubjectKind::Payment.to_string(), EventType::PaymentCreated.to_string());
        let values = [
            json.into(),
            subject.into(),
            kind.into(),
            micros(self.clock.now()).into(),
            lease.map(|lease| lease.owner.clone()).into(),
            lease.map(|lease| span(lease.length)).into(),
            self.clock.offset_micros().into(),
        ];
        let statement = Statement::from_sql_and_values(self.writer.get_database_backend(), &*AT_ONCE, values);
        crash::point(CrashPoint::BeforeCommit(Step::Create));
        let found = self.query_often(statement).await.map_err(StoreError::of_whole)?;
        crash::point(CrashPoint::AfterCommit(Step::Create));
        let last = rows.last().map_or(0, |row| row.place);
        // It is committed: whoever cannot read the answer does not know it.
        found.iter().map(|row| verdict(row, last).map_err(StoreError::OutcomeUnknown)).collect()
    }

    /// Tells whoever waits for events, and the worker, where something was not claimed as it was stored.
    fn tell_stored(&self, batch: &[NewSubmission], verdicts: &[Verdict]) {
        let stored =
            verdicts.iter().filter_map(|verdict| Some((&batch[verdict.place].submission.tenant, verdict.head?)));
        let heads: BTreeMap<&TenantId, i64> = stored.collect();
        for (tenant, head) in &heads {
            self.heads.committed(tenant, *head);
        }
        if verdicts.iter().any(|verdict| verdict.head.is_some() && !verdict.is_held) {
            self.heads.nudge_work();
        }
    }

    /// Tells which payments were made with the keys that are used. Where they cannot be read, that is left open.
    async fn tell_used(&self, batch: &[NewSubmission], verdicts: &[Verdict], outcomes: &mut [Option<Outcome>]) {
        let places = verdicts.iter().filter(|verdict| verdict.key_is_used).map(|verdict| verdict.place);
        let keys: Vec<(usize, Key)> = places.filter_map(|place| Some((place, key_of(&batch[place])?))).collect();
        if keys.is_empty() {
            return;
        }
        let wanted: Vec<Key> = keys.iter().map(|(_, key)| key.clone()).collect();
        let Ok(used) = used_payments(&self.writer, &wanted).await else { return };
        for (place, key) in keys {
            outcomes[place] = used.get(&key).cloned().map(Ok);
        }
    }
}

/// Of a place from the first to the last that was asked for, and of no other.
fn verdict(row: &QueryResult, last: i32) -> Result<Verdict, DbErr> {
    let place: i32 = row.try_get_by_index(0)?;
    let known = usize::try_from(place).ok().filter(|_| place <= last);
    let place = known.ok_or_else(|| DbErr::Custom("an answer for nobody who asked".to_owned()))?;
    Ok(Verdict {
        place,
        key_is_used: row.try_get_by_index(1)?,
        head: row.try_get_by_index(2)?,
        due: row.try_get_by_index(3)?,
        bill: row.try_get_by_index(4)?,
        is_held: row.try_get_by_index(5)?,
    })
}
