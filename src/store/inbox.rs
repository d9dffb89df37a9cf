//! The inbox: what providers sent, stored before it is acknowledged.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

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

    /// How many callbacks of a provider match no payment.
    pub async fn count_unmatched(&self, provider: ProviderCode) -> Result<u64, StoreError> {
        let unmatched = Entity::find()
            .filter(Column::Provider.eq(provider.as_str()))
            .filter(Column::State.eq(CallbackState::Unmatched.as_str()));
        Ok(unmatched.count(&self.tx).await?)
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
    /// The newest callbacks of a provider that match no payment.
    pub async fn unmatched_callbacks(&self, provider: ProviderCode, limit: u64) -> Result<Vec<Callback>, StoreError> {
        let rows = Entity::find()
            .filter(Column::Provider.eq(provider.as_str()))
            .filter(Column::State.eq(CallbackState::Unmatched.as_str()))
            .order_by_desc(Column::ReceivedAt)
            .limit(limit)
            .all(&self.reader)
            .await?;
        let callbacks = rows.into_iter().map(|row| Callback {
            id: Id::from_uuid(row.id),
            provider,
            dedupe: row.dedupe,
            raw: row.raw,
            verified: row.verified,
            our_reference: row.our_reference,
            provider_reference: row.provider_reference,
        });
        Ok(callbacks.collect())
    }
}
