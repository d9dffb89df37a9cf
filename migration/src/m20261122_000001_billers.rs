//! Providers and their billers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary_null, boolean, integer, text, text_null, uuid};

use crate::indexes;

/// Providers and their billers.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &["CREATE UNIQUE INDEX billers_code ON billers (provider, code)"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(billers()).await?;
        manager.create_table(providers()).await?;
        manager.create_table(provider_slots()).await?;
        manager.create_table(provider_budgets()).await?;
        manager.create_table(provider_sessions()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["provider_sessions", "provider_budgets", "provider_slots", "providers", "billers"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn billers() -> TableCreateStatement {
    Table::create()
        .table("billers")
        .col(uuid("id"))
        .col(text("provider"))
        .col(text("code"))
        .col(text("name"))
        .col(text("category"))
        .col(text("category_name"))
        .col(text("country"))
        .col(text("currency"))
        .col(big_integer_null("minimum"))
        .col(big_integer_null("maximum"))
        .col(big_integer_null("step"))
        .col(text("time_zone"))
        .col(text_null("disbursement_method"))
        .col(boolean("combines"))
        .col(boolean("active"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn providers() -> TableCreateStatement {
    Table::create()
        .table("providers")
        .col(text("code"))
        .col(big_integer("catalogue_version"))
        .col(big_integer_null("synced_at"))
        .col(big_integer_null("sync_lease_until"))
        .col(big_integer_null("collections_lease_until"))
        .col(text("state"))
        .col(text_null("state_reason"))
        .col(big_integer("state_since"))
        .col(big_integer_null("submits_paused_until"))
        .primary_key(Index::create().col("code"))
        .take()
}

fn provider_slots() -> TableCreateStatement {
    Table::create()
        .table("provider_slots")
        .col(text("provider"))
        .col(integer("slot"))
        .col(text_null("owner"))
        .col(big_integer_null("lease_until"))
        .primary_key(Index::create().col("provider").col("slot"))
        .take()
}

fn provider_budgets() -> TableCreateStatement {
    Table::create()
        .table("provider_budgets")
        .col(text("provider"))
        .col(big_integer("hour"))
        .col(big_integer("calls"))
        .primary_key(Index::create().col("provider"))
        .take()
}

fn provider_sessions() -> TableCreateStatement {
    Table::create()
        .table("provider_sessions")
        .col(text("provider"))
        .col(binary_null("sealed"))
        .col(big_integer_null("renewal_lease_until"))
        .primary_key(Index::create().col("provider"))
        .take()
}
