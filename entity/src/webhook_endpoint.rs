//! Webhook endpoints: who is told, and how far.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoints")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// The tenant's customer whose events alone it is told of.
    pub customer: Option<String>,
    /// Which events, and where to.
    pub kind: String,
    /// Where to; none where each payment says so itself.
    pub url: Option<String>,
    /// What a person knows it by.
    pub description: Option<String>,
    /// Of which types: words separated by spaces; empty stands for all.
    pub event_types: String,
    /// How it does.
    pub state: String,
    /// Everything through this sequence of the log was handled.
    pub handled_through: i64,
    /// The first sequence that is to be sent again.
    pub replay_next: Option<i64>,
    /// The last sequence that is to be sent again.
    pub replay_through: Option<i64>,
    /// Not before, in microseconds.
    pub next_at: Option<i64>,
    /// The signing secret, sealed.
    pub secret: Vec<u8>,
    /// Since when it is the present one.
    pub secret_since: i64,
    /// The former secret, sealed.
    pub previous_secret: Option<Vec<u8>>,
    /// Until when it signs too.
    pub previous_secret_until: Option<i64>,
    /// Who delivers to it now.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<i64>,
    /// Rises with each lease and with each change by a person.
    pub fence: i64,
    /// When it last had its turn.
    pub served_at: i64,
    /// Who made it.
    pub created_by: String,
    /// In microseconds.
    pub created_at: i64,
    /// When somebody last changed it.
    pub updated_at: i64,
    /// When it was removed.
    pub removed_at: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
