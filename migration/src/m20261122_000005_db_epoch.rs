//! The database's own life.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, text};

/// The database's own life.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(db_epoch()).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["db_epoch"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn db_epoch() -> TableCreateStatement {
    Table::create()
        .table("db_epoch")
        .col(integer("id"))
        .col(text("system_identifier"))
        .col(big_integer("timeline"))
        .col(big_integer("since"))
        .primary_key(Index::create().col("id"))
        .take()
}
