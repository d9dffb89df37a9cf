//! Collections: money that was received against a control number.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "collections")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is; null while the number is unknown.
    pub tenant_id: Option<String>,
    /// The tenant's customer whose it is.
    pub customer: Option<String>,
    /// Through whom it came.
    pub provider: String,
    /// The control number, where it is one of ours.
    pub control_number_id: Option<Uuid>,
    /// The number that was paid.
    pub number: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub status: String,
    /// Who paid.
    pub payer_name: Option<String>,
    /// In E.164 form.
    pub payer_phone: Option<String>,
    /// An e-mail address.
    pub payer_email: Option<String>,
    /// By which way.
    pub channel: Option<String>,
    /// What the provider calls it: unique with the provider.
    pub provider_reference: String,
    /// The provider's words.
    pub message: Option<String>,
    /// What is unusual about it: words, each between commas.
    pub flags: String,
    /// How many changes it has had in its tenant's log; 0 while it is in none.
    pub version: i32,
    /// When we first heard of it, in microseconds.
    pub received_at: i64,
    /// In microseconds.
    pub updated_at: i64,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
