//! Webhook deliveries: what failed at least once, and every callback of a payment.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// To which endpoint.
    pub endpoint_id: Uuid,
    /// Whose endpoint it is.
    pub tenant_id: String,
    /// The customer of the endpoint.
    pub customer: Option<String>,
    /// Which event.
    pub sequence: i64,
    /// What happened.
    pub event_type: String,
    /// When it happened, in microseconds.
    pub event_at: i64,
    /// The payment at whose URL it is told.
    pub payment_id: Option<Uuid>,
    /// Where it stands.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// The status of the last answer.
    pub http_status: Option<i32>,
    /// Why there was no answer.
    pub trouble: Option<String>,
    /// How the last answer began.
    pub excerpt: Option<String>,
    /// When it was first tried.
    pub first_at: Option<i64>,
    /// When it was last tried.
    pub last_at: Option<i64>,
    /// When it is tried next.
    pub next_at: Option<i64>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
