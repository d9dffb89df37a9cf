//! The limits that providers set to our calls, kept as rows for all processes together: slots, one for each call that
//! may run at once, taken by lease; and a budget, the calls that were made within the present hour.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use tokio::time::Instant;

use super::time::now_sql;
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::provider::ProviderCode;
use crate::ports::limits::{Busy, CallBudget, CallLimits, Permit};

/// How often a free place is looked for.
const PAUSE: Duration = Duration::from_millis(50);
/// When a slot is given back again that could not be.
const AGAIN: Duration = Duration::from_millis(500);
const MICROS_OF_HOUR: i64 = 3_600_000_000;

/// The limits, kept in the database.
#[derive(Debug)]
pub struct StoredLimits {
    store: Store,
    /// The name of this process, as holder of leases.
    instance: String,
    /// Longer than any call: a slot whose holder died comes free after it.
    lease: Duration,
}

impl StoredLimits {
    /// The limits as `instance` meets them; a slot is its own for `lease`.
    pub fn new(store: Store, instance: String, lease: Duration) -> Arc<Self> {
        Arc::new(Self { store, instance, lease })
    }

    async fn try_enter(&self, provider: ProviderCode, budget: CallBudget) -> Result<Entry, StoreError> {
        let until = Instant::now() + self.lease;
        let work = self.store.begin(Step::Slot).await?;
        let slot = match budget.at_once {
            None => None,
            Some(most) => {
                let taken = match work.take_slot(provider, most, &self.instance, self.lease).await? {
                    None => {
                        work.lay_out_slots(provider, most).await?;
                        work.take_slot(provider, most, &self.instance, self.lease).await?
                    }
                    taken => taken,
                };
                let Some(slot) = taken else {
                    work.commit().await?;
                    return Ok(Entry::Full);
                };
                Some(slot)
            }
        };
        if let Some(most) = budget.per_hour
            && let Some(until) = work.spend(provider, most).await?
        {
            work.roll_back().await?;
            return Ok(Entry::Spent(until));
        }
        // Given back also where nobody knows whether it was taken.
        let held = Held::new(self, provider, slot, until);
        work.commit().await?;
        Ok(Entry::Open(held))
    }
}

/// A slot as it was taken. Its lease tells it from one that the same process takes later.
#[derive(Clone, Copy, Debug)]
struct Slot {
    number: i32,
    /// By the database's clock, in microseconds.
    lease_until: i64,
}

enum Entry {
    /// The call may be made.
    Open(Held),
    Full,
    Spent(Timestamp),
}

#[async_graphql::async_trait::async_trait]
impl CallLimits for StoredLimits {
    async fn enter(&self, provider: ProviderCode, budget: CallBudget, patience: Duration) -> Result<Permit, Busy> {
        if budget == CallBudget::default() {
            return Ok(Permit::new(()));
        }
        let give_up = Instant::now() + patience;
        loop {
            match self.try_enter(provider, budget).await {
                Ok(Entry::Open(held)) => return Ok(Permit::new(held)),
                Ok(Entry::Spent(until)) => return Err(Busy::HourSpent { until }),
                Ok(Entry::Full) if Instant::now() + PAUSE < give_up => tokio::time::sleep(PAUSE).await,
                Ok(Entry::Full) => return Err(Busy::AllRunning),
                Err(error) => {
                    tracing::warn!(provider.name = %provider, %error, "the limits of the provider cannot be read");
                    return Err(Busy::Unavailable);
                }
            }
        }
    }
}

/// A slot until it is dropped.
struct Held {
    store: Store,
    instance: String,
    provider: ProviderCode,
    slot: Option<Slot>,
    /// When it comes free by itself.
    until: Instant,
}

impl Held {
    fn new(limits: &StoredLimits, provider: ProviderCode, slot: Option<Slot>, until: Instant) -> Self {
        Self { store: limits.store.clone(), instance: limits.instance.clone(), provider, slot, until }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (Some(slot), Ok(runtime)) = (self.slot, tokio::runtime::Handle::try_current()) else { return };
        let (store, instance) = (self.store.clone(), std::mem::take(&mut self.instance));
        runtime.spawn(give_back(store, self.provider, slot, instance, self.until));
    }
}

/// Gives a slot back, again and again where the database is away, as long as it would not come free by itself.
async fn give_back(store: Store, provider: ProviderCode, slot: Slot, instance: String, until: Instant) {
    loop {
        let given = async {
            let work = store.begin(Step::Slot).await?;
            work.give_back_slot(provider, slot, &instance).await?;
            work.commit().await
        };
        let Err(error) = given.await else { return };
        if Instant::now() + AGAIN >= until {
            tracing::warn!(provider.name = %provider, %error, "a slot comes free only when its lease ends");
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

impl Work {
    /// Makes sure that a provider has `count` slots.
    async fn lay_out_slots(&self, provider: ProviderCode, count: u32) -> Result<(), StoreError> {
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
    async fn take_slot(
        &self,
        provider: ProviderCode,
        most: u32,
        owner: &str,
        lease: Duration,
    ) -> Result<Option<Slot>, StoreError> {
        let backend = self.backend();
        let now = now_sql(backend, "$1");
        let skip = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "UPDATE provider_slots SET owner = $2, lease_until = {now} + $3 WHERE provider = $4 AND slot = \
               (SELECT slot FROM provider_slots WHERE provider = $4 AND slot <= $5 AND (lease_until IS NULL OR lease_until < {now}) \
                ORDER BY slot DESC LIMIT 1 {skip}) RETURNING slot, lease_until"
        );
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let values =
            [self.offset().into(), owner.into(), lease.into(), provider.as_str().into(), i64::from(most).into()];
        let row = self.tx.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Slot { number: row.try_get_by_index(0)?, lease_until: row.try_get_by_index(1)? }))
    }

    /// Gives a slot back, unless it has come free by itself since.
    async fn give_back_slot(&self, provider: ProviderCode, slot: Slot, owner: &str) -> Result<(), StoreError> {
        let sql = "UPDATE provider_slots SET owner = NULL, lease_until = NULL \
                   WHERE provider = $1 AND slot = $2 AND owner = $3 AND lease_until = $4";
        let values = [provider.as_str().into(), slot.number.into(), owner.into(), slot.lease_until.into()];
        self.tx.execute_raw(Statement::from_sql_and_values(self.backend(), sql, values)).await?;
        Ok(())
    }

    /// Counts a call against the present hour; the hour's end where `most` were made in it already.
    async fn spend(&self, provider: ProviderCode, most: u32) -> Result<Option<Timestamp>, StoreError> {
        let hour = super::time::micros(self.now()).div_euclid(MICROS_OF_HOUR);
        let sql = "INSERT INTO provider_budgets (provider, hour, calls) VALUES ($1, $2, 1) \
                   ON CONFLICT (provider) DO UPDATE SET hour = excluded.hour, \
                     calls = CASE WHEN provider_budgets.hour = excluded.hour THEN provider_budgets.calls + 1 ELSE 1 END \
                   RETURNING calls";
        let values = [provider.as_str().into(), hour.into()];
        let row = self.tx.query_one_raw(Statement::from_sql_and_values(self.backend(), sql, values)).await?;
        let calls: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        if calls <= i64::from(most) {
            return Ok(None);
        }
        super::time::timestamp((hour + 1) * MICROS_OF_HOUR).map(Some)
    }
}
