//! Opening the database, and refusing one that could forget what it said it had stored.

use std::sync::Arc;
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Connection};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement};

use super::heads::Heads;
use super::lane::Lane;
use super::{Store, StoreError};
use crate::ports::clock::Clock;
use crate::telemetry::metric;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than a query may take, so that who waits in vain is told why.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a process may stand still in the middle of a transaction before the database ends it: a frozen one would
/// keep the locks of its tenant's log, and with them everybody else. Ours wait for nothing but the database.
const IDLE_IN_TRANSACTION: (&str, &str) = ("idle_in_transaction_session_timeout", "15s");
/// Of so many connections one stands beside the pool, for the statements that are sent most.
const LANE_SHARE: u32 = 4;
/// How long one waits for a lock: so many share a process's connections that nobody may hold them for one tenant's log.
/// Longer than a deadlock needs to be found, shorter than a frozen process keeps its locks.
const LOCK_TIMEOUT: (&str, &str) = ("lock_timeout", "2s");
const SQLITE_READERS: u32 = 4;
/// What a connection keeps of the file: KiB, by their minus. They share the sum, and each has memory of its own that stays
/// as large as it once was, so that five connections could come to hold the sum five times. Readers lose what they keep
/// with each commit anyway, and the system keeps the file too.
const SQLITE_CACHE: &str = "-512";
/// Any number, as long as every process takes the same.
const MIGRATION_LOCK: i64 = 0x6269_6c6c_7061_7901;

/// How to reach a database.
#[derive(Clone)]
pub struct Connect {
    /// `sqlite://…` or `postgres://…`.
    pub url: String,
    /// The most connections of this process.
    pub max_connections: u32,
    /// Whose offset moves the leases.
    pub clock: Clock,
}

impl std::fmt::Debug for Connect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connect").field("max_connections", &self.max_connections).finish_non_exhaustive()
    }
}

/// Why a database is not served from.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be reached or used.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// It could lose what it acknowledged.
    #[error(
        "the database's setting {setting} is {found}; billpay needs {needed}, since otherwise a payment that was acknowledged could be lost"
    )]
    Unsafe {
        /// The setting's name.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        needed: &'static str,
    },
    /// It is of another kind, or not kept in a file.
    #[error("BILLPAY_DATABASE__URL must begin with sqlite:// and name a file, or with postgres://")]
    Kind,
}

impl From<DbErr> for Refused {
    fn from(error: DbErr) -> Self {
        Self::Store(StoreError::from(error))
    }
}

impl Store {
    /// Opens the database, checks its settings, and brings its schema up to date.
    pub async fn connect(options: &Connect) -> Result<Self, Refused> {
        let store = Self::open(options).await?;
        store.refuse_unsafe_settings().await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the database without changing its schema.
    pub async fn open(options: &Connect) -> Result<Self, Refused> {
        let (writer, reader, lane) =
            if options.url.starts_with("postgres://") || options.url.starts_with("postgresql://") {
                let often = options.max_connections / LANE_SHARE;
                let pool = Database::connect(postgres(options, options.max_connections - often)).await?;
                let address = pool.get_postgres_connection_pool().connect_options();
                let lane = u16::try_from(often).ok().filter(|often| *often > 0);
                let lane = lane.map(|often| Arc::new(Lane::new(address, often, ACQUIRE_TIMEOUT)));
                (pool.clone(), pool, lane)
            } else if options.url.starts_with("sqlite:") && !options.url.contains(":memory:") {
                let writer = Database::connect(sqlite(options, 1, false)).await?;
                let reader = Database::connect(sqlite(options, SQLITE_READERS, true)).await?;
                (writer, reader, None)
            } else {
                return Err(Refused::Kind);
            };
        let heads = Arc::new(Heads::default());
        let (clock, waiters) = (options.clock.clone(), Arc::default());
        Ok(Self { writer: counted(writer), reader: counted(reader), lane, clock, heads, waiters })
    }

    /// Brings the schema up to date. On PostgreSQL one process at a time does so.
    pub async fn migrate(&self) -> Result<(), Refused> {
        match self.writer.get_database_backend() {
            DbBackend::Postgres => {
                let pool = self.writer.get_postgres_connection_pool();
                let failed = |error: sqlx::Error| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into()));
                let mut lock = pool.acquire().await.map_err(failed)?;
                // Whoever comes second waits as long as the first takes, up to a statement's time.
                sqlx::query("SET lock_timeout = 0").execute(&mut *lock).await.map_err(failed)?;
                let held = sqlx::query("SELECT pg_advisory_lock($1)").bind(MIGRATION_LOCK).execute(&mut *lock).await;
                held.map_err(failed)?;
                let outcome = Migrator::up(&self.writer, None).await;
                // Closing the connection frees the lock, whatever happened.
                drop(lock.detach());
                Ok(outcome?)
            }
            _ => Ok(Migrator::up(&self.writer, None).await?),
        }
    }

    /// Takes every change of the schema back, and with it all data; for the test of the migrations.
    pub async fn migrate_down(&self) -> Result<(), Refused> {
        Ok(Migrator::down(&self.writer, None).await?)
    }

    async fn refuse_unsafe_settings(&self) -> Result<(), Refused> {
        match self.writer.get_database_backend() {
            DbBackend::Postgres => {
                for setting in ["fsync", "full_page_writes"] {
                    self.expect(setting, &format!("SHOW {setting}"), "on", |found| found == "on").await?;
                }
                let durable = |found: &str| found != "off";
                self.expect("synchronous_commit", "SHOW synchronous_commit", "on, local or remote", durable).await
            }
            _ => {
                self.expect("journal_mode", "PRAGMA journal_mode", "wal", |found| found == "wal").await?;
                self.expect("synchronous", "PRAGMA synchronous", "2 (FULL) or 3", |found| found == "2" || found == "3")
                    .await?;
                self.expect("foreign_keys", "PRAGMA foreign_keys", "1", |found| found == "1").await
            }
        }
    }

    async fn expect(
        &self,
        setting: &'static str,
        sql: &str,
        needed: &'static str,
        good: impl Fn(&str) -> bool,
    ) -> Result<(), Refused> {
        let row = self.writer.query_one_raw(Statement::from_string(self.writer.get_database_backend(), sql)).await?;
        let found = row
            .map(|row| {
                row.try_get_by_index::<String>(0)
                    .or_else(|_| row.try_get_by_index::<i32>(0).map(|value| value.to_string()))
            })
            .transpose()?
            .unwrap_or_default();
        if good(&found) { Ok(()) } else { Err(Refused::Unsafe { setting, found, needed }) }
    }
}

fn postgres(options: &Connect, connections: u32) -> ConnectOptions {
    let mut connect = ConnectOptions::new(&options.url);
    connect
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .statement_timeout(STATEMENT_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .set_application_name("billpay")
        .map_sqlx_postgres_opts(|postgres| postgres.options([IDLE_IN_TRANSACTION, LOCK_TIMEOUT]));
    connect
}

fn sqlite(options: &Connect, connections: u32, read_only: bool) -> ConnectOptions {
    let mut connect = ConnectOptions::new(&options.url);
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY_TIMEOUT)
                .pragma("cache_size", SQLITE_CACHE)
                .foreign_keys(true);
            if read_only { sqlite.pragma("query_only", "1") } else { sqlite }
        })
        .map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_usable(connection))));
    connect
}

/// Where a write fails for want of room SQLite takes the whole transaction back by itself. The driver does not hear of
/// that: it believes in a transaction that is none, and would begin every further one as a savepoint inside of it,
/// without the lock that ours take first. Such a connection is closed, and the pool opens another.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback may be on its way; the answer comes behind it.
        connection.ping().await?;
    }
    let is_usable = !connection.is_in_transaction();
    if !is_usable {
        tracing::warn!("a connection to the database is closed, since it lost its transaction");
    }
    Ok(is_usable)
}

/// Counts every statement, so that a test can tell that a page costs a constant number of them.
fn counted(mut connection: DatabaseConnection) -> DatabaseConnection {
    let statements = metrics::counter!(metric::DATABASE_STATEMENTS);
    connection.set_metric_callback(move |_| statements.increment(1));
    connection
}
