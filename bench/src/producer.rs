//! Events from nowhere: changes of seeded payments, committed as another process of billpay would commit them.
//!
//! Both sides are told by the same commit and the same NOTIFY, so that what is measured is the delivery alone.

use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::failed::{Failed, Outcome};
use crate::world::READER;

/// Payments that change in turn.
const PAYMENTS: i64 = 1000;
const SQL: &str = "\
WITH head AS (UPDATE event_heads SET sequence = sequence + $2::bigint WHERE tenant_id = $1::text RETURNING sequence), \
told AS (INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, status, kind, actor, at) \
  SELECT $1::text, head.sequence - $2::bigint + one.place, 'PAYMENT', one.id, \
    (head.sequence - $2::bigint + one.place)::int + 1000, 'PENDING', 'PAYMENT_PENDING', 'bench', \
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint \
  FROM head, unnest($3::uuid[]) WITH ORDINALITY AS one (id, place)) \
SELECT head.sequence, pg_notify('billpay_events', head.sequence::text || ' ' || $1::text)::text FROM head";

/// Makes events.
pub struct Producer<'a> {
    client: &'a Client,
    statement: Statement,
    payments: Vec<Uuid>,
    next: usize,
}

impl<'a> Producer<'a> {
    /// Of the seeded tenant.
    pub async fn new(client: &'a Client) -> Outcome<Self> {
        let sql = "SELECT id FROM payments WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2";
        let rows = client.query(sql, &[&READER, &PAYMENTS]).await?;
        let payments: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        if payments.is_empty() {
            return Err(Failed::new("there are no payments to change"));
        }
        Ok(Self { client, statement: client.prepare(SQL).await?, payments, next: 0 })
    }

    /// Commits so many events at once, and tells the last one's sequence.
    pub async fn publish(&mut self, count: usize) -> Outcome<i64> {
        let chosen = (0..count).map(|place| self.payments[(self.next + place) % self.payments.len()]);
        let chosen: Vec<Uuid> = chosen.collect();
        self.next += count;
        let row = self.client.query_one(&self.statement, &[&READER, &i64::try_from(count)?, &chosen]).await?;
        Ok(row.get(0))
    }
}
