//! Deliveries: listing them, keeping what came of attempts, and giving them up or up for another try.
//!
//! An endpoint's deliveries are listed by their sequence, of which each stands for one event: many are made in one
//! millisecond, and their ids have no order then.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement};
use uuid::Uuid;

use entity::webhook_delivery::{ActiveModel, Column, Entity};

use super::super::owner::Owner;
use super::super::page::{highest_of_each, keyset};
use super::super::time::micros;
use super::super::work::{Work, all_set};
use super::super::{Store, StoreError};
use super::row::{delivery, delivery_row};
use crate::domain::ids::{PaymentId, WebhookEndpointId};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{DeliveryState, WebhookDelivery, WebhookEndpoint};

/// What an attempt changes.
const TOLD: [Column; 8] = [
    Column::State,
    Column::Attempts,
    Column::HttpStatus,
    Column::Trouble,
    Column::Excerpt,
    Column::FirstAt,
    Column::LastAt,
    Column::NextAt,
];

impl Store {
    /// A page of an endpoint's deliveries, newest first.
    pub async fn webhook_deliveries(
        &self,
        owner: &Owner,
        endpoint: Uuid,
        state: Option<DeliveryState>,
        page: PageRequest<i64>,
    ) -> Result<Page<WebhookDelivery>, StoreError> {
        let wanted = owned(owner).add(Column::EndpointId.eq(endpoint)).add_option(state.map(is));
        let rows = keyset(Entity::find().filter(wanted), Column::Sequence, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(delivery).collect::<Result<Vec<_>, _>>()?))
    }

    /// Several deliveries that the owner may see, by id.
    pub async fn webhook_deliveries_by_id(
        &self,
        owner: &Owner,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, WebhookDelivery>, StoreError> {
        let rows =
            Entity::find().filter(owned(owner)).filter(Column::Id.is_in(ids.iter().copied())).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, delivery(row)?))).collect()
    }

    /// The newest deliveries of each of several endpoints, in one state or in any: one more than `limit` of each, so
    /// that the caller can tell that there is more.
    pub async fn newest_deliveries(
        &self,
        owner: &Owner,
        endpoints: &[Uuid],
        state: Option<DeliveryState>,
        limit: u64,
    ) -> Result<HashMap<Uuid, Vec<WebhookDelivery>>, StoreError> {
        let wanted = owned(owner).add(Column::EndpointId.is_in(endpoints.iter().copied())).add_option(state.map(is));
        let wanted = Entity::find().filter(wanted);
        let newest = highest_of_each(wanted, Column::Id, Column::Sequence, Column::EndpointId, limit);
        let rows = newest.all(&self.reader).await?;
        let mut found: HashMap<Uuid, Vec<WebhookDelivery>> = HashMap::new();
        for row in rows {
            found.entry(row.endpoint_id).or_default().push(delivery(row)?);
        }
        Ok(found)
    }

    /// What is known of an endpoint's deliveries of these events, by sequence.
    pub async fn deliveries_at(
        &self,
        endpoint: WebhookEndpointId,
        sequences: &[i64],
    ) -> Result<HashMap<i64, WebhookDelivery>, StoreError> {
        if sequences.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = Entity::find()
            .filter(Column::EndpointId.eq(endpoint.uuid()))
            .filter(Column::Sequence.is_in(sequences.iter().copied()))
            .all(&self.reader)
            .await?;
        rows.into_iter().map(|row| Ok((row.sequence, delivery(row)?))).collect()
    }

    /// Those of some payments whose receiver wants no more callbacks: it said so, and nobody had all of them sent
    /// again.
    pub async fn payments_gone(
        &self,
        endpoint: WebhookEndpointId,
        payments: &[Uuid],
    ) -> Result<HashSet<Uuid>, StoreError> {
        if payments.is_empty() {
            return Ok(HashSet::new());
        }
        let found: Vec<Uuid> = Entity::find()
            .filter(Column::EndpointId.eq(endpoint.uuid()))
            .filter(Column::PaymentId.is_in(payments.iter().copied()))
            .filter(Expr::cust(GONE))
            .select_only()
            .column(Column::PaymentId)
            .distinct()
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(found.into_iter().collect())
    }
}

/// That a callback was given up because its receiver wants no more: as the index `webhook_deliveries_gone` says it.
const GONE: &str = "state = 'DEAD' AND http_status = 410";

impl Work {
    /// Keeps deliveries of an endpoint, each new or as an attempt changed it.
    pub async fn keep_deliveries(
        &self,
        endpoint: &WebhookEndpoint,
        deliveries: &[WebhookDelivery],
    ) -> Result<(), StoreError> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let rows = deliveries.iter().map(|delivery| all_set::<ActiveModel, _>(delivery_row(endpoint, delivery)));
        let conflict = OnConflict::columns([Column::EndpointId, Column::Sequence]).update_columns(TOLD).to_owned();
        Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Has what waits for an endpoint tried at once, with all its attempts before it.
    pub async fn wake_deliveries(&self, endpoint: &WebhookEndpoint) -> Result<(), StoreError> {
        self.try_anew(endpoint, waiting(endpoint)).await
    }

    /// Has a part of the log that an endpoint wants sent again, where deliveries of it are kept.
    pub async fn revive_deliveries(
        &self,
        endpoint: &WebhookEndpoint,
        from: i64,
        through: i64,
    ) -> Result<(), StoreError> {
        let wanted = of(endpoint).add(Column::Sequence.between(from, through));
        let types = Some(&endpoint.event_types).filter(|types| !types.is_empty());
        let wanted =
            wanted.add_option(types.map(|types| Column::EventType.is_in(types.iter().map(|kind| kind.as_str()))));
        self.try_anew(endpoint, wanted).await
    }

    async fn try_anew(&self, endpoint: &WebhookEndpoint, which: Condition) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(which)
            .col_expr(Column::State, Expr::value(DeliveryState::Waiting.as_str()))
            .col_expr(Column::Attempts, Expr::value(0))
            .col_expr(Column::NextAt, Expr::value(micros(endpoint.updated_at)))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Forgets what waits for an endpoint and is not wanted any more; answers how much that was.
    pub async fn drop_unwanted_deliveries(&self, endpoint: &WebhookEndpoint) -> Result<u64, StoreError> {
        if endpoint.event_types.is_empty() {
            return Ok(0);
        }
        let wanted = endpoint.event_types.iter().map(|kind| kind.as_str());
        let unwanted = waiting(endpoint).add(Column::EventType.is_not_in(wanted));
        Ok(Entity::delete_many().filter(unwanted).exec(&self.tx).await?.rows_affected)
    }

    /// Gives up what waits of one payment's callbacks, since its receiver wants no more of them.
    pub async fn give_up_callbacks(&self, endpoint: &WebhookEndpoint, payment: PaymentId) -> Result<(), StoreError> {
        let sql = "UPDATE webhook_deliveries \
             SET state = 'DEAD', http_status = 410, trouble = NULL, excerpt = NULL, next_at = NULL \
             WHERE endpoint_id = $1 AND payment_id = $2 AND state = 'WAITING'";
        let values = [endpoint.id.uuid().into(), payment.uuid().into()];
        self.tx.execute_raw(Statement::from_sql_and_values(self.backend(), sql, values)).await?;
        Ok(())
    }

    /// Gives up what waits for an endpoint.
    pub async fn give_up_deliveries(&self, endpoint: &WebhookEndpoint) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(waiting(endpoint))
            .col_expr(Column::State, Expr::value(DeliveryState::Dead.as_str()))
            .col_expr(Column::NextAt, Expr::value(Option::<i64>::None))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}

fn is(state: DeliveryState) -> Expr {
    Column::State.eq(state.as_str())
}

fn of(endpoint: &WebhookEndpoint) -> Condition {
    Condition::all().add(Column::EndpointId.eq(endpoint.id.uuid()))
}

fn waiting(endpoint: &WebhookEndpoint) -> Condition {
    of(endpoint).add(Column::State.eq(DeliveryState::Waiting.as_str()))
}
