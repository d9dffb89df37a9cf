//! Figures for the metrics and for back-pressure, over all tenants.
//!
//! Every statement but one goes by the partial indexes over what is open, so that its cost follows what is open and not
//! what was ever paid. The one counts what is final, and is asked seldom. SQLite uses a partial index only where the
//! statement repeats the index's own condition; hence [`OPEN`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};

use super::time::timestamp;
use super::{Store, StoreError};
use crate::domain::provider::ProviderCode;

/// The condition of the index `payments_open`, word for word.
const OPEN: &str = "status IN ('SCHEDULED', 'READY', 'SUBMITTING', 'UNKNOWN', 'PENDING', 'NEEDS_REVIEW')";
/// The condition of the index `control_numbers_open`, word for word.
const OPEN_NUMBERS: &str = "status IN ('REQUESTED', 'UNKNOWN')";

/// The submissions that have a next action, by the index over these: most have none any more.
const DUE: &str = "SELECT id, review_at FROM submissions WHERE next_action_at IS NOT NULL";

/// Open payments of one status, provider and currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPayments {
    /// The word of their status.
    pub status: String,
    /// The word of their provider.
    pub provider: String,
    /// Their currency.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// What they come to, in minor units.
    pub amount_minor: i64,
    /// When the patience with the first of them that has a next action ends.
    pub first_review_at: Option<Timestamp>,
    /// Since when the first of them is in review.
    pub first_review_since: Option<Timestamp>,
}

/// The connections of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Which pool.
    pub pool: &'static str,
    /// How many of its connections are in use.
    pub in_use: u32,
    /// How many it may have.
    pub most: u32,
}

impl Store {
    /// The open payments, gathered.
    pub async fn open_payments(&self) -> Result<Vec<OpenPayments>, StoreError> {
        let sql = format!(
            "SELECT p.status, p.provider, p.currency, count(*), CAST(sum(p.amount_minor) AS BIGINT), \
               min(s.review_at), min(p.review_since) \
             FROM payments p LEFT JOIN ({DUE}) s ON s.id = p.submission_id WHERE p.{OPEN} \
             GROUP BY p.status, p.provider, p.currency"
        );
        self.rows(&sql).await?.iter().map(open_payments).collect()
    }

    /// How many payments are final, by the word of their status. Reads an index as long as all payments.
    pub async fn final_payments(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "SELECT status, count(*) FROM payments \
                   WHERE status IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'REVERSED') GROUP BY status";
        self.rows(sql).await?.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
    }

    /// How many payments and control numbers are neither final nor in review, and yet have no next action: there must
    /// be none.
    pub async fn stranded(&self) -> Result<i64, StoreError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM payments p LEFT JOIN ({DUE}) s ON s.id = p.submission_id \
               WHERE p.{OPEN} AND p.status <> 'NEEDS_REVIEW' AND s.id IS NULL) \
             + (SELECT count(*) FROM control_numbers n LEFT JOIN ({DUE}) s ON s.id = n.submission_id \
               WHERE n.{OPEN_NUMBERS} AND s.id IS NULL)"
        );
        let rows = self.rows(&sql).await?;
        Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
    }

    /// How many payments and control numbers wait to be sent for the first time, or again, to each provider.
    pub async fn backlog(&self) -> Result<BTreeMap<ProviderCode, u64>, StoreError> {
        let sql = format!(
            "SELECT provider, count(*) FROM payments WHERE {OPEN} AND status = 'READY' GROUP BY provider \
             UNION ALL \
             SELECT provider, count(*) FROM control_numbers WHERE {OPEN_NUMBERS} AND status = 'REQUESTED' \
             GROUP BY provider"
        );
        let mut backlog = BTreeMap::new();
        for row in self.rows(&sql).await? {
            let (provider, count): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            // A provider that this version does not know is not one that it takes payments for.
            if let Ok(provider) = provider.parse::<ProviderCode>() {
                *backlog.entry(provider).or_default() += u64::try_from(count).unwrap_or_default();
            }
        }
        Ok(backlog)
    }

    /// How the connections of this process are used.
    pub fn pools(&self) -> Vec<PoolUse> {
        match self.writer.get_database_backend() {
            DbBackend::Sqlite => vec![sqlite_pool("writer", &self.writer), sqlite_pool("reader", &self.reader)],
            _ => {
                let pool = self.writer.get_postgres_connection_pool();
                let most = pool.options().get_max_connections();
                let pool = PoolUse { pool: "all", in_use: in_use(pool.size(), pool.num_idle()), most };
                let often = self.lane.as_ref().map(|lane| {
                    let (in_use, most) = lane.in_use();
                    PoolUse { pool: "often", in_use, most }
                });
                [pool].into_iter().chain(often).collect()
            }
        }
    }

    async fn rows(&self, sql: &str) -> Result<Vec<QueryResult>, StoreError> {
        let statement = Statement::from_string(self.reader.get_database_backend(), sql);
        Ok(self.reader.query_all_raw(statement).await?)
    }
}

fn sqlite_pool(name: &'static str, connection: &DatabaseConnection) -> PoolUse {
    let pool = connection.get_sqlite_connection_pool();
    let most = pool.options().get_max_connections();
    PoolUse { pool: name, in_use: in_use(pool.size(), pool.num_idle()), most }
}

fn in_use(size: u32, idle: usize) -> u32 {
    size.saturating_sub(u32::try_from(idle).unwrap_or(u32::MAX))
}

fn open_payments(row: &QueryResult) -> Result<OpenPayments, StoreError> {
    let time = |at: Option<i64>| at.map(timestamp).transpose();
    Ok(OpenPayments {
        status: row.try_get_by_index(0)?,
        provider: row.try_get_by_index(1)?,
        currency: row.try_get_by_index(2)?,
        count: row.try_get_by_index(3)?,
        amount_minor: row.try_get_by_index(4)?,
        first_review_at: time(row.try_get_by_index(5)?)?,
        first_review_since: time(row.try_get_by_index(6)?)?,
    })
}
