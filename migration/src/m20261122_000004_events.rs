//! The event log and the inbox.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, boolean, integer, text, text_null, uuid, uuid_null};

use crate::indexes;

/// The event log and the inbox.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX events_subject_version ON events (subject_id, subject_version)",
    "CREATE UNIQUE INDEX inbox_id ON inbox (id)",
    "CREATE INDEX inbox_by_tenant ON inbox (tenant_id, id)",
    "CREATE INDEX inbox_unmatched ON inbox (provider, received_at) WHERE state <> 'MATCHED'",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(event_heads()).await?;
        manager.create_table(events()).await?;
        manager.create_table(inbox()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["inbox", "events", "event_heads"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn event_heads() -> TableCreateStatement {
    Table::create()
        .table("event_heads")
        .col(text("tenant_id"))
        .col(big_integer("sequence"))
        .primary_key(Index::create().col("tenant_id"))
        .take()
}

fn events() -> TableCreateStatement {
    Table::create()
        .table("events")
        .col(text("tenant_id"))
        .col(big_integer("sequence"))
        .col(text("subject_kind"))
        .col(uuid("subject_id"))
        .col(integer("subject_version"))
        .col(text_null("customer"))
        .col(text_null("status"))
        .col(text("kind"))
        .col(text("actor"))
        .col(text_null("reason"))
        .col(text_null("failure"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("tenant_id").col("sequence"))
        .take()
}

fn inbox() -> TableCreateStatement {
    Table::create()
        .table("inbox")
        .col(text("provider"))
        .col(text("dedupe"))
        .col(uuid("id"))
        .col(big_integer("received_at"))
        .col(binary("raw"))
        .col(boolean("verified"))
        .col(text("state"))
        .col(text_null("our_reference"))
        .col(text_null("provider_reference"))
        .col(text_null("tenant_id"))
        .col(uuid_null("payment_id"))
        .primary_key(Index::create().col("provider").col("dedupe"))
        .take()
}
