//! Slots: how many calls a provider allows at once, kept for all processes together.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};

use super::StoreError;
use super::time::now_sql;
use super::work::{Work, all_set};
use crate::domain::provider::ProviderCode;

impl Work {
    /// Makes sure that a provider has `count` slots.
    pub async fn lay_out_slots(&self, provider: ProviderCode, count: u32) -> Result<(), StoreError> {
        let rows = (1..=i32::try_from(count).unwrap_or(i32::MAX)).map(|slot| {
            all_set::<entity::provider_slot::ActiveModel, _>(entity::provider_slot::Model {
                provider: provider.as_str().to_owned(),
                slot,
                owner: None,
                lease_until: None,
            })
        });
        entity::provider_slot::Entity::insert_many(rows)
            .on_conflict_do_nothing()
            .exec_without_returning(&self.tx)
            .await?;
        Ok(())
    }

    /// Takes a free slot for `lease`; nothing where none is free.
    pub async fn take_slot(
        &self,
        provider: ProviderCode,
        most: u32,
        owner: &str,
        lease: Duration,
    ) -> Result<Option<i32>, StoreError> {
        let backend = self.backend();
        let now = now_sql(backend, "$1");
        let skip = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "UPDATE provider_slots SET owner = $2, lease_until = {now} + $3 WHERE provider = $4 AND slot = \
               (SELECT slot FROM provider_slots WHERE provider = $4 AND slot <= $5 AND (lease_until IS NULL OR lease_until < {now}) \
                ORDER BY slot LIMIT 1 {skip}) RETURNING slot"
        );
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let values =
            [self.offset().into(), owner.into(), lease.into(), provider.as_str().into(), i64::from(most).into()];
        let row = self.tx.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
    }

    /// Gives a slot back.
    pub async fn give_back_slot(&self, provider: ProviderCode, slot: i32, owner: &str) -> Result<(), StoreError> {
        let sql = "UPDATE provider_slots SET owner = NULL, lease_until = NULL WHERE provider = $1 AND slot = $2 AND owner = $3";
        let values = [provider.as_str().into(), slot.into(), owner.into()];
        self.tx.execute_raw(Statement::from_sql_and_values(self.backend(), sql, values)).await?;
        Ok(())
    }
}
