//! How far a provider's newest payments were read, and when a number was last said to be paid by anyone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, text_null};

const PROVIDERS: &str = "providers";
const READ_TO: &str = "collections_read_to";
const NUMBERS: &str = "control_numbers";
const HINTED_AT: &str = "hinted_at";

/// How far a provider's newest payments were read, and when a number was last said to be paid by anyone.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let read_to = text_null(READ_TO);
        manager.alter_table(Table::alter().table(PROVIDERS).add_column(read_to).to_owned()).await?;
        let hinted_at = big_integer_null(HINTED_AT);
        manager.alter_table(Table::alter().table(NUMBERS).add_column(hinted_at).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(NUMBERS).drop_column(HINTED_AT).to_owned()).await?;
        manager.alter_table(Table::alter().table(PROVIDERS).drop_column(READ_TO).to_owned()).await
    }
}
