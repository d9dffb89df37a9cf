//! Evidence: what the world answered, kept for ever.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// About which payment.
    pub payment_id: Uuid,
    /// From which attempt.
    pub attempt_no: Option<i32>,
    /// From which callback.
    pub callback_id: Option<Uuid>,
    /// Who gave it.
    pub source: String,
    /// What it says.
    pub verdict: String,
    /// What it did: BECAME, STAYED or REFUSED.
    pub outcome: String,
    /// The reference it carries.
    pub provider_reference: Option<String>,
    /// The amount it carries.
    pub amount_minor: Option<i64>,
    /// The currency it carries.
    pub currency: Option<String>,
    /// Who reported it.
    pub actor: String,
    /// The evidence in words.
    pub note: Option<String>,
    /// When it was stored.
    pub at: i64,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
