//! Endpoints: finding, listing, and what persons change about them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, Statement};
use uuid::Uuid;

use entity::webhook_endpoint::{ActiveModel, Column, Entity};

use super::super::owner::Owner;
use super::super::page::keyset;
use super::super::portions::filled_up;
use super::super::time::micros;
use super::super::work::{Work, all_set};
use super::super::{Store, StoreError};
use super::row::{endpoint, endpoint_row, types};
use super::secrets::SealedSecrets;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::requester::TenantId;
use crate::domain::webhook::{EndpointKind, EndpointState, Position, Renewal, WebhookEndpoint};

/// An endpoint to be kept. It is told of what comes behind the present end of the log.
#[derive(Clone)]
pub struct NewWebhookEndpoint {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// Its secret, sealed.
    pub secret: Vec<u8>,
}

impl fmt::Debug for NewWebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWebhookEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Store {
    /// A page of endpoints that were not removed, newest first.
    pub async fn webhook_endpoints(
        &self,
        owner: &Owner,
        page: PageRequest,
    ) -> Result<Page<WebhookEndpoint>, StoreError> {
        let wanted = owned(owner).add(Column::RemovedAt.is_null());
        let rows = keyset(Entity::find().filter(wanted), Column::Id, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(endpoint).collect::<Result<Vec<_>, _>>()?))
    }

    /// Several endpoints that the owner may see, by id, removed ones too.
    pub async fn webhook_endpoints_by_id(
        &self,
        owner: &Owner,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, WebhookEndpoint>, StoreError> {
        let wanted = owned(owner).add(Column::Id.is_in(ids.iter().copied()));
        let rows = Entity::find().filter(wanted).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, endpoint(row)?))).collect()
    }

    /// An endpoint that was not removed, with the secrets that sign at `now`.
    pub async fn webhook_endpoint_to_sign(
        &self,
        owner: &Owner,
        id: WebhookEndpointId,
        now: Timestamp,
    ) -> Result<Option<(WebhookEndpoint, SealedSecrets)>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(owned(owner).add(Column::RemovedAt.is_null()));
        let Some(row) = found.one(&self.reader).await? else { return Ok(None) };
        let secrets = SealedSecrets::of(&row, now);
        Ok(Some((endpoint(row)?, secrets)))
    }
}

impl Work {
    /// An endpoint that the owner may see, removed or not, locked until the end of the change.
    pub async fn webhook_endpoint(
        &self,
        owner: &Owner,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(owned(owner)).lock_exclusive();
        found.one(&self.tx).await?.map(endpoint).transpose()
    }

    /// How many endpoints of its own a tenant has. Whoever else counts them waits for the end of this change, so that
    /// of two who find room for one more only one takes it.
    pub async fn count_webhook_endpoints(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        // On SQLite a change has no other beside it.
        if self.backend() == DbBackend::Postgres {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            let name = format!("webhook_endpoints/{}", tenant.as_str());
            self.tx.query_one_raw(Statement::from_sql_and_values(self.backend(), sql, [name.into()])).await?;
        }
        let own: Vec<Uuid> = Entity::find()
            .filter(Column::TenantId.eq(tenant.as_str()))
            .filter(Column::Kind.eq(EndpointKind::Tenant.as_str()))
            .filter(Column::RemovedAt.is_null())
            .select_only()
            .column(Column::Id)
            .into_tuple()
            .all(&self.tx)
            .await?;
        Ok(own.len() as u64)
    }

    /// Keeps a new endpoint, at the present end of its tenant's log; answers it as it is kept.
    pub async fn add_webhook_endpoint(&self, new: NewWebhookEndpoint) -> Result<WebhookEndpoint, StoreError> {
        let tenant = new.endpoint.tenant.as_str().to_owned();
        let head = entity::event_head::Entity::find_by_id(tenant).one(&self.tx).await?;
        let new = at_end(new, head.map(|head| head.sequence));
        Entity::insert(all_set::<ActiveModel, _>(endpoint_row(&new))).exec_without_returning(&self.tx).await?;
        Ok(new.endpoint)
    }

    /// Keeps the endpoints of these tenants' callbacks, of several for one tenant the first, unless it has one. Two who race
    /// for it are told apart by the database: the loser's whole change is taken back, and finds it when it is tried again.
    pub(in crate::store) async fn ensure_callbacks_endpoints(
        &self,
        named: &[&NewWebhookEndpoint],
    ) -> Result<(), StoreError> {
        let mut missing: BTreeMap<&str, &NewWebhookEndpoint> = BTreeMap::new();
        for new in named {
            missing.entry(new.endpoint.tenant.as_str()).or_insert(new);
        }
        let having = self.tenants_with_callbacks(missing.keys().copied().collect()).await?;
        missing.retain(|tenant, _| !having.contains(*tenant));
        let heads = self.heads_of(missing.keys().copied().collect()).await?;
        let rows =
            missing.into_iter().map(|(tenant, new)| endpoint_row(&at_end(new.clone(), heads.get(tenant).copied())));
        self.insert_all::<Entity>(rows.collect()).await
    }

    async fn tenants_with_callbacks(&self, tenants: Vec<&str>) -> Result<HashSet<String>, StoreError> {
        if tenants.is_empty() {
            return Ok(HashSet::new());
        }
        let having: Vec<String> = Entity::find()
            .filter(Column::TenantId.is_in(filled_up(tenants)))
            .filter(Column::Kind.eq(EndpointKind::PaymentCallbacks.as_str()))
            .select_only()
            .column(Column::TenantId)
            .into_tuple()
            .all(&self.tx)
            .await?;
        Ok(having.into_iter().collect())
    }

    /// The ends of these tenants' logs; none of those who have no log yet.
    async fn heads_of(&self, tenants: Vec<&str>) -> Result<HashMap<String, i64>, StoreError> {
        use entity::event_head::{Column, Entity};
        if tenants.is_empty() {
            return Ok(HashMap::new());
        }
        let heads = Entity::find().filter(Column::TenantId.is_in(filled_up(tenants))).all(&self.tx).await?;
        Ok(heads.into_iter().map(|head| (head.tenant_id, head.sequence)).collect())
    }

    /// Saves what a person changed. Whoever delivers to the endpoint now stops, and it is taken up as it is by then.
    pub async fn save_webhook_endpoint(&self, after: &WebhookEndpoint) -> Result<(), StoreError> {
        let replay = after.position.replay;
        Entity::update_many()
            .filter(Column::Id.eq(after.id.uuid()))
            .col_expr(Column::Fence, Expr::col(Column::Fence).add(1))
            .col_expr(Column::Url, Expr::value(after.url.as_ref().map(ToString::to_string)))
            .col_expr(Column::Description, Expr::value(after.description.clone()))
            .col_expr(Column::EventTypes, Expr::value(types(&after.event_types)))
            .col_expr(Column::State, Expr::value(after.state.as_str()))
            .col_expr(Column::ReplayNext, Expr::value(replay.map(|replay| replay.next)))
            .col_expr(Column::ReplayThrough, Expr::value(replay.map(|replay| replay.through)))
            .col_expr(Column::NextAt, Expr::value(after.next_at.map(micros)))
            .col_expr(Column::UpdatedAt, Expr::value(micros(after.updated_at)))
            .col_expr(Column::RemovedAt, Expr::value(after.removed_at.map(micros)))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Switches off what a subject of a tenant made, where it is not off; answers how many endpoints that were. Whoever
    /// delivers to one now stops.
    pub async fn disable_webhook_endpoints_of(
        &self,
        tenant: &TenantId,
        maker: &str,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let disabled = Entity::update_many()
            .filter(Column::TenantId.eq(tenant.as_str()))
            .filter(Column::CreatedBy.eq(maker))
            .filter(Column::RemovedAt.is_null())
            .filter(Column::State.ne(EndpointState::Disabled.as_str()))
            .col_expr(Column::Fence, Expr::col(Column::Fence).add(1))
            .col_expr(Column::State, Expr::value(EndpointState::Disabled.as_str()))
            .col_expr(Column::UpdatedAt, Expr::value(micros(at)))
            .exec(&self.tx)
            .await?;
        Ok(disabled.rows_affected)
    }

    /// Puts a new secret in the place of the present one, which becomes the former unless that one is kept.
    pub async fn rotate_webhook_secret(
        &self,
        after: &WebhookEndpoint,
        renewal: Renewal,
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        let former = match renewal {
            Renewal::First => Column::Secret,
            Renewal::Repeated => Column::PreviousSecret,
        };
        Entity::update_many()
            .filter(Column::Id.eq(after.id.uuid()))
            .col_expr(Column::Fence, Expr::col(Column::Fence).add(1))
            .col_expr(Column::PreviousSecret, Expr::col(former))
            .col_expr(Column::PreviousSecretUntil, Expr::value(after.previous_secret_until.map(micros)))
            .col_expr(Column::Secret, Expr::value(sealed))
            .col_expr(Column::SecretSince, Expr::value(micros(after.secret_since)))
            .col_expr(Column::UpdatedAt, Expr::value(micros(after.updated_at)))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

/// A new endpoint at the end of its tenant's log, of which nothing is there where it has no head.
fn at_end(new: NewWebhookEndpoint, head: Option<i64>) -> NewWebhookEndpoint {
    let position = Position::at(head.unwrap_or_default());
    NewWebhookEndpoint { endpoint: WebhookEndpoint { position, ..new.endpoint }, ..new }
}

fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}
