//! Bulk payments: several payments in one instruction.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_payments")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// The tenant's customer whose it is.
    pub customer: Option<String>,
    /// The client's key.
    pub idempotency_key: String,
    /// Of the whole input, to tell a repetition from a reuse.
    pub request_hash: String,
    /// What is claimed, sent and settled with it.
    pub submission_id: Uuid,
    /// What its payments come to, in minor units.
    pub total_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands, as its payments say.
    pub status: String,
    /// How many changes it has had.
    pub version: i32,
    /// Who made it.
    pub created_by: String,
    /// In microseconds.
    pub created_at: i64,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
