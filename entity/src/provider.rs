//! Providers: what all processes share about each.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Rises with each change of its billers.
    pub catalogue_version: i64,
    /// When its catalogue was last fetched.
    pub synced_at: Option<i64>,
    /// Until when a process is fetching it.
    pub sync_lease_until: Option<i64>,
    /// Until when a process is fetching what was collected.
    pub collections_lease_until: Option<i64>,
    /// The newest payment of the last reading that came to its end, by the provider's reference: what is older is known.
    pub collections_read_to: Option<String>,
    /// How well the way to it works.
    pub state: String,
    /// Why.
    pub state_reason: Option<String>,
    /// Since when.
    pub state_since: i64,
    /// Until when submissions to it are held back.
    pub submits_paused_until: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
