//! Reminders of due dates.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, text, text_null, uuid};

use crate::indexes;

/// Reminders of due dates.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX reminders_by_version ON reminders (bill_number_id, version)",
    "CREATE INDEX bill_numbers_to_remind ON bill_numbers (due_date, id) WHERE remind_due_date AND removed_at IS NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(reminders()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        indexes(manager, &["DROP INDEX bill_numbers_to_remind"]).await?;
        manager.drop_table(Table::drop().table("reminders").to_owned()).await
    }
}

fn reminders() -> TableCreateStatement {
    Table::create()
        .table("reminders")
        .col(uuid("bill_number_id"))
        .col(text("due_date"))
        .col(integer("days_before"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(integer("version"))
        .col(integer("days_left"))
        .col(big_integer_null("amount_minor"))
        .col(text_null("currency"))
        .col(big_integer("told_at"))
        .primary_key(Index::create().col("bill_number_id").col("due_date").col("days_before"))
        .take()
}
