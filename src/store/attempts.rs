//! Attempts: what was done.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use entity::attempt::{Column, Entity, Model};

use super::convert::word;
use super::time::{micros, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::domain::ids::SubmissionId;
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{Attempt, AttemptKind, AttemptState};

/// How an attempt ended.
#[derive(Clone, Debug, Default)]
pub struct AttemptEnd {
    /// Of the answer.
    pub http_status: Option<u16>,
    /// The provider's code.
    pub provider_code: Option<String>,
    /// The provider's words.
    pub provider_message: Option<String>,
    /// The provider's trace.
    pub provider_trace: Option<String>,
}

impl Store {
    /// The attempts of several submissions, oldest first.
    pub async fn attempts(&self, submissions: &[Uuid]) -> Result<HashMap<Uuid, Vec<Attempt>>, StoreError> {
        let rows = Entity::find()
            .filter(Column::SubmissionId.is_in(submissions.iter().copied()))
            .order_by_asc(Column::No)
            .all(&self.reader)
            .await?;
        let mut found: HashMap<Uuid, Vec<Attempt>> = HashMap::new();
        for row in rows {
            found.entry(row.submission_id).or_default().push(attempt(row)?);
        }
        Ok(found)
    }
}

impl Work {
    /// Records that an attempt begins. The submission has counted it already.
    pub async fn begin_attempt(
        &self,
        submission: &Submission,
        kind: AttemptKind,
        deadline: Timestamp,
    ) -> Result<(), StoreError> {
        let row = Model {
            submission_id: submission.id.uuid(),
            no: submission.attempt_count,
            fence: submission.fence,
            kind: kind.to_string(),
            state: AttemptState::Sending.to_string(),
            started_at: micros(self.now()),
            deadline: micros(deadline),
            ended_at: None,
            http_status: None,
            provider_code: None,
            provider_message: None,
            provider_trace: None,
        };
        let row: entity::attempt::ActiveModel = all_set(row);
        Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Records how an attempt ended, and when that was first stored: where a commit was not heard of it is stored again.
    pub async fn end_attempt(
        &self,
        submission: SubmissionId,
        no: i32,
        state: AttemptState,
        end: &AttemptEnd,
    ) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::SubmissionId.eq(submission.uuid()))
            .filter(Column::No.eq(no))
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::EndedAt, Expr::col(Column::EndedAt).if_null(micros(self.now())))
            .col_expr(Column::HttpStatus, Expr::value(end.http_status.map(i32::from)))
            .col_expr(Column::ProviderCode, Expr::value(end.provider_code.clone()))
            .col_expr(Column::ProviderMessage, Expr::value(end.provider_message.clone()))
            .col_expr(Column::ProviderTrace, Expr::value(end.provider_trace.clone()))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Gives up the attempts of submissions whose holder is gone: nobody knows what became of them.
    pub async fn give_up_attempts(&self, submissions: &[Uuid]) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::SubmissionId.is_in(submissions.iter().copied()))
            .filter(Column::State.eq(AttemptState::Sending.as_str()))
            .col_expr(Column::State, Expr::value(AttemptState::Unknown.as_str()))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Counts a submission that a restored database may have forgotten: an attempt of which nothing is known, made as
    /// early as it could have been.
    pub async fn suppose_sent(&self, submission: &Submission) -> Result<(), StoreError> {
        use entity::submission::{Column, Entity};
        let supposed = Submission { attempt_count: submission.attempt_count + 1, ..submission.clone() };
        let first_used = submission.key_first_used_at.unwrap_or(submission.run_at);
        Entity::update_many()
            .filter(Column::Id.eq(supposed.id.uuid()))
            .col_expr(Column::AttemptCount, Expr::value(supposed.attempt_count))
            .col_expr(Column::KeyFirstUsedAt, Expr::value(micros(first_used)))
            .exec(&self.tx)
            .await?;
        self.begin_attempt(&supposed, AttemptKind::Submit, first_used).await?;
        self.give_up_attempts(&[supposed.id.uuid()]).await
    }

    /// Whether a submission other than `no` was sent and never proven not to have been processed.
    pub async fn other_submit_undetermined(&self, submission: SubmissionId, no: i32) -> Result<bool, StoreError> {
        let undetermined = [AttemptState::Sending, AttemptState::Unknown, AttemptState::Acknowledged];
        let found = Entity::find()
            .filter(Column::SubmissionId.eq(submission.uuid()))
            .filter(Column::Kind.eq(AttemptKind::Submit.as_str()))
            .filter(Column::No.ne(no))
            .filter(Column::State.is_in(undetermined.map(AttemptState::as_str)))
            .one(&self.tx)
            .await?;
        Ok(found.is_some())
    }
}

fn attempt(row: Model) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        number: row.no,
        kind: word(&row.kind, "an attempt's kind")?,
        state: word(&row.state, "an attempt's state")?,
        started_at: timestamp(row.started_at)?,
        ended_at: row.ended_at.map(timestamp).transpose()?,
        http_status: row.http_status.and_then(|status| u16::try_from(status).ok()),
        provider_code: row.provider_code,
        provider_message: row.provider_message,
        provider_trace: row.provider_trace,
    })
}
