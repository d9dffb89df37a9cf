//! Claims: at most one open payment a bill or account.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bill_claims")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    /// With whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub biller_id: Uuid,
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_reference: String,
    /// The bill, or empty.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bill_ref: String,
    /// Who holds it.
    pub payment_id: Uuid,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
