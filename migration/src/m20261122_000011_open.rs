//! Indexes over what is open, for the metrics and for back-pressure: both are asked for often, and must not cost more
//! the more was ever paid.

use sea_orm_migration::prelude::*;

use crate::indexes;

/// Indexes over what is open.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

/// SQLite uses them only for statements that repeat their condition word for word: src/store/figures.rs.
const INDEXES: &[&str] = &[
    "CREATE INDEX payments_open ON payments (status, provider) \
     WHERE status IN ('SCHEDULED', 'READY', 'SUBMITTING', 'UNKNOWN', 'PENDING', 'NEEDS_REVIEW')",
    "CREATE INDEX control_numbers_open ON control_numbers (status, provider) \
     WHERE status IN ('REQUESTED', 'UNKNOWN')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, &["DROP INDEX control_numbers_open", "DROP INDEX payments_open"]).await
    }
}
