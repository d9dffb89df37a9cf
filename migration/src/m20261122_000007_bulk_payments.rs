//! Bulk payments, recalls and funding accounts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, integer, integer_null, text, text_null, uuid};

use crate::indexes;

/// Bulk payments, recalls and funding accounts.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX bulk_payments_idempotency_key ON bulk_payments (tenant_id, idempotency_key)",
    "CREATE INDEX bulk_payments_by_tenant ON bulk_payments (tenant_id, id)",
    "CREATE INDEX payments_by_bulk ON payments (bulk_payment_id, id) WHERE bulk_payment_id IS NOT NULL",
    "CREATE UNIQUE INDEX recalls_one_open ON recalls (payment_id, kind) WHERE state IN ('REQUESTED', 'SENDING')",
    "CREATE INDEX recalls_by_payment ON recalls (payment_id, id)",
    "CREATE UNIQUE INDEX funding_accounts_code ON funding_accounts (provider, kind, code)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(bulk_payments()).await?;
        manager.create_table(recalls()).await?;
        manager.create_table(funding_accounts()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, &["DROP INDEX payments_by_bulk"]).await?;
        for table in ["funding_accounts", "recalls", "bulk_payments"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn bulk_payments() -> TableCreateStatement {
    Table::create()
        .table("bulk_payments")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(text("idempotency_key"))
        .col(text("request_hash"))
        .col(uuid("submission_id"))
        .col(big_integer("total_minor").check(Expr::col("total_minor").gt(0)))
        .col(text("currency"))
        .col(text("status"))
        .col(integer("version"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn recalls() -> TableCreateStatement {
    Table::create()
        .table("recalls")
        .col(uuid("id"))
        .col(uuid("payment_id"))
        .col(text("tenant_id"))
        .col(text("kind"))
        .col(text_null("void_kind"))
        .col(text_null("reason"))
        .col(text("requested_by"))
        .col(big_integer("requested_at"))
        .col(text("state"))
        .col(integer_null("attempt_no"))
        .col(text_null("provider_message"))
        .col(big_integer_null("ended_at"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn funding_accounts() -> TableCreateStatement {
    Table::create()
        .table("funding_accounts")
        .col(uuid("id"))
        .col(text("provider"))
        .col(text("kind"))
        .col(text("code"))
        .col(text("label"))
        .col(boolean("active"))
        .primary_key(Index::create().col("id"))
        .take()
}
