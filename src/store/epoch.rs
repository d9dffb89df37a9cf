//! The database's own life: notices that it was restored from a backup, which may have forgotten submissions.
//!
//! PostgreSQL starts a new timeline when a backup is restored or a replica promoted, and not when it merely restarts.
//! What was due then may have been sent in the life that was forgotten. The timeline is that of the log being written,
//! since the control file names the new one only after the next checkpoint. Nothing is claimed while the database lives
//! another life than the one on record ([`SAME_LIFE`]), so that a failover under running servers sends nothing either.
//!
//! Nor is a sequence given twice: what clients heard in the life that was forgotten must not pass for what they have
//! heard of this one. So a log goes on from the present microsecond since 1970 where another life writes to it, whether
//! that is on record yet (`goes_on_from!`) or comes to be ([`Store::accept_epoch`]). No log has grown by a million
//! events a second, so that this lies behind all that any former life gave. A log of which the new life knows nothing
//! begins with 1: it has no head to go on from.

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, Statement};

use entity::db_epoch::{ActiveModel, Column, Entity, Model};

use super::convert::payment;
use super::time::{micros, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::payment::Payment;
use crate::domain::payment::status::{PaymentStatus, ReviewReason};

/// The one row of this table.
const ONLY_ROW: i32 = 1;

/// The timeline of the log that PostgreSQL writes.
macro_rules! timeline {
    () => {
        "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint"
    };
}

/// That the life on record (`e`) is the present one, of the system `s`.
macro_rules! is_on_record {
    () => {
        concat!(
            "(e.system_identifier = s.system_identifier::text AND e.timeline = ",
            $crate::store::epoch::timeline!(),
            ")"
        )
    };
}

/// The present moment as a sequence.
macro_rules! moment {
    () => {
        "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint"
    };
}

/// Where a log goes on from, in PostgreSQL's statement that raises its head: from its head, unless the log that
/// PostgreSQL writes is another life's than the one on record.
macro_rules! goes_on_from {
    () => {
        concat!(
            "greatest(event_heads.sequence, coalesce((SELECT ",
            $crate::store::epoch::moment!(),
            " FROM db_epoch e, pg_control_system() s WHERE e.id = 1 AND NOT ",
            $crate::store::epoch::is_on_record!(),
            "), 0))"
        )
    };
}
pub(super) use {goes_on_from, is_on_record, moment, timeline};

/// All heads, locked in the order of everyone.
const LOCK_HEADS: &str = "SELECT tenant_id FROM event_heads ORDER BY tenant_id COLLATE \"C\" FOR UPDATE";
/// Raises them to where another life's logs go on from.
const RAISE_HEADS: &str = concat!("UPDATE event_heads SET sequence = greatest(sequence, ", moment!(), ")");

/// PostgreSQL's present life.
const PRESENT: &str = concat!("SELECT s.system_identifier::text, ", timeline!(), " FROM pg_control_system() s");
/// That PostgreSQL lives the life that is on record.
pub(super) const SAME_LIFE: &str =
    concat!("EXISTS (SELECT 1 FROM db_epoch e, pg_control_system() s WHERE e.id = 1 AND ", is_on_record!(), ")");

/// What is known of the database's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// It is the one that was known, or the first.
    Known,
    /// It is another: what was due before this moment is suspect.
    Restored(Timestamp),
}

/// One life of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    system_identifier: String,
    timeline: i64,
}

impl Store {
    /// Which life the database lives at present; None where it has only one.
    pub async fn life(&self) -> Result<Option<Life>, StoreError> {
        if self.writer.get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let now = self.present_epoch().await?;
        Ok(Some(Life { system_identifier: now.system_identifier, timeline: now.timeline }))
    }

    /// Compares the database's life with the one that is on record. A new database goes on record at once; another life
    /// only by [`Store::accept_epoch`].
    pub async fn epoch(&self) -> Result<Epoch, StoreError> {
        if self.writer.get_database_backend() != DbBackend::Postgres {
            return Ok(Epoch::Known);
        }
        let now = self.present_epoch().await?;
        match Entity::find_by_id(ONLY_ROW).one(&self.writer).await? {
            Some(known) if known.system_identifier == now.system_identifier && known.timeline == now.timeline => {
                Ok(Epoch::Known)
            }
            Some(_) => Ok(Epoch::Restored(timestamp(now.since)?)),
            None => {
                Entity::insert(all_set::<ActiveModel, _>(now))
                    .on_conflict_do_nothing()
                    .exec_without_returning(&self.writer)
                    .await?;
                Ok(Epoch::Known)
            }
        }
    }

    /// Puts the database's present life on record, has what is held by what was known of another one begin anew, and
    /// every log go on behind all that the other one gave. Of several processes one does so.
    pub async fn accept_epoch(&self) -> Result<(), StoreError> {
        if self.writer.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let now = self.present_epoch().await?;
        let is_another = Condition::any()
            .add(Column::SystemIdentifier.ne(now.system_identifier.as_str()))
            .add(Column::Timeline.ne(now.timeline));
        let work = self.begin(Step::Other).await?;
        let accepted = Entity::update_many()
            .filter(Column::Id.eq(ONLY_ROW))
            .filter(is_another)
            .col_expr(Column::SystemIdentifier, Expr::value(now.system_identifier))
            .col_expr(Column::Timeline, Expr::value(now.timeline))
            .col_expr(Column::Since, Expr::value(now.since))
            .exec(&work.tx)
            .await?;
        if accepted.rows_affected == 1 {
            // By the ends of the logs as they were restored.
            work.begin_lanes_anew().await?;
            work.raise_heads().await?;
        }
        work.commit().await
    }

    /// Payments that were made before `moment` and could have been sent by then, as far as this database knows: those
    /// that are READY, and those that were SCHEDULED for a time that has come. Oldest first.
    pub async fn sendable_before(&self, moment: Timestamp) -> Result<Vec<Payment>, StoreError> {
        use entity::payment::{Column, Entity};
        let due = Query::select()
            .column(entity::submission::Column::Id)
            .from(entity::submission::Entity)
            .and_where(entity::submission::Column::RunAt.lte(micros(moment)))
            .to_owned();
        let scheduled = Column::Status.eq(PaymentStatus::Scheduled.as_str());
        let came_due = Condition::all().add(scheduled).add(Column::SubmissionId.in_subquery(due));
        let ready = Column::Status.eq(PaymentStatus::Ready.as_str());
        let rows = Entity::find()
            .filter(Condition::any().add(ready).add(came_due))
            .filter(Column::CreatedAt.lt(micros(moment)))
            .order_by_asc(Column::Id)
            .all(&self.writer)
            .await?;
        rows.into_iter().map(payment).collect()
    }

    /// Payments in review for `reason`, over all tenants, oldest first.
    pub async fn payments_in_review(&self, reason: ReviewReason) -> Result<Vec<Payment>, StoreError> {
        use entity::payment::{Column, Entity};
        let rows = Entity::find()
            .filter(Column::Status.eq(PaymentStatus::NeedsReview.as_str()))
            .filter(Column::ReviewReason.eq(reason.as_str()))
            .order_by_asc(Column::Id)
            .all(&self.writer)
            .await?;
        rows.into_iter().map(payment).collect()
    }

    async fn present_epoch(&self) -> Result<Model, StoreError> {
        let row = self.writer.query_one_raw(Statement::from_string(DbBackend::Postgres, PRESENT)).await?;
        let row = row.ok_or(StoreError::Unreadable("the database's life"))?;
        Ok(Model {
            id: ONLY_ROW,
            system_identifier: row.try_get_by_index(0)?,
            timeline: row.try_get_by_index(1)?,
            since: micros(self.clock.now()),
        })
    }
}

impl Work {
    async fn raise_heads(&self) -> Result<(), StoreError> {
        self.tx.query_all_raw(Statement::from_string(DbBackend::Postgres, LOCK_HEADS)).await?;
        self.tx.execute_raw(Statement::from_string(DbBackend::Postgres, RAISE_HEADS)).await?;
        Ok(())
    }
}
