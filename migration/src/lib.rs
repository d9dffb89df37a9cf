//! The schema of billpay's database, one file a change, each up and down, on SQLite and PostgreSQL alike.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m20261122_000001_billers;
mod m20261122_000002_bills;
mod m20261122_000003_payments;
mod m20261122_000004_events;
mod m20261122_000005_db_epoch;
mod m20261122_000006_control_numbers;
mod m20261122_000007_bulk_payments;
mod m20261122_000008_reminders;
mod m20261122_000009_api_clients;
mod m20261122_000010_webhooks;
mod m20261122_000011_open;
mod m20261122_000012_inbox;
mod m20261122_000013_hot;
mod m20261122_000014_gone;
mod m20261122_000015_late;
mod m20261123_000016_swept;

/// Every change, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_billers::Migration),
            Box::new(m20261122_000002_bills::Migration),
            Box::new(m20261122_000003_payments::Migration),
            Box::new(m20261122_000004_events::Migration),
            Box::new(m20261122_000005_db_epoch::Migration),
            Box::new(m20261122_000006_control_numbers::Migration),
            Box::new(m20261122_000007_bulk_payments::Migration),
            Box::new(m20261122_000008_reminders::Migration),
            Box::new(m20261122_000009_api_clients::Migration),
            Box::new(m20261122_000010_webhooks::Migration),
            Box::new(m20261122_000011_open::Migration),
            Box::new(m20261122_000012_inbox::Migration),
            Box::new(m20261122_000013_hot::Migration),
            Box::new(m20261122_000014_gone::Migration),
            Box::new(m20261122_000015_late::Migration),
            Box::new(m20261123_000016_swept::Migration),
        ]
    }
}

/// Indexes in SQL, since partial indexes and expressions are said most plainly in it.
async fn indexes(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
