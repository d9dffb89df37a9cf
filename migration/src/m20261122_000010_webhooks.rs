//! Webhooks.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, integer, integer_null, text, text_null, uuid, uuid_null,
};

use crate::indexes;

/// Webhooks.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &[
    "CREATE INDEX webhook_endpoints_by_tenant ON webhook_endpoints (tenant_id, id)",
    "CREATE UNIQUE INDEX webhook_endpoints_of_payments ON webhook_endpoints (tenant_id) WHERE kind = 'PAYMENT_CALLBACKS'",
    "CREATE INDEX webhook_endpoints_served ON webhook_endpoints (served_at) \
     WHERE removed_at IS NULL AND state IN ('ACTIVE', 'FAILING')",
    "CREATE UNIQUE INDEX webhook_deliveries_by_event ON webhook_deliveries (endpoint_id, sequence)",
    "CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, id)",
    "CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at) WHERE state = 'WAITING'",
    "CREATE INDEX webhook_deliveries_in_line ON webhook_deliveries (endpoint_id, payment_id, sequence) \
     WHERE state = 'WAITING'",
    "CREATE INDEX webhook_deliveries_late ON webhook_deliveries (event_at) WHERE state = 'WAITING'",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(webhook_endpoints()).await?;
        manager.create_table(webhook_deliveries()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["webhook_deliveries", "webhook_endpoints"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn webhook_endpoints() -> TableCreateStatement {
    Table::create()
        .table("webhook_endpoints")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(text("kind"))
        .col(text_null("url"))
        .col(text_null("description"))
        .col(text("event_types"))
        .col(text("state"))
        .col(big_integer("handled_through"))
        .col(big_integer_null("replay_next"))
        .col(big_integer_null("replay_through"))
        .col(big_integer_null("next_at"))
        .col(binary("secret"))
        .col(big_integer("secret_since"))
        .col(binary_null("previous_secret"))
        .col(big_integer_null("previous_secret_until"))
        .col(text_null("lease_owner"))
        .col(big_integer_null("lease_until"))
        .col(big_integer("fence"))
        .col(big_integer("served_at"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer_null("removed_at"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn webhook_deliveries() -> TableCreateStatement {
    Table::create()
        .table("webhook_deliveries")
        .col(uuid("id"))
        .col(uuid("endpoint_id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(big_integer("sequence"))
        .col(text("event_type"))
        .col(big_integer("event_at"))
        .col(uuid_null("payment_id"))
        .col(text("state"))
        .col(integer("attempts"))
        .col(integer_null("http_status"))
        .col(text_null("trouble"))
        .col(text_null("excerpt"))
        .col(big_integer_null("first_at"))
        .col(big_integer_null("last_at"))
        .col(big_integer_null("next_at"))
        .primary_key(Index::create().col("id"))
        .take()
}
