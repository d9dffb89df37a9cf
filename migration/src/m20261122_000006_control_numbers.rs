//! Control numbers, and the money that comes for them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, integer, text, text_null, uuid, uuid_null};

use crate::indexes;

/// Control numbers, and the money that comes for them.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX control_numbers_idempotency_key ON control_numbers (tenant_id, mutation, idempotency_key, item)",
    "CREATE UNIQUE INDEX control_numbers_reference ON control_numbers (provider, reference) WHERE status <> 'FAILED'",
    "CREATE INDEX control_numbers_by_reference ON control_numbers (provider, reference)",
    "CREATE INDEX control_numbers_by_number ON control_numbers (provider, number) WHERE number IS NOT NULL",
    "CREATE INDEX control_numbers_by_tenant ON control_numbers (tenant_id, id)",
    "CREATE INDEX control_numbers_by_customer ON control_numbers (tenant_id, customer, id) WHERE customer IS NOT NULL",
    "CREATE INDEX control_numbers_by_status ON control_numbers (tenant_id, status, id)",
    "CREATE INDEX control_numbers_by_submission ON control_numbers (submission_id, place)",
    "CREATE UNIQUE INDEX collections_provider_reference ON collections (provider, provider_reference)",
    "CREATE INDEX collections_by_control_number ON collections (control_number_id, id) WHERE control_number_id IS NOT NULL",
    "CREATE INDEX collections_by_tenant ON collections (tenant_id, id) WHERE tenant_id IS NOT NULL",
    "CREATE INDEX collections_unknown ON collections (id) WHERE tenant_id IS NULL",
    "CREATE INDEX collections_open ON collections (provider, control_number_id) \
     WHERE status IN ('PENDING', 'PROCESSING', 'ON_HOLD', 'RECEIVED')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(control_numbers()).await?;
        manager.create_table(collections()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["collections", "control_numbers"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn control_numbers() -> TableCreateStatement {
    Table::create()
        .table("control_numbers")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(text("mutation"))
        .col(text("idempotency_key"))
        .col(integer("item"))
        .col(text("request_hash"))
        .col(uuid("submission_id"))
        .col(integer("place"))
        .col(text("provider"))
        .col(text_null("number"))
        .col(text("kind"))
        .col(text_null("mode"))
        .col(big_integer_null("amount_minor"))
        .col(big_integer_null("max_amount_minor"))
        .col(big_integer("received_minor"))
        .col(big_integer("counted_minor"))
        .col(text("currency"))
        .col(boolean("paid_once"))
        .col(text("reference"))
        .col(text_null("description"))
        .col(text_null("payer_name"))
        .col(text_null("payer_phone"))
        .col(text_null("payer_email"))
        .col(boolean("enabled"))
        .col(text("status"))
        .col(integer("version"))
        .col(text_null("review_reason"))
        .col(big_integer_null("review_since"))
        .col(text_null("failure"))
        .col(big_integer_null("collections_asked_at"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn collections() -> TableCreateStatement {
    Table::create()
        .table("collections")
        .col(uuid("id"))
        .col(text_null("tenant_id"))
        .col(text_null("customer"))
        .col(text("provider"))
        .col(uuid_null("control_number_id"))
        .col(text("number"))
        .col(big_integer("amount_minor"))
        .col(text("currency"))
        .col(text("status"))
        .col(text_null("payer_name"))
        .col(text_null("payer_phone"))
        .col(text_null("payer_email"))
        .col(text_null("channel"))
        .col(text("provider_reference"))
        .col(text_null("message"))
        .col(text("flags"))
        .col(integer("version"))
        .col(big_integer("received_at"))
        .col(big_integer("updated_at"))
        .primary_key(Index::create().col("id"))
        .take()
}
