//! Indexes for what is asked for most: what comes due next, and a tenant's payments to one biller.

use sea_orm_migration::prelude::*;

use crate::indexes;

/// Indexes for what is asked for most.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

/// The first repeats expression and condition of `next_due_in` word for word, as SQLite wants it.
const INDEXES: &[&str] = &[
    "CREATE INDEX submissions_waking ON submissions (coalesce(lease_until, next_action_at)) \
     WHERE next_action_at IS NOT NULL",
    "CREATE INDEX payments_by_biller ON payments (tenant_id, biller_id, id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, &["DROP INDEX payments_by_biller", "DROP INDEX submissions_waking"]).await
    }
}
