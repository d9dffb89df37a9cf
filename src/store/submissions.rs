//! Submissions: claimed by lease, guarded by a fence.

use std::time::Duration;

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    Statement,
};

use entity::submission::{Column, Entity, Model};

use super::convert::submission;
use super::epoch::SAME_LIFE;
use super::time::{began_sql, micros, now_sql};
use super::work::Work;
use super::{Store, StoreError};
use crate::crash::{self, CrashPoint, Step};
use crate::domain::ids::SubmissionId;
use crate::domain::payment::Payment;
use crate::domain::payment::submission::Submission;
use crate::domain::provider::ProviderCode;
use crate::weakness::{Weakness, planted};

impl Work {
    /// Claims up to `limit` due submissions for `owner`: each gets a new fence and a lease by the database's clock.
    pub async fn claim_due(&self, owner: &str, lease: Duration, limit: u64) -> Result<Vec<Submission>, StoreError> {
        let claim = Claim { owner, lease, limit, only_unsent: false };
        let claimed = Entity::find().from_raw_sql(claim.statement(self.backend(), self.offset()));
        Ok(claimed.all(&self.tx).await?.into_iter().filter_map(readable).collect())
    }

    /// A submission, locked until the end of the change.
    pub async fn lock_submission(&self, id: SubmissionId) -> Result<Option<Submission>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.tx).await?;
        found.map(submission).transpose()
    }

    /// The submission that a provider or we named so, locked until the end of the change.
    pub async fn lock_submission_by_reference(
        &self,
        provider: ProviderCode,
        ours: Option<&str>,
        theirs: Option<&str>,
    ) -> Result<Option<Submission>, StoreError> {
        let of_provider = || Entity::find().filter(Column::Provider.eq(provider.as_str())).lock_exclusive();
        if let Some(ours) = ours
            && let Some(found) = of_provider().filter(Column::ProviderKey.eq(ours)).one(&self.tx).await?
        {
            return submission(found).map(Some);
        }
        let Some(theirs) = theirs else { return Ok(None) };
        let mut found = of_provider().filter(Column::ProviderReference.eq(theirs)).limit(2).all(&self.tx).await?;
        if found.is_empty() {
            // A bulk's payments are named one by one.
            found =
                of_provider().filter(Column::Id.in_subquery(named(provider, theirs))).limit(2).all(&self.tx).await?;
        }
        // Two of the same name prove nothing about either.
        if found.len() == 1 { found.pop().map(submission).transpose() } else { Ok(None) }
    }

    /// Marks a submission before the call: only who holds the lease may, and only while the lease outlives the call
    /// by `margin`. The row comes due by itself when the lease ends.
    pub async fn mark(&self, submission: &Submission, call: Duration, margin: Duration) -> Result<bool, StoreError> {
        let backend = self.backend();
        let now = now_sql(backend, "$1");
        let held = if planted(Weakness::NoFence) {
            "$1 + $8 + $9 IS NOT NULL".to_owned()
        } else {
            format!("fence = $8 AND lease_until > {now} + $9")
        };
        let sql = format!(
            "UPDATE submissions SET next_action_at = lease_until, attempt_count = $2, submits = $3, last_submit_at = $4, \
               key_first_used_at = $5, request_bytes = $6, last_submit_verdict = NULL, look_ups = 0, last_look_up_verdict = NULL, last_look_up_at = NULL \
             WHERE id = $7 AND {held}"
        );
        let values = [
            self.offset().into(),
            submission.attempt_count.into(),
            i32::try_from(submission.submits).unwrap_or(i32::MAX).into(),
            submission.last_submit_at.map(micros).into(),
            submission.key_first_used_at.map(micros).into(),
            submission.request_bytes.clone().into(),
            submission.id.uuid().into(),
            submission.fence.into(),
            span(call + margin).into(),
        ];
        let marked = self.tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(marked.rows_affected() == 1)
    }

    /// A weakness that a test plants: what the fence would have told is taken over unseen.
    pub async fn unfence(&self, submission: &mut Submission) -> Result<Vec<Payment>, StoreError> {
        if let Some(current) = self.lock_submission(submission.id).await? {
            let request_bytes = submission.request_bytes.take();
            *submission = Submission { request_bytes, ..current };
        }
        self.payments_of(submission.id).await
    }

    /// Marks a call that is no submission: a recall. As [`mark`](Self::mark), but nothing is counted as sent.
    pub async fn mark_call(
        &self,
        submission: &Submission,
        call: Duration,
        margin: Duration,
    ) -> Result<bool, StoreError> {
        let backend = self.backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "UPDATE submissions SET next_action_at = lease_until, attempt_count = $2, look_ups = 0 \
             WHERE id = $3 AND fence = $4 AND lease_until > {now} + $5"
        );
        let values = [
            self.offset().into(),
            submission.attempt_count.into(),
            submission.id.uuid().into(),
            submission.fence.into(),
            span(call + margin).into(),
        ];
        let marked = self.tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(marked.rows_affected() == 1)
    }

    /// Saves what a step learned and gives the lease back. Who holds an older fence saves nothing here and is told so.
    pub async fn release(&self, after: &Submission, next: Option<Timestamp>) -> Result<bool, StoreError> {
        let (verdict, at) = match after.last_look_up {
            Some((verdict, at)) => (Some(verdict.to_string()), Some(micros(at))),
            None => (None, None),
        };
        let released = Entity::update_many()
            .filter(Column::Id.eq(after.id.uuid()))
            .filter(Column::Fence.eq(after.fence))
            .col_expr(Column::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(Column::LeaseUntil, Expr::value(Option::<i64>::None))
            .col_expr(Column::NextActionAt, Expr::value(next.map(micros)))
            .col_expr(Column::AttemptCount, Expr::value(after.attempt_count))
            .col_expr(Column::LastSubmitAt, Expr::value(after.last_submit_at.map(micros)))
            .col_expr(Column::LastSubmitVerdict, Expr::value(after.last_submit_verdict.map(|said| said.to_string())))
            .col_expr(Column::LookUps, Expr::value(i32::try_from(after.look_ups).unwrap_or(i32::MAX)))
            .col_expr(Column::LastLookUpVerdict, Expr::value(verdict))
            .col_expr(Column::LastLookUpAt, Expr::value(at))
            .col_expr(Column::LookUpRequestsMet, Expr::value(after.look_up_requests_met))
            .col_expr(Column::FaultCount, Expr::value(after.fault_count))
            .exec(&self.tx)
            .await?;
        Ok(released.rows_affected == 1)
    }

    /// Counts an attempt, whoever makes it.
    pub async fn count_attempt(&self, id: SubmissionId, count: i32) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .col_expr(Column::AttemptCount, Expr::value(count))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Keeps the provider's reference, whoever learned it.
    pub async fn keep_provider_reference(&self, id: SubmissionId, reference: &str) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .col_expr(Column::ProviderReference, Expr::value(reference))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Asks for a look-up as soon as possible.
    pub async fn request_look_up(&mut self, id: SubmissionId) -> Result<(), StoreError> {
        let now = Expr::cust(now_sql(self.backend(), &self.offset().to_string()));
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .col_expr(Column::LookUpRequests, Expr::col(Column::LookUpRequests).add(1))
            .col_expr(Column::NextActionAt, now)
            .exec(&self.tx)
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Has the worker look at a submission at `next`, or never by itself.
    pub async fn reschedule(&self, id: SubmissionId, next: Option<Timestamp>) -> Result<(), StoreError> {
        self.schedule_where(id, next, Condition::all()).await
    }

    /// Has the worker look at a submission at `next`, or never by itself, unless somebody holds it: who does decides that
    /// at its end, and where it is gone the row comes due with its lease.
    pub async fn schedule_unless_held(&self, id: SubmissionId, next: Option<Timestamp>) -> Result<(), StoreError> {
        self.schedule_where(id, next, Column::LeaseUntil.is_null()).await
    }

    /// Has the worker look at a submission at `next` that it would not have looked at again.
    pub async fn schedule_resting(&self, id: SubmissionId, next: Timestamp) -> Result<(), StoreError> {
        self.schedule_where(id, Some(next), Column::NextActionAt.is_null()).await
    }

    async fn schedule_where(
        &self,
        id: SubmissionId,
        next: Option<Timestamp>,
        stands: impl IntoCondition,
    ) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .filter(stands)
            .col_expr(Column::NextActionAt, Expr::value(next.map(micros)))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

impl Store {
    /// Claims, as [`Work::claim_due`], of those that were never sent: they have left nothing behind that would have to
    /// change with the claim, which so is a statement by itself. Only on PostgreSQL; elsewhere there are none.
    pub async fn claim_unsent(&self, owner: &str, lease: Duration, limit: u64) -> Result<Vec<Submission>, StoreError> {
        if !self.is_postgres() || limit == 0 {
            return Ok(Vec::new());
        }
        let claim = Claim { owner, lease, limit, only_unsent: true };
        let statement = claim.statement(DbBackend::Postgres, self.clock.offset_micros());
        crash::point(CrashPoint::BeforeCommit(Step::Claim));
        let rows = self.query_often(statement).await.map_err(StoreError::of_whole)?;
        if !rows.is_empty() {
            crash::point(CrashPoint::AfterCommit(Step::Claim));
        }
        let models = rows.iter().map(|row| Model::from_query_result(row, ""));
        let models: Vec<Model> = models.collect::<Result<_, _>>().map_err(StoreError::from)?;
        Ok(models.into_iter().filter_map(readable).collect())
    }

    /// Lets go of what a process may have claimed as it was stored, and knows nothing of: nothing of it was sent.
    pub async fn give_back_unsent(&self, owner: &str, ids: &[SubmissionId]) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.is_in(ids.iter().map(|id| id.uuid())))
            .filter(Column::LeaseOwner.eq(owner))
            .filter(Column::Fence.eq(1))
            .filter(Column::AttemptCount.eq(0))
            .col_expr(Column::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(Column::LeaseUntil, Expr::value(Option::<i64>::None))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// When the next submission comes due, by the database's clock: how long from now, nothing where none will.
    pub async fn next_due_in(&self) -> Result<Option<Duration>, StoreError> {
        let backend = self.reader.get_database_backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "SELECT CAST(min(coalesce(lease_until, next_action_at)) - {now} AS BIGINT) FROM submissions \
             WHERE next_action_at IS NOT NULL"
        );
        let statement = Statement::from_sql_and_values(backend, sql, [self.clock.offset_micros().into()]);
        let row = self.reader.query_one_raw(statement).await?;
        let micros = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
        Ok(micros.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or_default())))
    }

    /// How many attempts a submission has had.
    pub async fn attempt_count(&self, id: SubmissionId) -> Result<i32, StoreError> {
        let found = Entity::find_by_id(id.uuid()).one(&self.reader).await?;
        Ok(found.map_or(0, |row| row.attempt_count))
    }
}

/// Whose claim it is, for how long, and of what.
struct Claim<'a> {
    owner: &'a str,
    lease: Duration,
    limit: u64,
    only_unsent: bool,
}

impl Claim<'_> {
    fn statement(&self, backend: DbBackend, offset: i64) -> Statement {
        let (now, began) = (now_sql(backend, "$1"), began_sql(backend, "$1"));
        let (same_life, skip) = match backend {
            DbBackend::Postgres => (SAME_LIFE, "FOR UPDATE SKIP LOCKED"),
            _ => ("TRUE", ""),
        };
        // A literal, since a limit that is bound is planned anew each time; of few sizes, since each is a statement.
        let limit = 1_u64 << self.limit.checked_ilog2().unwrap_or_default();
        let wanted = if self.only_unsent { "submits = 0 AND attempt_count = 0" } else { "TRUE" };
        let sql = format!(
            "WITH due AS MATERIALIZED (SELECT id FROM submissions \
               WHERE {same_life} AND {wanted} AND next_action_at IS NOT NULL AND next_action_at <= {began} \
                 AND (lease_until IS NULL OR lease_until < {began}) \
               ORDER BY next_action_at LIMIT {limit} {skip}) \
             UPDATE submissions SET lease_owner = $2, lease_until = {now} + $3, fence = fence + 1 \
             WHERE id IN (SELECT id FROM due) RETURNING *"
        );
        let values = [offset.into(), self.owner.into(), span(self.lease).into()];
        Statement::from_sql_and_values(backend, sql, values)
    }
}

/// A row that this version cannot read is passed over: it comes due again when its lease ends.
fn readable(row: entity::submission::Model) -> Option<Submission> {
    let id = row.id;
    match submission(row) {
        Ok(submission) => Some(submission),
        Err(error) => {
            tracing::error!(submission.id = %id, %error, "a submission is passed over");
            None
        }
    }
}

/// The submissions of the payments that a provider named so.
fn named(provider: ProviderCode, reference: &str) -> SelectStatement {
    use entity::payment::Column;
    sea_orm::sea_query::Query::select()
        .column(Column::SubmissionId)
        .from(entity::payment::Entity)
        .and_where(Column::Provider.eq(provider.as_str()))
        .and_where(Column::ProviderReference.eq(reference))
        .to_owned()
}

/// So many microseconds.
pub(super) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
