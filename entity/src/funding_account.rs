//! Funding accounts: where money can come from, as last fetched.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "funding_accounts")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub provider: String,
    /// Its kind.
    pub kind: String,
    /// What the provider calls it.
    pub code: String,
    /// What to show of it.
    pub label: String,
    /// Whether it can be used.
    pub active: bool,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
