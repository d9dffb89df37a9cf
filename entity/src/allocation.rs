//! Allocations: the part of a payment that is applied to one bill.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allocations")]
pub struct Model {
    /// The payment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payment_id: Uuid,
    /// From 1, within the payment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub no: i32,
    /// The bill, where there is one.
    pub bill_id: Option<Uuid>,
    /// What the provider calls that bill.
    pub bill_reference: Option<String>,
    /// In minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// What the provider named this part.
    pub provider_reference: Option<String>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
