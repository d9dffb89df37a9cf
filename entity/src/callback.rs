//! Inbox: what providers sent, stored before it is acknowledged.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox")]
pub struct Model {
    /// By whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// The provider's event id, or the hash of the body.
    #[sea_orm(primary_key, auto_increment = false)]
    pub dedupe: String,
    /// Its id.
    pub id: Uuid,
    /// When.
    pub received_at: i64,
    /// The body as it came.
    pub raw: Vec<u8>,
    /// Whether its origin is proven.
    pub verified: bool,
    /// NEW, MATCHED or UNMATCHED.
    pub state: String,
    /// The reference of ours that it carries.
    pub our_reference: Option<String>,
    /// The provider's reference that it carries.
    pub provider_reference: Option<String>,
    /// Whose payment it is about.
    pub tenant_id: Option<String>,
    /// About which payment.
    pub payment_id: Option<Uuid>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
