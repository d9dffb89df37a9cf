//! Slots: calls at once to a provider, over all processes.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_slots")]
pub struct Model {
    /// To whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub slot: i32,
    /// Who holds it.
    pub owner: Option<String>,
    /// Until when.
    pub lease_until: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
