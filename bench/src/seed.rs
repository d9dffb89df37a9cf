//! Fills a database with payments that were made and settled, by COPY into billpay's own tables.
//!
//! The billers are billpay's own: a first start fetched them. The secondary indexes are taken away before and made again
//! after, as billpay's migrations made them, since ten million rows are indexed much faster at once.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::failed::{Failed, Outcome, fail};
use crate::rows::{self, Book};

/// Bytes that are gathered before they are sent.
const CHUNK: usize = 256 * 1024;
/// About what one payment takes with its rows and indexes; to know beforehand whether the disk can hold them all.
const BYTES_A_PAYMENT: u64 = 2000;
/// For PostgreSQL's own log and for what the measurements add.
const SPARE_BYTES: u64 = 3 * 1024 * 1024 * 1024;
const CATALOGUE_LIMIT: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);

/// Refuses what the disk cannot hold.
pub fn check_room(folder: &Path, payments: u64) -> Outcome<()> {
    let room = rustix::fs::statvfs(folder)?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let needed = payments.saturating_mul(BYTES_A_PAYMENT).saturating_add(SPARE_BYTES);
    if free >= needed {
        return Ok(());
    }
    fail(format!("{payments} payments need {needed} bytes in {}, and {free} are free", folder.display()))
}

/// The billers that a payment may be made to, once they are there.
pub async fn billers(client: &Client) -> Outcome<Vec<Uuid>> {
    let give_up = Instant::now() + CATALOGUE_LIMIT;
    loop {
        let found = client.query("SELECT id FROM billers WHERE provider = 'click' AND active ORDER BY id", &[]).await?;
        if found.len() >= rows::BILLERS {
            return Ok(found.iter().map(|row| row.get(0)).collect());
        }
        if Instant::now() > give_up {
            return fail("billpay did not fetch its billers");
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// Fills the tables with `payments` payments of one tenant.
pub async fn fill(client: &Client, tenant: &str, billers: &[Uuid], payments: u64) -> Outcome<()> {
    let book = Book::new(tenant, billers, payments);
    let indexes = take_indexes(client).await?;
    copy(client, &book, rows::BILL_NUMBERS, book.bill_numbers()).await?;
    for table in rows::OF_PAYMENTS {
        copy(client, &book, table, payments).await?;
    }
    let head = i64::try_from(payments * rows::EVENTS).map_err(|_| Failed::new("too many payments"))?;
    let sql = "INSERT INTO event_heads (tenant_id, sequence) VALUES ($1, $2)";
    client.execute(sql, &[&tenant, &head]).await?;
    for index in indexes {
        client.batch_execute(&index).await?;
    }
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Drops the indexes that no constraint stands on, and tells how to make them again.
async fn take_indexes(client: &Client) -> Outcome<Vec<String>> {
    let sql = "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
               JOIN pg_class t ON t.oid = i.indrelid \
               WHERE t.relname IN ('payments', 'submissions', 'allocations', 'events', 'bill_numbers') \
                 AND t.relnamespace = 'public'::regnamespace \
                 AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid)";
    let mut definitions = Vec::new();
    for row in client.query(sql, &[]).await? {
        let name: String = row.get(0);
        client.batch_execute(&format!("DROP INDEX {name}")).await?;
        definitions.push(row.get(1));
    }
    Ok(definitions)
}

async fn copy(client: &Client, book: &Book, table: rows::Table, count: u64) -> Outcome<()> {
    let sql = format!("COPY {} ({}) FROM STDIN", table.name, table.columns);
    let sink = client.copy_in::<str, Bytes>(&sql).await.map_err(|error| Failed::from(error).at(table.name))?;
    let mut sink = std::pin::pin!(sink);
    let mut text = String::with_capacity(CHUNK + 4096);
    for number in 0..count {
        (table.write)(book, number, &mut text);
        if text.len() >= CHUNK {
            sink.send(BytesMut::from(text.as_bytes()).freeze()).await?;
            text.clear();
        }
    }
    sink.send(BytesMut::from(text.as_bytes()).freeze()).await?;
    sink.as_mut().finish().await.map_err(|error| Failed::from(error).at(table.name))?;
    Ok(())
}
