//! Control numbers: what can be paid to us, and where it stands.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "control_numbers")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// The tenant's customer whose it is.
    pub customer: Option<String>,
    /// Which mutation made it: keys are unique for each.
    pub mutation: String,
    /// The client's key.
    pub idempotency_key: String,
    /// Its place in the input, from 0.
    pub item: i32,
    /// Of the whole input, to tell a repetition from a reuse.
    pub request_hash: String,
    /// What is claimed, sent and settled with it.
    pub submission_id: Uuid,
    /// Its place in the submission, from 0.
    pub place: i32,
    /// Who makes it.
    pub provider: String,
    /// What is paid.
    pub number: Option<String>,
    /// How often it can be paid.
    pub kind: String,
    /// Which amounts it takes.
    pub mode: Option<String>,
    /// What is asked for, in minor units.
    pub amount_minor: Option<i64>,
    /// The most that it takes in all, in minor units.
    pub max_amount_minor: Option<i64>,
    /// What has come and was not taken back, in minor units.
    pub received_minor: i64,
    /// What has come, in minor units.
    pub counted_minor: i64,
    /// Of all its amounts: ISO 4217.
    pub currency: String,
    /// Whether anything has ever come.
    pub paid_once: bool,
    /// Our reference.
    pub reference: String,
    /// What for.
    pub description: Option<String>,
    /// Who is to pay.
    pub payer_name: Option<String>,
    /// In E.164 form.
    pub payer_phone: Option<String>,
    /// An e-mail address.
    pub payer_email: Option<String>,
    /// Whether it takes payments, as far as billpay has switched it.
    pub enabled: bool,
    /// Where it stands.
    pub status: String,
    /// How many changes it has had.
    pub version: i32,
    /// Why a person must look.
    pub review_reason: Option<String>,
    /// Since when, in microseconds.
    pub review_since: Option<i64>,
    /// Why it was not made, as JSON.
    pub failure: Option<String>,
    /// When the provider was last asked what was paid to it, in microseconds.
    pub collections_asked_at: Option<i64>,
    /// When it was last said to be paid by a callback that anyone may have sent.
    pub hinted_at: Option<i64>,
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
