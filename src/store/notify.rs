//! PostgreSQL's NOTIFY, as a hint between processes: sent after the commit, coalesced, and never relied on.

use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{DbBackend, DbErr, RuntimeErr, Statement};

use super::{Store, StoreError};
use crate::domain::requester::TenantId;

const CHANNEL: &str = "billpay_events";
/// Of all tenants whose logs have grown, by one statement.
const TELL: &str = "SELECT pg_notify($1, hint) FROM json_array_elements_text($2::json) AS hint";

/// Hears which tenants' logs have grown in other processes.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Store {
    /// Listens, where the database can tell; on SQLite there is one process only.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        if self.writer.get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let pool = self.writer.get_postgres_connection_pool();
        let mut listener = PgListener::connect_with(pool).await.map_err(failed)?;
        listener.listen(CHANNEL).await.map_err(failed)?;
        Ok(Some(Listener(listener)))
    }

    /// Tells other processes how far tenants' logs go.
    pub async fn notify(&self, heads: impl IntoIterator<Item = (TenantId, i64)>) -> Result<(), StoreError> {
        if self.writer.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let hints: Vec<String> =
            heads.into_iter().map(|(tenant, head)| format!("{head} {}", tenant.as_str())).collect();
        let hints = serde_json::to_string(&hints).map_err(|_| StoreError::Unreadable("a hint"))?;
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, TELL, [CHANNEL.into(), hints.into()]);
        self.query_often(statement).await?;
        Ok(())
    }
}

impl Listener {
    /// The next hint; nothing where it cannot be read.
    pub async fn next(&mut self) -> Result<Option<(TenantId, i64)>, StoreError> {
        let notification = self.0.recv().await.map_err(failed)?;
        let hint = notification.payload().split_once(' ');
        Ok(hint.and_then(|(head, tenant)| Some((TenantId::try_new(tenant).ok()?, head.parse().ok()?))))
    }
}

fn failed(error: sea_orm::sqlx::Error) -> StoreError {
    StoreError::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}
