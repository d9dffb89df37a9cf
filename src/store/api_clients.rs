//! API clients: kept with the hash of their secret, which is read only to check one.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use entity::api_client::{ActiveModel, Column, Entity, Model};

use super::convert::{customer, tenant};
use super::owner::Owner;
use super::page::keyset;
use super::time::{micros, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::domain::api_client::{ApiClient, SecretHash};
use crate::domain::ids::{ApiClientId, Id};
use crate::domain::page::{Page, PageRequest};
use crate::domain::requester::{Scope, Scopes};

impl Store {
    /// An API client of any tenant, revoked or not, with the hash of its secret: for it to prove itself, and for
    /// nothing else.
    pub async fn api_client_to_check(&self, id: ApiClientId) -> Result<Option<(ApiClient, SecretHash)>, StoreError> {
        let Some(row) = Entity::find_by_id(id.uuid()).one(&self.reader).await? else { return Ok(None) };
        let bytes = row.secret_hash.as_slice().try_into().map_err(|_| StoreError::Unreadable("a secret's hash"))?;
        Ok(Some((api_client(row)?, SecretHash::from_bytes(bytes))))
    }

    /// Several API clients that the owner may see, by id, revoked ones too.
    pub async fn api_clients_by_id(&self, owner: &Owner, ids: &[Uuid]) -> Result<HashMap<Uuid, ApiClient>, StoreError> {
        let wanted = owned(owner).add(Column::Id.is_in(ids.iter().copied()));
        let rows = Entity::find().filter(wanted).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, api_client(row)?))).collect()
    }

    /// A page of API clients, newest first, revoked ones too.
    pub async fn api_clients(&self, owner: &Owner, page: PageRequest) -> Result<Page<ApiClient>, StoreError> {
        let rows = keyset(Entity::find().filter(owned(owner)), Column::Id, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(api_client).collect::<Result<Vec<_>, _>>()?))
    }

    /// Notes that a secret was accepted, unless its client is revoked by then; tells which.
    pub async fn note_api_client_used(&self, id: ApiClientId, at: Timestamp) -> Result<bool, StoreError> {
        let updated = Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::RevokedAt.is_null())
            .col_expr(Column::LastUsedAt, Expr::value(micros(at)))
            .exec(&self.writer)
            .await?;
        Ok(updated.rows_affected == 1)
    }
}

impl Work {
    /// Keeps a new API client with the hash of its secret.
    pub async fn add_api_client(&self, client: &ApiClient, hash: &SecretHash) -> Result<(), StoreError> {
        let active = all_set::<ActiveModel, _>(row(client, hash));
        Entity::insert(active).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// An API client that the owner may see, revoked or not, locked until the end of the change.
    pub async fn api_client(&self, owner: &Owner, id: ApiClientId) -> Result<Option<ApiClient>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(owned(owner)).lock_exclusive();
        found.one(&self.tx).await?.map(api_client).transpose()
    }

    /// Revokes an API client.
    pub async fn revoke_api_client(&self, id: ApiClientId, at: Timestamp) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .col_expr(Column::RevokedAt, Expr::value(micros(at)))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}

fn row(client: &ApiClient, hash: &SecretHash) -> Model {
    Model {
        id: client.id.uuid(),
        tenant_id: client.tenant.as_str().to_owned(),
        customer: client.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        name: client.name.clone(),
        scopes: client.scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "),
        secret_hash: hash.bytes().to_vec(),
        created_by: client.created_by.clone(),
        created_at: micros(client.created_at),
        last_used_at: client.last_used_at.map(micros),
        revoked_at: client.revoked_at.map(micros),
    }
}

/// A scope that this version does not know is passed over: the client can do less, never more.
fn api_client(row: Model) -> Result<ApiClient, StoreError> {
    Ok(ApiClient {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        customer: customer(row.customer.as_deref())?,
        name: row.name,
        scopes: Scopes::parse(&row.scopes),
        created_by: row.created_by,
        created_at: timestamp(row.created_at)?,
        last_used_at: row.last_used_at.map(timestamp).transpose()?,
        revoked_at: row.revoked_at.map(timestamp).transpose()?,
    })
}
