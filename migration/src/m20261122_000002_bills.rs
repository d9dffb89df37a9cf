//! Bills and bill numbers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, boolean_null, integer, text, text_null, uuid};

use crate::indexes;

/// Bills and bill numbers.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX bills_natural_key ON bills (tenant_id, coalesce(customer, ''), biller_id, account_reference, provider_reference)",
    "CREATE INDEX bills_by_tenant ON bills (tenant_id, id)",
    "CREATE UNIQUE INDEX bill_numbers_natural_key ON bill_numbers (tenant_id, coalesce(customer, ''), biller_id, account_reference)",
    "CREATE INDEX bill_numbers_by_tenant ON bill_numbers (tenant_id, id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(bills()).await?;
        manager.create_table(bill_numbers()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["bill_numbers", "bills"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn bills() -> TableCreateStatement {
    Table::create()
        .table("bills")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(uuid("biller_id"))
        .col(text("account_reference"))
        .col(text("provider_reference"))
        .col(text_null("invoice_number"))
        .col(text_null("description"))
        .col(big_integer("amount_minor"))
        .col(big_integer("amount_due_minor"))
        .col(big_integer("amount_paid_minor"))
        .col(big_integer("amount_scheduled_minor"))
        .col(text("currency"))
        .col(text_null("due_date"))
        .col(big_integer("as_of"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn bill_numbers() -> TableCreateStatement {
    Table::create()
        .table("bill_numbers")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(uuid("biller_id"))
        .col(text("account_reference"))
        .col(text_null("customer_name"))
        .col(text_null("phone_number"))
        .col(text_null("description"))
        .col(big_integer_null("balance_minor"))
        .col(text_null("balance_currency"))
        .col(big_integer_null("balance_as_of"))
        .col(text_null("due_date"))
        .col(boolean("verified"))
        .col(boolean_null("account_active"))
        .col(boolean("remind_due_date"))
        .col(boolean("saved_with_provider"))
        .col(text_null("provider_reference"))
        .col(integer("version"))
        .col(big_integer("created_at"))
        .col(big_integer_null("removed_at"))
        .primary_key(Index::create().col("id"))
        .take()
}
