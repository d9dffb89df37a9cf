//! Sessions with providers, sealed, so that all processes share one.
//!
//! A session is sealed with a key made from the settings' `secrets_key`; what cannot be opened counts as absent, so that
//! a changed key costs a new session and nothing else.

use std::fmt;
use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, Statement};

use entity::provider_session::{ActiveModel, Column, Entity, Model};

use super::seal::{Purpose, Seal};
use super::time::now_sql;
use super::work::all_set;
use super::{Store, StoreError};
use crate::domain::provider::ProviderCode;
use crate::ports::sessions::Sessions;

/// Sessions kept in the database.
pub struct StoredSessions {
    store: Store,
    seal: Seal,
}

impl StoredSessions {
    /// Sessions sealed with `secret`.
    pub fn new(store: Store, secret: &str) -> Self {
        Self { store, seal: Seal::new(Purpose::Sessions, secret) }
    }

    async fn read(&self, provider: ProviderCode) -> Result<Option<String>, StoreError> {
        let row = Entity::find_by_id(provider.as_str().to_owned()).one(&self.store.reader).await?;
        Ok(row.and_then(|row| row.sealed).and_then(|sealed| self.seal.open(provider.as_str(), &sealed)))
    }

    async fn write(&self, provider: ProviderCode, session: &str) -> Result<(), StoreError> {
        let row = Model {
            provider: provider.as_str().to_owned(),
            sealed: self.seal.seal(provider.as_str(), session),
            renewal_lease_until: None,
        };
        let replaced = [Column::Sealed, Column::RenewalLeaseUntil];
        Entity::insert(all_set::<ActiveModel, _>(row))
            .on_conflict(sea_orm::sea_query::OnConflict::column(Column::Provider).update_columns(replaced).to_owned())
            .exec_without_returning(&self.store.writer)
            .await?;
        Ok(())
    }

    async fn lease(&self, provider: ProviderCode, lease: Duration) -> Result<bool, StoreError> {
        let backend = self.store.writer.get_database_backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "INSERT INTO provider_sessions (provider, renewal_lease_until) VALUES ($2, {now} + $3) \
             ON CONFLICT (provider) DO UPDATE SET renewal_lease_until = excluded.renewal_lease_until \
             WHERE provider_sessions.renewal_lease_until IS NULL OR provider_sessions.renewal_lease_until < {now}"
        );
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let values = [self.store.clock.offset_micros().into(), provider.as_str().into(), lease.into()];
        let leased = self.store.writer.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(leased.rows_affected() == 1)
    }
}

impl fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSessions").finish_non_exhaustive()
    }
}

#[async_graphql::async_trait::async_trait]
impl Sessions for StoredSessions {
    async fn load(&self, provider: ProviderCode) -> Option<String> {
        self.read(provider).await.unwrap_or_else(|error| {
            tracing::warn!(provider.name = %provider, %error, "a session cannot be read");
            None
        })
    }

    async fn may_renew(&self, provider: ProviderCode, lease: Duration) -> bool {
        self.lease(provider, lease).await.unwrap_or_else(|error| {
            tracing::warn!(provider.name = %provider, %error, "the right to renew a session cannot be had");
            false
        })
    }

    async fn keep(&self, provider: ProviderCode, session: &str) {
        if let Err(error) = self.write(provider, session).await {
            tracing::warn!(provider.name = %provider, %error, "a session cannot be kept");
        }
    }
}
