//! Receipts: proof of settled payments.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipts")]
pub struct Model {
    /// Of which payment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payment_id: Uuid,
    /// Whose.
    pub tenant_id: String,
    /// Our number.
    pub number: String,
    /// When.
    pub issued_at: i64,
    /// What the provider named it.
    pub provider_reference: Option<String>,
    /// What the biller knows it by.
    pub biller_reference: Option<String>,
    /// A prepaid token.
    pub token: Option<String>,
    /// What else was told, as JSON.
    pub fields: String,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
