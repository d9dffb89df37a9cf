//! One change: a transaction whose events are numbered last, and whose commit has three endings.
//!
//! Locks are taken in one order (submission, payments, attempts, event heads by tenant), so that two changes cannot
//! wait for each other. Dropping a [`Work`] takes everything back.

use std::collections::BTreeSet;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

use super::convert;
use super::epoch::goes_on_from;
use super::time::micros;
use super::{Store, StoreError};
use crate::crash::{self, CrashPoint, Step};
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::BulkPaymentId;
use crate::domain::payment::Failure;
use crate::domain::payment::Payment;
use crate::domain::payment::status::PaymentStatus;
use crate::domain::requester::TenantId;
use crate::weakness::{Weakness, planted};

/// An event without its number.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose log it goes to.
    pub tenant: TenantId,
    /// What kind of object changed.
    pub subject_kind: SubjectKind,
    /// Which one.
    pub subject_id: Uuid,
    /// Which change of it this is.
    pub subject_version: i32,
    /// Whose object it is.
    pub customer: Option<String>,
    /// The object's status after it, where it has one.
    pub status: Option<String>,
    /// What happened.
    pub kind: EventType,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Raises the head of a log by some events, and answers it.
const RAISE_HEAD: &str = concat!(
    "INSERT INTO event_heads (tenant_id, sequence) VALUES ($1, $2) ON CONFLICT (tenant_id) DO UPDATE SET sequence = ",
    goes_on_from!(),
    " + excluded.sequence RETURNING sequence"
);
/// The same on SQLite, which tells no life from another.
const RAISE_HEAD_OF_ONE_LIFE: &str = "INSERT INTO event_heads (tenant_id, sequence) VALUES ($1, $2) \
    ON CONFLICT (tenant_id) DO UPDATE SET sequence = event_heads.sequence + excluded.sequence RETURNING sequence";

/// One transaction.
#[derive(Debug)]
pub struct Work {
    pub(super) tx: DatabaseTransaction,
    store: Store,
    step: Step,
    events: Vec<NewEvent>,
    wakes_worker: bool,
    bulks: BTreeSet<BulkPaymentId>,
    /// Payments that somebody waits for, as they become.
    awaited: Vec<Payment>,
}

impl Store {
    /// Begins a change.
    pub async fn begin(&self, step: Step) -> Result<Work, StoreError> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let tx = self.writer.begin_with_options(options).await?;
        Ok(Work {
            tx,
            store: self.clone(),
            step,
            events: Vec::new(),
            wakes_worker: false,
            bulks: BTreeSet::new(),
            awaited: Vec::new(),
        })
    }
}

impl Work {
    pub(super) fn backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }

    /// How far the clock of the leases is moved.
    pub(super) fn offset(&self) -> i64 {
        self.store.clock.offset_micros()
    }

    /// Now, as events and rows tell it.
    pub fn now(&self) -> jiff::Timestamp {
        self.store.clock.now()
    }

    /// Records an event; it is numbered when the change is committed.
    pub fn tell(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Has the worker look for due work once the change is committed.
    pub fn wake_worker(&mut self) {
        self.wakes_worker = true;
    }

    /// Remembers a bulk one of whose payments changed: how it stands as a whole is told before the commit.
    pub(super) fn touch_bulk(&mut self, bulk: Option<BulkPaymentId>) {
        self.bulks.extend(bulk);
    }

    /// Remembers a payment that somebody in this process waits for: whoever does is told of it after the commit.
    pub(super) fn note_awaited(&mut self, payment: &Payment) {
        if self.store.waiters.want(payment.id) {
            self.awaited.push(payment.clone());
        }
    }

    /// Numbers the events and commits.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        for bulk in std::mem::take(&mut self.bulks) {
            self.note_bulk(bulk).await?;
        }
        let heads = self.append_events().await?;
        crash::point(CrashPoint::BeforeCommit(self.step));
        self.tx.commit().await.map_err(StoreError::of_commit)?;
        crash::point(CrashPoint::AfterCommit(self.step));
        for (tenant, head) in heads {
            self.store.heads.committed(&tenant, head);
        }
        self.awaited.iter().for_each(|payment| self.store.waiters.tell(payment));
        if self.wakes_worker {
            self.store.heads.nudge_work();
        }
        Ok(())
    }

    /// Takes everything back.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        self.tx.rollback().await.map_err(StoreError::from)
    }

    async fn append_events(&mut self) -> Result<Vec<(TenantId, i64)>, StoreError> {
        let mut events = std::mem::take(&mut self.events);
        // Heads are locked in one order by everyone.
        events.sort_by(|one, other| one.tenant.cmp(&other.tenant));
        let mut heads = Vec::new();
        let mut rows = Vec::with_capacity(events.len());
        let at = micros(self.now());
        for of_tenant in events.chunk_by(|one, other| one.tenant == other.tenant) {
            let tenant = &of_tenant[0].tenant;
            let count = i64::try_from(of_tenant.len()).unwrap_or(i64::MAX);
            let head = self.raise_head(tenant, count).await?;
            rows.extend((head - count + 1..).zip(of_tenant).map(|(sequence, event)| row(sequence, event, at)));
            heads.push((tenant.clone(), head));
        }
        self.insert_all::<entity::event::Entity>(rows).await?;
        Ok(heads)
    }

    async fn raise_head(&self, tenant: &TenantId, by: i64) -> Result<i64, StoreError> {
        let backend = self.backend();
        let sql = if backend == DbBackend::Postgres { RAISE_HEAD } else { RAISE_HEAD_OF_ONE_LIFE };
        let statement = Statement::from_sql_and_values(backend, sql, [tenant.as_str().into(), by.into()]);
        // SQLite has one writer, so that nothing there can be numbered apart.
        let row = if planted(Weakness::SequenceWithoutHead) && backend == DbBackend::Postgres {
            self.store.writer.query_one_raw(statement).await?
        } else {
            self.tx.query_one_raw(statement).await?
        };
        Ok(row.ok_or(StoreError::Unreadable("an event head"))?.try_get_by_index(0)?)
    }

    /// The payments of a submission, locked.
    pub async fn payments_of(&self, submission: crate::domain::ids::SubmissionId) -> Result<Vec<Payment>, StoreError> {
        let rows = entity::payment::Entity::find()
            .filter(entity::payment::Column::SubmissionId.eq(submission.uuid()))
            .all(&self.tx)
            .await?;
        rows.into_iter().map(convert::payment).collect()
    }
}

/// The event that tells of a payment's change.
pub(super) fn payment_event(after: &Payment, kind: EventType, actor: &str, reason: Option<String>) -> NewEvent {
    NewEvent {
        tenant: after.tenant.clone(),
        subject_kind: SubjectKind::Payment,
        subject_id: after.id.uuid(),
        subject_version: after.version,
        customer: after.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        status: Some(after.status.to_string()),
        kind,
        actor: actor.to_owned(),
        reason,
        failure: after.failure.clone().filter(|_| after.status == PaymentStatus::Failed),
    }
}

fn row(sequence: i64, event: &NewEvent, at: i64) -> entity::event::Model {
    entity::event::Model {
        tenant_id: event.tenant.as_str().to_owned(),
        sequence,
        subject_kind: event.subject_kind.to_string(),
        subject_id: event.subject_id,
        subject_version: event.subject_version,
        customer: event.customer.clone(),
        status: event.status.clone(),
        kind: event.kind.to_string(),
        actor: event.actor.clone(),
        reason: event.reason.clone(),
        failure: convert::failure_json(event.failure.as_ref()),
        at,
    }
}

/// An active model whose every column is to be written.
pub(super) fn all_set<A, M>(model: M) -> A
where
    A: sea_orm::ActiveModelTrait,
    M: sea_orm::IntoActiveModel<A>,
{
    use sea_orm::Iterable;
    let mut active = model.into_active_model();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        active.reset(column);
    }
    active
}
