//! API clients.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, text, text_null, uuid};

use crate::indexes;

/// API clients.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &["CREATE INDEX api_clients_by_tenant ON api_clients (tenant_id, id)"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(api_clients()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("api_clients").to_owned()).await
    }
}

fn api_clients() -> TableCreateStatement {
    Table::create()
        .table("api_clients")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(text("name"))
        .col(text("scopes"))
        .col(binary("secret_hash"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer_null("last_used_at"))
        .col(big_integer_null("revoked_at"))
        .primary_key(Index::create().col("id"))
        .take()
}
