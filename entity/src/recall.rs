//! Recalls: wishes that the provider cancel or void a payment.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recalls")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which payment.
    pub payment_id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// What is asked for.
    pub kind: String,
    /// What becomes of the money; for a void only.
    pub void_kind: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who asked.
    pub requested_by: String,
    /// In microseconds.
    pub requested_at: i64,
    /// How far it has come.
    pub state: String,
    /// Which attempt of the submission carried it out.
    pub attempt_no: Option<i32>,
    /// The provider's words.
    pub provider_message: Option<String>,
    /// When its answer was stored, or given up.
    pub ended_at: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
