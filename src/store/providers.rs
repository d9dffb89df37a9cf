//! What all processes share about each provider.

use std::time::Duration;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Statement, UpdateMany};

use entity::provider::{Column, Entity, Model};

use super::convert::word;
use super::time::{micros, now_sql, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::provider::{ProviderCode, ProviderState};

/// The shared facts about one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRow {
    /// Which one.
    pub code: ProviderCode,
    /// Rises with each change of its billers.
    pub catalogue_version: i64,
    /// When its catalogue was last fetched.
    pub synced_at: Option<Timestamp>,
    /// How well the way to it works.
    pub state: ProviderState,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Until when submissions to it are held back.
    pub submits_paused_until: Option<Timestamp>,
}

impl Store {
    /// The rows of all providers that were ever switched on.
    pub async fn providers(&self) -> Result<Vec<ProviderRow>, StoreError> {
        Entity::find().all(&self.reader).await?.into_iter().map(row).collect()
    }

    /// One provider's row.
    pub async fn provider(&self, code: ProviderCode) -> Result<Option<ProviderRow>, StoreError> {
        Entity::find_by_id(code.as_str().to_owned()).one(&self.reader).await?.map(row).transpose()
    }

    /// Makes sure that a provider has a row.
    pub async fn register_provider(&self, code: ProviderCode) -> Result<(), StoreError> {
        let model = Model {
            code: code.as_str().to_owned(),
            catalogue_version: 0,
            synced_at: None,
            sync_lease_until: None,
            collections_lease_until: None,
            collections_read_to: None,
            state: ProviderState::Healthy.as_str().to_owned(),
            state_reason: None,
            state_since: micros(self.clock.now()),
            submits_paused_until: None,
        };
        let model: entity::provider::ActiveModel = all_set(model);
        Entity::insert(model).on_conflict_do_nothing().exec_without_returning(&self.writer).await?;
        Ok(())
    }

    /// Takes the right to fetch a provider's catalogue for `lease`, where nobody else holds it.
    pub async fn lease_sync(&self, code: ProviderCode, lease: Duration) -> Result<bool, StoreError> {
        let backend = self.writer.get_database_backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "UPDATE providers SET sync_lease_until = {now} + $2 \
             WHERE code = $3 AND (sync_lease_until IS NULL OR sync_lease_until < {now})"
        );
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let values = [self.clock.offset_micros().into(), lease.into(), code.as_str().into()];
        let leased = self.writer.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(leased.rows_affected() == 1)
    }

    /// Has what was collected through a provider be fetched now.
    pub async fn request_collections(&self, code: ProviderCode) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Code.eq(code.as_str()))
            .col_expr(Column::CollectionsLeaseUntil, Expr::value(Option::<i64>::None))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Records how well the way to a provider works; where it did so already, the time since when stays.
    pub async fn set_provider_state(
        &self,
        code: ProviderCode,
        state: ProviderState,
        reason: Option<&str>,
        submits_paused_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut work = self.begin(Step::Other).await?;
        if submits_paused_until.is_none() {
            work.wake_paused(code).await?;
        }
        of_state(code, state, reason, micros(work.now()))
            .col_expr(Column::SubmitsPausedUntil, Expr::value(submits_paused_until.map(micros)))
            .exec(&work.tx)
            .await?;
        work.commit().await
    }

    /// Records it where submissions do not pause. That it works well ends a pause that is over and that nobody has tried
    /// since.
    pub async fn set_unpaused_provider_state(
        &self,
        code: ProviderCode,
        state: ProviderState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = micros(self.clock.now());
        let mut unpaused = Condition::any().add(Column::SubmitsPausedUntil.is_null());
        if state == ProviderState::Healthy {
            unpaused = unpaused.add(Column::SubmitsPausedUntil.lte(now));
        }
        of_state(code, state, reason, now)
            .col_expr(Column::SubmitsPausedUntil, Expr::value(Option::<i64>::None))
            .filter(unpaused)
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}

/// How well the way works, from now on where it did not so before.
fn of_state(code: ProviderCode, state: ProviderState, reason: Option<&str>, now: i64) -> UpdateMany<Entity> {
    let since = Expr::case(Column::State.eq(state.as_str()), Expr::col(Column::StateSince)).finally(now);
    Entity::update_many()
        .filter(Column::Code.eq(code.as_str()))
        .col_expr(Column::StateSince, since.into())
        .col_expr(Column::State, Expr::value(state.as_str()))
        .col_expr(Column::StateReason, Expr::value(reason.map(str::to_owned)))
}

impl Work {
    /// Brings forward what waits for the end of a provider's pause, since the pause ends now.
    async fn wake_paused(&mut self, code: ProviderCode) -> Result<(), StoreError> {
        use entity::submission;
        let row = Entity::find_by_id(code.as_str().to_owned()).one(&self.tx).await?;
        let Some(until) = row.and_then(|row| row.submits_paused_until) else { return Ok(()) };
        submission::Entity::update_many()
            .filter(submission::Column::Provider.eq(code.as_str()))
            .filter(submission::Column::NextActionAt.eq(until))
            .col_expr(submission::Column::NextActionAt, Expr::value(micros(self.now())))
            .exec(&self.tx)
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Records that a catalogue was fetched, and whether anything in it had changed.
    pub(super) async fn note_sync(&self, code: ProviderCode, changed: bool) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Code.eq(code.as_str()))
            .col_expr(Column::CatalogueVersion, Expr::cust(format!("catalogue_version + {}", i32::from(changed))))
            .col_expr(Column::SyncedAt, Expr::value(micros(self.now())))
            .col_expr(Column::SyncLeaseUntil, Expr::value(Option::<i64>::None))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

fn row(model: Model) -> Result<ProviderRow, StoreError> {
    let states = [ProviderState::Healthy, ProviderState::Degraded, ProviderState::Misconfigured, ProviderState::Off];
    let state = states.into_iter().find(|state| state.as_str() == model.state);
    Ok(ProviderRow {
        code: word(&model.code, "a provider")?,
        catalogue_version: model.catalogue_version,
        synced_at: model.synced_at.map(timestamp).transpose()?,
        state: state.ok_or(StoreError::Unreadable("a provider's state"))?,
        reason: model.state_reason,
        since: timestamp(model.state_since)?,
        submits_paused_until: model.submits_paused_until.map(timestamp).transpose()?,
    })
}
