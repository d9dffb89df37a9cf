//! Reminders: which due dates were told of, so that each is told once.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reminders")]
pub struct Model {
    /// Of which bill number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bill_number_id: Uuid,
    /// Of which due date.
    #[sea_orm(primary_key, auto_increment = false)]
    pub due_date: String,
    /// Under which of the days in the settings.
    #[sea_orm(primary_key, auto_increment = false)]
    pub days_before: i32,
    /// Whose.
    pub tenant_id: String,
    /// The tenant's customer whose it is.
    pub customer: Option<String>,
    /// Which change of the bill number it was, as the event says too.
    pub version: i32,
    /// How many days were left.
    pub days_left: i32,
    /// What was owed, as far as it was known.
    pub amount_minor: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// When it was told, in microseconds.
    pub told_at: i64,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
