//! Until when all money that a provider received is known: whoever reads its newest payments stops at what is older.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

const TABLE: &str = "providers";
const COLUMN: &str = "collections_swept_at";

/// Until when all money that a provider received is known.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = big_integer_null(COLUMN);
        manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).to_owned()).await
    }
}
