//! Recalls: wishes that the provider cancel or void a payment.
//!
//! A database rule keeps at most one of a kind on its way for each payment. One whose answer stayed unknown is on its
//! way no longer: the look-up that follows tells what came of it, and whoever then asks again is asked for by a person,
//! not by billpay.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use entity::recall::{ActiveModel, Column, Entity, Model};

use super::convert::word;
use super::time::{micros, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::domain::ids::{Id, PaymentId, SubmissionId};
use crate::domain::payment::recall::{Recall, RecallKind, RecallState};
use crate::domain::requester::TenantId;

impl Store {
    /// The recalls of several payments, oldest first.
    pub async fn recalls_of(&self, payments: &[Uuid]) -> Result<HashMap<Uuid, Vec<Recall>>, StoreError> {
        let rows = Entity::find()
            .filter(Column::PaymentId.is_in(payments.iter().copied()))
            .order_by_asc(Column::Id)
            .all(&self.reader)
            .await?;
        let mut found: HashMap<Uuid, Vec<Recall>> = HashMap::new();
        for row in rows {
            found.entry(row.payment_id).or_default().push(recall(row)?);
        }
        Ok(found)
    }
}

impl Work {
    /// Stores a wish. One that billpay can fulfil by itself is stored as fulfilled, and then has ended.
    pub async fn insert_recall(&self, tenant: &TenantId, recall: &Recall) -> Result<(), StoreError> {
        let ended_at = match recall.state {
            RecallState::Requested | RecallState::Sending => None,
            RecallState::Accepted | RecallState::Refused | RecallState::Unknown => Some(micros(self.now())),
        };
        let row = Model {
            id: recall.id,
            payment_id: recall.payment_id.uuid(),
            tenant_id: tenant.as_str().to_owned(),
            kind: recall.kind.to_string(),
            void_kind: recall.void_kind.map(|kind| kind.to_string()),
            reason: recall.reason.clone(),
            requested_by: recall.requested_by.clone(),
            requested_at: micros(recall.requested_at),
            state: recall.state.to_string(),
            attempt_no: None,
            provider_message: recall.provider_message.clone(),
            ended_at,
        };
        Entity::insert(all_set::<ActiveModel, _>(row)).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Whether a recall of a payment is to be sent, or on its way.
    pub async fn has_open_recall(&self, payment: PaymentId) -> Result<bool, StoreError> {
        let open = [RecallState::Requested.as_str(), RecallState::Sending.as_str()];
        let found = Entity::find()
            .filter(Column::PaymentId.eq(payment.uuid()))
            .filter(Column::State.is_in(open))
            .limit(1)
            .one(&self.tx)
            .await?;
        Ok(found.is_some())
    }

    /// The newest recall of a kind of a payment that was not refused, and when it ended.
    pub async fn newest_recall(
        &self,
        payment: PaymentId,
        kind: RecallKind,
    ) -> Result<Option<(Recall, Option<Timestamp>)>, StoreError> {
        let row = Entity::find()
            .filter(Column::PaymentId.eq(payment.uuid()))
            .filter(Column::Kind.eq(kind.as_str()))
            .filter(Column::State.ne(RecallState::Refused.as_str()))
            .order_by_desc(Column::Id)
            .limit(1)
            .one(&self.tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let ended_at = row.ended_at.map(timestamp).transpose()?;
        Ok(Some((recall(row)?, ended_at)))
    }

    /// Records that a recall is about to be sent, and as which attempt. False where it did not wait for that any more.
    pub async fn mark_recall(&self, id: Uuid, attempt_no: i32) -> Result<bool, StoreError> {
        let marked = Entity::update_many()
            .filter(Column::Id.eq(id))
            .filter(Column::State.eq(RecallState::Requested.as_str()))
            .col_expr(Column::State, Expr::value(RecallState::Sending.as_str()))
            .col_expr(Column::AttemptNo, Expr::value(attempt_no))
            .exec(&self.tx)
            .await?;
        Ok(marked.rows_affected == 1)
    }

    /// Whether what came of a recall is still to be told: of its attempt with this number, that it is not in that state
    /// already and has not been sent again since; without an attempt, that nobody has sent it since.
    pub async fn recall_awaits(&self, id: Uuid, state: RecallState, attempt: Option<i32>) -> Result<bool, StoreError> {
        let found = Entity::find_by_id(id).one(&self.tx).await?;
        Ok(found.is_some_and(|recall| match attempt {
            Some(_) => recall.state != state.as_str() && recall.attempt_no == attempt,
            None => recall.state == RecallState::Requested.as_str(),
        }))
    }

    /// Records what became of a recall, or with `REQUESTED` that it was proven not to have been sent and waits again.
    pub async fn end_recall(
        &self,
        id: Uuid,
        state: RecallState,
        provider_message: Option<&str>,
    ) -> Result<(), StoreError> {
        let ended_at = match state {
            RecallState::Requested | RecallState::Sending => None,
            RecallState::Accepted | RecallState::Refused | RecallState::Unknown => Some(micros(self.now())),
        };
        Entity::update_many()
            .filter(Column::Id.eq(id))
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::ProviderMessage, Expr::value(provider_message.map(str::to_owned)))
            .col_expr(Column::EndedAt, Expr::value(ended_at))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Gives up the recalls of a submission whose holder is gone: nobody knows what became of them. Tells of which
    /// payments they were.
    pub async fn give_up_recalls(&self, submission: SubmissionId) -> Result<Vec<PaymentId>, StoreError> {
        let payments = sea_orm::sea_query::Query::select()
            .column(entity::payment::Column::Id)
            .from(entity::payment::Entity)
            .and_where(entity::payment::Column::SubmissionId.eq(submission.uuid()))
            .to_owned();
        let sent = Entity::find()
            .filter(Column::PaymentId.in_subquery(payments))
            .filter(Column::State.eq(RecallState::Sending.as_str()))
            .all(&self.tx)
            .await?;
        if sent.is_empty() {
            return Ok(Vec::new());
        }
        // The submission is locked by the claim, so that nobody ends them in between.
        Entity::update_many()
            .filter(Column::Id.is_in(sent.iter().map(|row| row.id)))
            .filter(Column::State.eq(RecallState::Sending.as_str()))
            .col_expr(Column::State, Expr::value(RecallState::Unknown.as_str()))
            .col_expr(Column::EndedAt, Expr::value(micros(self.now())))
            .exec(&self.tx)
            .await?;
        Ok(sent.into_iter().map(|row| Id::from_uuid(row.payment_id)).collect())
    }
}

fn recall(row: Model) -> Result<Recall, StoreError> {
    Ok(Recall {
        id: row.id,
        payment_id: Id::from_uuid(row.payment_id),
        kind: word(&row.kind, "a recall's kind")?,
        void_kind: row.void_kind.as_deref().map(|kind| word(kind, "a void's kind")).transpose()?,
        reason: row.reason,
        requested_by: row.requested_by,
        requested_at: timestamp(row.requested_at)?,
        state: word(&row.state, "a recall's state")?,
        provider_message: row.provider_message,
    })
}
