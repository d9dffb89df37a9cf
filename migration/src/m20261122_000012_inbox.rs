//! The callbacks that wait for their payment are read by their id, and the oldest hints among them forgotten.

use sea_orm_migration::prelude::*;

use crate::indexes;

/// The callbacks that wait for their payment.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

/// The first holds all that is asked of a callback without a payment, so that its body is never read for it.
const INDEXES: &[&str] = &[
    "CREATE INDEX inbox_waiting ON inbox (provider, id, our_reference, provider_reference) WHERE state <> 'MATCHED'",
    "CREATE INDEX inbox_hints ON inbox (provider, id) WHERE state <> 'MATCHED' AND NOT verified",
    "DROP INDEX inbox_unmatched",
];
const INDEXES_BEFORE: &[&str] = &[
    "CREATE INDEX inbox_unmatched ON inbox (provider, received_at) WHERE state <> 'MATCHED'",
    "DROP INDEX inbox_hints",
    "DROP INDEX inbox_waiting",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, INDEXES_BEFORE).await
    }
}
