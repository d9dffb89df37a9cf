//! Payments: what is wanted, and where it stands.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payments")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// The tenant's customer whose it is.
    pub customer: Option<String>,
    /// The client's key; none in a bulk.
    pub idempotency_key: Option<String>,
    /// Of the whole input, to tell a repetition from a reuse.
    pub request_hash: String,
    /// What is claimed, sent and settled with it.
    pub submission_id: Uuid,
    /// Through whom.
    pub provider: String,
    /// Who is paid.
    pub biller_id: Uuid,
    /// The payer's number with the biller.
    pub account_reference: Option<String>,
    /// A second number.
    pub second_reference: Option<String>,
    /// Whose account it is.
    pub account_holder_name: Option<String>,
    /// The bill number that was the target.
    pub bill_number_id: Option<Uuid>,
    /// The bulk that it is part of.
    pub bulk_payment_id: Option<Uuid>,
    /// Which bill is claimed: empty where the biller lists none.
    pub bill_ref: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub status: String,
    /// How many changes it has had.
    pub version: i32,
    /// Why a person must look.
    pub review_reason: Option<String>,
    /// Since when, in microseconds.
    pub review_since: Option<i64>,
    /// Who pays.
    pub payer_name: Option<String>,
    /// In E.164 form.
    pub payer_phone: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Where the money comes from.
    pub funding_account_id: Option<Uuid>,
    /// How fast.
    pub delivery_speed: String,
    /// The day to pay, in the biller's time zone.
    pub process_date: String,
    /// When the bill is due.
    pub due_date: Option<String>,
    /// Whom to tell.
    pub callback_url: Option<String>,
    /// Whether to keep the bill number.
    pub save_bill_number: bool,
    /// What we named it to the provider.
    pub our_reference: Option<String>,
    /// What the provider named it.
    pub provider_reference: Option<String>,
    /// What the biller knows it by.
    pub biller_reference: Option<String>,
    /// The provider's own words.
    pub provider_status: Option<String>,
    /// The provider's number for a payer to quote.
    pub confirmation_number: Option<String>,
    /// What it costs the payer, in minor units, where the currencies differ.
    pub funding_amount_minor: Option<i64>,
    /// ISO 4217.
    pub funding_currency: Option<String>,
    /// By which rate.
    pub exchange_rate: Option<String>,
    /// How the money reaches the biller, as JSON.
    pub disbursement: Option<String>,
    /// Whether the provider is to make the bill that is paid.
    pub new_bill: bool,
    /// Why it failed, as JSON.
    pub failure: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// In microseconds.
    pub created_at: i64,
    /// In microseconds.
    pub updated_at: i64,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
