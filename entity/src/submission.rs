//! Submissions: what is claimed, marked, sent and settled as one.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "submissions")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: String,
    /// To whom.
    pub provider: String,
    /// What is sent: payments or control numbers.
    pub subject: String,
    /// Our reference: unique with the provider for ever.
    pub provider_key: String,
    /// When the provider first could have seen it.
    pub key_first_used_at: Option<i64>,
    /// What the provider named it.
    pub provider_reference: Option<String>,
    /// The frozen request.
    pub request_bytes: Option<Vec<u8>>,
    /// When the worker is to look at it; null: never by itself.
    pub next_action_at: Option<i64>,
    /// Who works on it.
    pub lease_owner: Option<String>,
    /// Until when, by the database's clock.
    pub lease_until: Option<i64>,
    /// Counts the claims.
    pub fence: i64,
    /// How many attempts there are.
    pub attempt_count: i32,
    /// How many of them were submissions.
    pub submits: i32,
    /// When the last one ended.
    pub last_submit_at: Option<i64>,
    /// What its answer said.
    pub last_submit_verdict: Option<String>,
    /// How many look-ups followed it.
    pub look_ups: i32,
    /// What the last look-up said.
    pub last_look_up_verdict: Option<String>,
    /// When.
    pub last_look_up_at: Option<i64>,
    /// How often someone asked for a look-up.
    pub look_up_requests: i32,
    /// How many of those were met.
    pub look_up_requests_met: i32,
    /// Not to be sent before.
    pub run_at: i64,
    /// Not to be sent after.
    pub not_after: i64,
    /// When patience ends.
    pub review_at: i64,
    /// How often working on it went wrong.
    pub fault_count: i32,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
