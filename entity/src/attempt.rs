//! Attempts: what was done.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    /// The submission.
    #[sea_orm(primary_key, auto_increment = false)]
    pub submission_id: Uuid,
    /// From 1, within the submission.
    #[sea_orm(primary_key, auto_increment = false)]
    pub no: i32,
    /// The claim under which it was made.
    pub fence: i64,
    /// What was asked.
    pub kind: String,
    /// How it ended.
    pub state: String,
    /// When it was marked.
    pub started_at: i64,
    /// When it is over at the latest.
    pub deadline: i64,
    /// When its answer was stored.
    pub ended_at: Option<i64>,
    /// Of the answer.
    pub http_status: Option<i32>,
    /// The provider's code.
    pub provider_code: Option<String>,
    /// The provider's words.
    pub provider_message: Option<String>,
    /// The provider's trace.
    pub provider_trace: Option<String>,
}

/// None are declared: joins are written where they are used.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
