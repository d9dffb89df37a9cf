//! The steps of a plain payment on PostgreSQL, each in one statement for as many payments as take it together.
//!
//! Purpose: PostgreSQL's own work bounds how many payments are carried a second, and a step of one payment is otherwise
//! ten round trips to it. Mechanism: as in the storing of new payments (`create::at_once`), one statement, whose text is
//! the same for any number, is given the changes as JSON, finds out itself which of them still hold, and makes those.
//! Guarantee: what it says to be done is committed, as a whole or not at all for each payment; what it leaves out has had
//! no effect, and is to be looked at with care by whoever wanted it; a lock that does not come free in a moment leaves all
//! of them out, so that each waits for its own. Locks are taken in the order of everyone:
//! submissions, payments, bills, and last heads by tenant.

mod mark;
mod settle;

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{QueryResult, Statement, Value};
use serde::Serialize;
use tokio::time::timeout;
use uuid::Uuid;

use super::convert::failure_json;
use super::work::NewEvent;
use super::{Store, StoreError};
use crate::crash::{self, CrashPoint, Step};
use crate::domain::payment::Payment;
use crate::domain::requester::TenantId;
use crate::weakness::{Weakness, planted};

pub use mark::PlainMark;
pub use settle::{PlainEvidence, PlainSettlement};

/// No step is waited for any longer: all that come behind it would wait as well, on a connection that may be dead. Its
/// locks come free in a moment or not at all.
const LONGEST_STEP: Duration = Duration::from_secs(5);

/// What is told of a change, as a row of JSON.
#[derive(Serialize)]
struct Told {
    tenant_id: String,
    customer: Option<String>,
    subject_id: Uuid,
    subject_version: i32,
    status: Option<String>,
    kind: String,
    actor: String,
    reason: Option<String>,
    failure: Option<String>,
}

impl Told {
    fn of(event: &NewEvent) -> Self {
        Self {
            tenant_id: event.tenant.as_str().to_owned(),
            customer: event.customer.clone(),
            subject_id: event.subject_id,
            subject_version: event.subject_version,
            status: event.status.clone(),
            kind: event.kind.to_string(),
            actor: event.actor.clone(),
            reason: event.reason.clone(),
            failure: failure_json(event.failure.as_ref()),
        }
    }
}

/// Waits for no lock for longer than a moment: one tenant's log may be held, and the others are not to wait for it. A
/// table of one row that says nothing; the setting ends with the statement.
macro_rules! impatiently {
    () => {
        "(SELECT set_config('lock_timeout', '100ms', TRUE) OFFSET 0) AS patience"
    };
}

/// Whether a submission is still held as it was when the change was decided.
fn held() -> &'static str {
    if planted(Weakness::NoFence) { "TRUE" } else { "submissions.fence = asked.fence" }
}

/// The columns of [`Told`] in a statement.
macro_rules! told_columns {
    () => {
        "tenant_id text, customer text, subject_id uuid, subject_version integer, status text, kind text, \
         actor text, reason text, failure text"
    };
}

/// Numbers and tells the events of the changes that a part `$done` of the statement made: a table with the columns of
/// [`Told`] and `place`. Their time is `$2`. `$before` is what must have been done before a head is held.
macro_rules! tell_of {
    ($done:literal, $before:literal) => {
        concat!(
            "heads AS (
    INSERT INTO event_heads (tenant_id, sequence)
    SELECT tenant_id, count(*) FROM ",
            $done,
            " WHERE ",
            $before,
            " GROUP BY tenant_id ORDER BY tenant_id COLLATE \"C\"
    ON CONFLICT (tenant_id) DO UPDATE SET sequence = ",
            $crate::store::epoch::goes_on_from!(),
            " + excluded.sequence
    RETURNING tenant_id, sequence
), told AS (
    INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, customer, status, kind, actor,
        reason, failure, at)
    SELECT tenant_id, sequence - count(*) OVER of_tenant + row_number() OVER in_turn, 'PAYMENT', subject_id,
        subject_version, customer, status, kind, actor, reason, failure, $2
    FROM ",
            $done,
            " JOIN heads USING (tenant_id)
    WINDOW of_tenant AS (PARTITION BY tenant_id), in_turn AS (PARTITION BY tenant_id ORDER BY place)
)
SELECT place, tenant_id, heads.sequence FROM ",
            $done,
            " JOIN heads USING (tenant_id)"
        )
    };
}
use {impatiently, tell_of, told_columns};

impl Store {
    /// Whether a plain payment's steps may go by one statement. Two of the weaknesses that tests plant stand on the
    /// careful way alone.
    pub fn carries_at_once(&self) -> bool {
        self.is_postgres() && !planted(Weakness::NoMark) && !planted(Weakness::SequenceWithoutHead)
    }

    /// Sends one of the statements: for each change whether it was made. What failed as a whole, and is known not to
    /// have been stored, was made for nobody; each who looks with care learns why.
    async fn change_at_once(
        &self,
        step: Step,
        sql: &str,
        values: Vec<Value>,
        changes: usize,
    ) -> Vec<Result<bool, StoreError>> {
        let statement = Statement::from_sql_and_values(self.writer.get_database_backend(), sql, values);
        crash::point(CrashPoint::BeforeCommit(step));
        let answered = match timeout(LONGEST_STEP, self.query_often(statement)).await {
            Ok(answered) => answered.map_err(StoreError::of_whole),
            Err(_elapsed) => Err(StoreError::unheard()),
        };
        let made = match answered.and_then(|rows| self.read_made(&rows, changes)) {
            Ok(made) => made,
            Err(error @ StoreError::OutcomeUnknown(_)) => return vec![Err(error); changes],
            Err(error) => {
                let source = std::error::Error::source(&error).map(tracing::field::display);
                tracing::warn!(%error, source, "a step of several payments could not be stored at once");
                return vec![Ok(false); changes];
            }
        };
        crash::point(CrashPoint::AfterCommit(step));
        made.into_iter().map(Ok).collect()
    }

    /// Tells those in this process who wait for what was made.
    fn tell_waiters<'a>(&self, after: impl Iterator<Item = &'a Payment>, made: &[Result<bool, StoreError>]) {
        for (payment, made) in after.zip(made) {
            if matches!(made, Ok(true)) {
                self.waiters.tell(payment);
            }
        }
    }

    /// It is committed: whoever cannot read the answer does not know it.
    fn read_made(&self, rows: &[QueryResult], changes: usize) -> Result<Vec<bool>, StoreError> {
        let unread = |error| StoreError::OutcomeUnknown(error);
        let mut made = vec![false; changes];
        let mut heads = BTreeMap::new();
        for row in rows {
            let place: i32 = row.try_get_by_index(0).map_err(unread)?;
            let tenant: String = row.try_get_by_index(1).map_err(unread)?;
            let head: i64 = row.try_get_by_index(2).map_err(unread)?;
            if let Some(made) = usize::try_from(place).ok().and_then(|place| made.get_mut(place)) {
                *made = true;
            }
            heads.insert(tenant, head);
        }
        for (tenant, head) in heads {
            if let Ok(tenant) = TenantId::try_new(&tenant) {
                self.heads.committed(&tenant, head);
            }
        }
        Ok(made)
    }
}
