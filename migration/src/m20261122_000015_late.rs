//! An index for payments that succeeded late: there are few, and each settlement asks whether there are any.

use sea_orm_migration::prelude::*;

use crate::indexes;

/// An index for payments that succeeded late.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, &["CREATE INDEX events_late_success ON events (tenant_id, at) WHERE kind = 'LATE_SUCCESS'"])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, &["DROP INDEX events_late_success"]).await
    }
}
