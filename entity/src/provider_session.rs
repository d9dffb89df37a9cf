//! Sessions with providers, encrypted.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_sessions")]
pub struct Model {
    /// Which provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// The session, sealed with the key of the settings.
    pub sealed: Option<Vec<u8>>,
    /// Until when a process is renewing it.
    pub renewal_lease_until: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
