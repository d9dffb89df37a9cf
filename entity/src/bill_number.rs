//! Bill numbers: account references that a user keeps.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bill_numbers")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// The tenant's customer whose it is.
    pub customer: Option<String>,
    /// With whom.
    pub biller_id: Uuid,
    /// The number.
    pub account_reference: String,
    /// Whose account it is.
    pub customer_name: Option<String>,
    /// Whom to remind.
    pub phone_number: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// What was owed when last asked.
    pub balance_minor: Option<i64>,
    /// ISO 4217.
    pub balance_currency: Option<String>,
    /// When that was.
    pub balance_as_of: Option<i64>,
    /// Until when.
    pub due_date: Option<String>,
    /// Whether the provider confirmed it.
    pub verified: bool,
    /// Whether it takes payments.
    pub account_active: Option<bool>,
    /// Whether to remind.
    pub remind_due_date: bool,
    /// Whether the provider keeps it too.
    pub saved_with_provider: bool,
    /// What the provider named it.
    pub provider_reference: Option<String>,
    /// How many changes it has had.
    pub version: i32,
    /// When it was saved.
    pub created_at: i64,
    /// When it was removed.
    pub removed_at: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
