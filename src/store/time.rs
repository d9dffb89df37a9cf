//! Times: microseconds since 1970 in rows, the database's own clock for leases.

use jiff::Timestamp;
use sea_orm::DbBackend;

use super::StoreError;

/// A moment as it is stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A stored moment.
pub(super) fn timestamp(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Unreadable("a time"))
}

/// When the statement began, by the database's clock, as [`now_sql`]. An index can be searched by it, which it cannot by
/// a clock that moves meanwhile. It is never later than [`now_sql`], so that what it calls due is due.
pub(super) fn began_sql(backend: DbBackend, offset: &str) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("((extract(epoch from statement_timestamp()) * 1000000)::bigint + {offset})")
        }
        DbBackend::Sqlite => now_sql(backend, offset),
        other => unreachable!("connect() refuses {other:?}"),
    }
}

/// The database's clock in SQL, in microseconds, moved by the bound parameter `offset` (`$1`, …): zero in production.
pub(super) fn now_sql(backend: DbBackend, offset: &str) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("((extract(epoch from clock_timestamp()) * 1000000)::bigint + {offset})")
        }
        DbBackend::Sqlite => format!("(CAST(unixepoch('subsec') * 1000000 AS INTEGER) + {offset})"),
        other => unreachable!("connect() refuses {other:?}"),
    }
}
