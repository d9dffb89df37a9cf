//! Bills: amounts owed, as last told by a biller.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bills")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose look-up found it.
    pub tenant_id: String,
    /// The tenant's customer whose look-up found it.
    pub customer: Option<String>,
    /// Who is owed.
    pub biller_id: Uuid,
    /// Who owes.
    pub account_reference: String,
    /// What the provider calls it, or empty.
    pub provider_reference: String,
    /// The biller's number of it.
    pub invoice_number: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// What was owed at first.
    pub amount_minor: i64,
    /// What is owed still.
    pub amount_due_minor: i64,
    /// What was paid since.
    pub amount_paid_minor: i64,
    /// What the provider has in payments that it has not made yet.
    pub amount_scheduled_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Until when.
    pub due_date: Option<String>,
    /// When the biller told.
    pub as_of: i64,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
