//! API clients: programs that ask for their tokens with an id and a secret.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_clients")]
pub struct Model {
    /// Its id, which is the `client_id` too.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// The tenant's customer for whom alone it speaks.
    pub customer: Option<String>,
    /// What a person knows it by.
    pub name: String,
    /// What its tokens may do at most: words separated by spaces.
    pub scopes: String,
    /// SHA-256 of its secret.
    pub secret_hash: Vec<u8>,
    /// Who made it.
    pub created_by: String,
    /// In microseconds.
    pub created_at: i64,
    /// When its secret was last accepted.
    pub last_used_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
