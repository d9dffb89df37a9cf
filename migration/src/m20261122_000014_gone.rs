//! Indexes for deliveries of webhooks: which payments want no more callbacks. Deliveries are listed by their sequence,
//! for which there is an index, and no longer by their id.

use sea_orm_migration::prelude::*;

use crate::indexes;

/// Indexes for deliveries of webhooks.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

/// The first repeats the condition of `payments_gone` word for word, as SQLite wants it.
const UP: &[&str] = &[
    "CREATE INDEX webhook_deliveries_gone ON webhook_deliveries (endpoint_id, payment_id) \
     WHERE state = 'DEAD' AND http_status = 410",
    "DROP INDEX webhook_deliveries_by_endpoint",
];
const DOWN: &[&str] = &[
    "CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, id)",
    "DROP INDEX webhook_deliveries_gone",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, DOWN).await
    }
}
