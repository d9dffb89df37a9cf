//! The lease of one submission, taken for a change that is made at once; and when a number's money was last asked for.

use std::time::Duration;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use super::super::convert::submission;
use super::super::time::now_sql;
use super::super::work::Work;
use super::super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::ids::{ControlNumberId, SubmissionId};
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{AttemptKind, AttemptState};

impl Work {
    /// Claims one submission for `owner`, due or not, unless someone holds it: it gets a new fence and a lease by the
    /// database's clock.
    pub async fn claim_one(
        &self,
        id: SubmissionId,
        owner: &str,
        lease: Duration,
    ) -> Result<Option<Submission>, StoreError> {
        let backend = self.backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "UPDATE submissions SET lease_owner = $2, lease_until = {now} + $3, fence = fence + 1 \
             WHERE id = $4 AND (lease_until IS NULL OR lease_until < {now}) RETURNING *"
        );
        let values = [self.offset().into(), owner.into(), span(lease).into(), id.uuid().into()];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let mut claimed = entity::submission::Entity::find().from_raw_sql(statement).all(&self.tx).await?;
        claimed.pop().map(submission).transpose()
    }

    /// Whether a call that may have had an effect was begun and never ended.
    pub async fn submit_in_the_air(&self, id: SubmissionId) -> Result<bool, StoreError> {
        use entity::attempt::{Column, Entity};
        let found = Entity::find()
            .filter(Column::SubmissionId.eq(id.uuid()))
            .filter(Column::Kind.eq(AttemptKind::Submit.as_str()))
            .filter(Column::State.eq(AttemptState::Sending.as_str()))
            .one(&self.tx)
            .await?;
        Ok(found.is_some())
    }
}

impl Store {
    /// Takes the right to ask the provider what was paid to a number, once in `every`.
    pub async fn may_ask_collections(&self, id: ControlNumberId, every: Duration) -> Result<bool, StoreError> {
        self.take_turn(id, "collections_asked_at", every).await
    }

    /// Takes the right to have the newest payments read because anyone says that a number was paid, once in `every`.
    pub async fn may_heed_hint(&self, id: ControlNumberId, every: Duration) -> Result<bool, StoreError> {
        self.take_turn(id, "hinted_at", every).await
    }

    async fn take_turn(&self, id: ControlNumberId, last: &str, every: Duration) -> Result<bool, StoreError> {
        let work = self.begin(Step::Other).await?;
        let backend = work.backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "UPDATE control_numbers SET {last} = {now} WHERE id = $2 AND ({last} IS NULL OR {last} < {now} - $3)"
        );
        let values = [work.offset().into(), id.uuid().into(), span(every).into()];
        let taken = work.tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        work.commit().await?;
        Ok(taken.rows_affected() == 1)
    }
}

fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
