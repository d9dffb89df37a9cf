//! The inbox: what providers sent, stored before it is acknowledged.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryResult, Statement};
use uuid::Uuid;

use entity::callback::{ActiveModel, Column, Entity, Model};

use super::time::micros;
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::domain::ids::{CallbackId, Id, PaymentId};
use crate::domain::payment::status::words;
use crate::domain::provider::ProviderCode;
use crate::domain::requester::TenantId;
use std::fmt;
use std::str::FromStr;

/// How many hints are forgotten in one change: more than one change brings.
const FORGOTTEN_AT_ONCE: u32 = 100;

words! {
    /// Whether a callback's payment was found.
    CallbackState {
        /// Not yet.
        Unmatched = "UNMATCHED",
        /// It was.
        Matched = "MATCHED",
    }
}

/// A callback to be kept.
#[derive(Clone)]
pub struct Callback {
    /// Its id.
    pub id: CallbackId,
    /// Who sent it.
    pub provider: ProviderCode,
    /// What makes a repetition recognisable.
    pub dedupe: String,
    /// The body as it came.
    pub raw: Vec<u8>,
    /// Whether its origin is proven.
    pub verified: bool,
    /// The reference of ours that it carries.
    pub our_reference: Option<String>,
    /// The provider's reference that it carries.
    pub provider_reference: Option<String>,
}

/// A callback that matched no payment when it came.
#[derive(Clone)]
pub struct Unmatched {
    /// Its id.
    pub id: CallbackId,
    /// The reference of ours that it carries.
    pub our_reference: Option<String>,
    /// The provider's reference that it carries.
    pub provider_reference: Option<String>,
    /// Whether a submission or a payment bears one of the two now.
    pub is_named: bool,
}

impl fmt::Debug for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unmatched").field("id", &self.id).field("is_named", &self.is_named).finish_non_exhaustive()
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("id", &self.id).field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl Work {
    /// Keeps a callback; false where the same was kept before.
    pub async fn keep_callback(
        &self,
        callback: &Callback,
        matched: Option<(&TenantId, Option<PaymentId>)>,
    ) -> Result<bool, StoreError> {
        let state = if matched.is_some() { CallbackState::Matched } else { CallbackState::Unmatched };
        let row = Model {
            provider: callback.provider.as_str().to_owned(),
            dedupe: callback.dedupe.clone(),
            id: callback.id.uuid(),
            received_at: micros(self.now()),
            raw: callback.raw.clone(),
            verified: callback.verified,
            state: state.to_string(),
            our_reference: callback.our_reference.clone(),
            provider_reference: callback.provider_reference.clone(),
            tenant_id: matched.map(|(tenant, _)| tenant.as_str().to_owned()),
            payment_id: matched.and_then(|(_, payment)| payment).map(|payment| payment.uuid()),
        };
        let inserted = Entity::insert(all_set::<ActiveModel, _>(row))
            .on_conflict_do_nothing()
            .exec_without_returning(&self.tx)
            .await?;
        Ok(matches!(inserted, sea_orm::TryInsertResult::Inserted(count) if count > 0))
    }

    /// Forgets the oldest hints of a provider that match no payment, so that `most` are left. What was signed stays.
    pub async fn forget_old_hints(&self, provider: ProviderCode, most: u32) -> Result<u64, StoreError> {
        let matched = CallbackState::Matched.as_str();
        let sql = format!(
            "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox \
               WHERE provider = $1 AND state <> '{matched}' AND NOT verified \
               ORDER BY id DESC LIMIT {FORGOTTEN_AT_ONCE} OFFSET {most})"
        );
        let statement = Statement::from_sql_and_values(self.backend(), sql, [provider.as_str().into()]);
        Ok(self.tx.execute_raw(statement).await?.rows_affected())
    }

    /// Records whose payment a callback was about.
    pub async fn match_callback(
        &self,
        id: CallbackId,
        tenant: &TenantId,
        payment: PaymentId,
    ) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .col_expr(Column::State, Expr::value(CallbackState::Matched.as_str()))
            .col_expr(Column::TenantId, Expr::value(tenant.as_str()))
            .col_expr(Column::PaymentId, Expr::value(payment.uuid()))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

impl Store {
    /// The callbacks of a provider that match no payment, oldest first, from behind `after` on: each with whether a
    /// submission or a payment now bears a name that it carries.
    pub async fn unmatched_callbacks(
        &self,
        provider: ProviderCode,
        after: Option<CallbackId>,
        limit: usize,
    ) -> Result<Vec<Unmatched>, StoreError> {
        let matched = CallbackState::Matched.as_str();
        // The page by itself: where it stood within, PostgreSQL's planner took one that it believed to be shorter, read
        // from the whole table, to save questions about names.
        let sql = format!(
            "WITH page AS MATERIALIZED (SELECT id, our_reference, provider_reference FROM inbox \
               WHERE provider = $1 AND state <> '{matched}' AND id > $2 ORDER BY id LIMIT {limit}) \
             SELECT page.id, page.our_reference, page.provider_reference, CAST(CASE WHEN \
               EXISTS (SELECT 1 FROM submissions s WHERE s.provider = $1 AND s.provider_key = page.our_reference) OR \
               EXISTS (SELECT 1 FROM submissions s \
                 WHERE s.provider = $1 AND s.provider_reference = page.provider_reference) OR \
               EXISTS (SELECT 1 FROM payments p \
                 WHERE p.provider = $1 AND p.provider_reference = page.provider_reference) \
             THEN 1 ELSE 0 END AS BIGINT) FROM page ORDER BY page.id"
        );
        let after = after.map_or_else(Uuid::nil, |id| id.uuid());
        let values = [provider.as_str().into(), after.into()];
        let statement = Statement::from_sql_and_values(self.reader.get_database_backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        Ok(rows.iter().map(unmatched).collect::<Result<Vec<_>, _>>()?)
    }
}

fn unmatched(row: &QueryResult) -> Result<Unmatched, DbErr> {
    Ok(Unmatched {
        id: Id::from_uuid(row.try_get_by_index(0)?),
        our_reference: row.try_get_by_index(1)?,
        provider_reference: row.try_get_by_index(2)?,
        is_named: row.try_get_by_index::<i64>(3)? == 1,
    })
}
