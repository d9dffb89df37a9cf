//! Events: each recorded change, numbered without gaps in its tenant.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    /// Its place in the log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// What kind of object.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: Uuid,
    /// Which change of it.
    pub subject_version: i32,
    /// Whose object it is.
    pub customer: Option<String>,
    /// The status after it.
    pub status: Option<String>,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// Why it failed, as JSON.
    pub failure: Option<String>,
    /// When, in microseconds.
    pub at: i64,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
