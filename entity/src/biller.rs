//! Billers: the providers' catalogues.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "billers")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Through whom it is paid.
    pub provider: String,
    /// What the provider calls it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub category: String,
    /// Its kind in the provider's words.
    pub category_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// The least amount.
    pub minimum: Option<i64>,
    /// The largest amount.
    pub maximum: Option<i64>,
    /// Amounts are multiples of it.
    pub step: Option<i64>,
    /// IANA.
    pub time_zone: String,
    /// How the money reaches it.
    pub disbursement_method: Option<String>,
    /// Whether several of its bills can be one payment.
    pub combines: bool,
    /// Whether it can be paid now.
    pub active: bool,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
