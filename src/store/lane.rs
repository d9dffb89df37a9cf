//! Connections of PostgreSQL for the statements that are sent most.
//!
//! Purpose: the driver's pool asks each connection that is given back whether it still lives, in a task of its own. For
//! a statement that has ended when it is answered that is a second round trip, and nearly as much work as the first.
//! Mechanism: a few connections stand beside the pool, from its share. One is kept where its last statement was answered,
//! and closed where it failed or where nobody waited for its end, so that no half-read answer is ever met again; one that
//! has rested is asked first. Guarantee: a statement is sent once, by itself, and never inside a transaction.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::Counter;
use sea_orm::sea_query::Values;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection};
use sea_orm::{ConnAcquireErr, DbErr, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::telemetry::metric;

/// One that has rested longer is asked whether it lives.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// None is kept longer, so that what another address of the database means is learned in time.
const LONGEST_LIFE: Duration = Duration::from_secs(1_800);

/// No answer is waited for any longer: the database would have given up the statement. On a connection that is dead
/// without a word those who wait for the same statement would wait for ever.
const LONGEST_ANSWER: Duration = Duration::from_secs(25);

/// The connections, and who may have one.
pub(super) struct Lane {
    options: Arc<PgConnectOptions>,
    /// How long anybody waits for a connection.
    patience: Duration,
    places: Semaphore,
    most: u32,
    kept: Mutex<Vec<Kept>>,
    /// Found once: finding a figure takes longer than adding to it.
    statements: Counter,
}

struct Kept {
    connection: PgConnection,
    made: Instant,
    rests_since: Instant,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").finish_non_exhaustive()
    }
}

impl Lane {
    pub(super) fn new(options: Arc<PgConnectOptions>, places: u16, patience: Duration) -> Self {
        let most = u32::from(places);
        Self {
            options,
            patience,
            places: Semaphore::new(usize::from(places)),
            most,
            kept: Mutex::default(),
            statements: metrics::counter!(metric::DATABASE_STATEMENTS),
        }
    }

    /// How many of how many are at work.
    pub(super) fn in_use(&self) -> (u32, u32) {
        let free = u32::try_from(self.places.available_permits()).unwrap_or(self.most);
        (self.most.saturating_sub(free), self.most)
    }

    /// Sends one statement, and answers its rows.
    pub(super) async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let place = timeout(self.patience, self.places.acquire()).await.map_err(|_| none_free())?;
        let _place = place.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        let mut one = self.connection().await?;
        let values = SqlxValues(statement.values.unwrap_or(Values(Vec::new())));
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), values);
        self.statements.increment(1);
        // Given up, the connection is closed with it: nobody knows what became of the statement.
        let rows = timeout(LONGEST_ANSWER, query.fetch_all(&mut one.connection)).await.map_err(|_| unanswered())?;
        let rows = rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))?;
        one.rests_since = Instant::now();
        self.lock().push(one);
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    async fn connection(&self) -> Result<Kept, DbErr> {
        while let Some(mut one) = self.next_kept() {
            if one.made.elapsed() > LONGEST_LIFE {
                continue;
            }
            if one.rests_since.elapsed() < LONGEST_REST
                || matches!(timeout(self.patience, one.connection.ping()).await, Ok(Ok(())))
            {
                return Ok(one);
            }
        }
        let connecting = timeout(self.patience, PgConnection::connect_with(&self.options));
        let connection = connecting.await.map_err(|_| none_free())?;
        let connection = connection.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        Ok(Kept { connection, made: Instant::now(), rests_since: Instant::now() })
    }

    /// The one that was used last: those that are not needed come to rest.
    fn next_kept(&self) -> Option<Kept> {
        self.lock().pop()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unanswered() -> DbErr {
    DbErr::Custom("the database did not answer in time".to_owned())
}

fn none_free() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}
