//! What one payment leaves on PostgreSQL's disk: its rows, and the bytes of each table and of its indexes.
//!
//! Seeded payments cannot tell: they have no attempts, evidence and receipts, and no request worth the name. So
//! payments are made, sent to the sandbox and settled in a database that holds none yet, by all tenants at once, in
//! rounds. After each round the tables are vacuumed, as the database itself does from time to time, so that what an
//! update left behind is used again. What the files have grown by, divided by the payments, has everything in it: rows,
//! heads of pages, and room that nobody uses. Then the tables are written anew (VACUUM FULL) and measured again: a
//! database lies between the two, or above both where nobody vacuums it. Rows are counted.
//!
//! Keys and accounts are as short as the load's are; longer texts cost their length, those in an index once more.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use tokio_postgres::Client;

use super::pay::EVENTS;
use crate::check::{GRAPHQL, data};
use crate::cluster::connect;
use crate::documents::{self, KEY};
use crate::failed::{Outcome, fail};
use crate::server::Running;
use crate::world::{PAYERS, World, events};

const ROUNDS: usize = 10;
/// Payments of each tenant in a round.
const EACH: usize = 32;
/// A page is 8,192 bytes, so that a last page which is all but empty adds less than two bytes to a payment.
const PAYMENTS: usize = ROUNDS * PAYERS * EACH;

const HEAD: &str = "\
| what a payment leaves on the disk | rows | bytes of rows | of indexes | packed: bytes of rows | of indexes |
| --- | ---: | ---: | ---: | ---: | ---: |";

/// All tables. What PostgreSQL keeps beside the rows of a whole table (maps of free space and of visibility) is left
/// out: it is small, and no payment's.
const SIZES: &str = "\
SELECT t.relname, \
  pg_relation_size(t.oid) + coalesce(pg_total_relation_size(nullif(t.reltoastrelid, 0)), 0), \
  (SELECT coalesce(sum(pg_relation_size(i.indexrelid)), 0)::bigint FROM pg_index i WHERE i.indrelid = t.oid) \
FROM pg_class t WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace";

/// Prints a table of its own.
pub(super) async fn run(world: &mut World) -> Outcome<()> {
    let empty = world.database(0).await?;
    let client = connect(&empty.url).await?;
    eprintln!("measuring what {PAYMENTS} payments leave on the disk");
    let body = documents::create(&empty.biller, "SUBMITTED");
    let (before, told_before) = (sizes(&client).await?, events(&client).await?);
    let server = world.billpay.serve(&empty.url, &world.with_worker(None)).await?;
    for _ in 0..ROUNDS {
        try_join_all(world.payers.iter().map(|token| pay(&server, token, &body, world.run()))).await?;
        client.batch_execute("VACUUM ANALYZE").await?;
    }
    drop(server);
    let told = events(&client).await?.saturating_sub(told_before);
    if told < PAYMENTS as u64 * EVENTS {
        return fail(format!("{PAYMENTS} payments told {told} events: not all were settled"));
    }
    let kept = sizes(&client).await?;
    client.batch_execute("VACUUM FULL").await?;
    let packed = sizes(&client).await?;
    for line in lines(PAYMENTS, &before, &kept, &packed) {
        println!("{line}");
    }
    println!();
    Ok(())
}

/// So many payments of one tenant, one after the other.
async fn pay(server: &Running, token: &str, body: &str, run: String) -> Outcome<()> {
    for number in 0..EACH {
        let key = format!("{run}-{number}");
        data(server.address, GRAPHQL, token, &body.replace(KEY, &key)).await?;
    }
    Ok(())
}

/// What a table holds, or has grown by.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    rows: i64,
    table: i64,
    indexes: i64,
}

/// Of each table, by its name.
type Sizes = BTreeMap<String, Size>;

async fn sizes(client: &Client) -> Outcome<Sizes> {
    let mut sizes = Sizes::new();
    for row in client.query(SIZES, &[]).await? {
        let name: String = row.get(0);
        let counted = client.query_one(&format!("SELECT count(*) FROM {name}"), &[]).await?;
        sizes.insert(name, Size { rows: counted.get(0), table: row.get(1), indexes: row.get(2) });
    }
    Ok(sizes)
}

fn growth(before: &Sizes, after: &Sizes, table: &str) -> Size {
    let of = |sizes: &Sizes| sizes.get(table).copied().unwrap_or_default();
    let (before, after) = (of(before), of(after));
    Size { rows: after.rows - before.rows, table: after.table - before.table, indexes: after.indexes - before.indexes }
}

/// The table with its head and its sum. What has no row for each payment is no part of it: a claim goes, and the head
/// of a log is one for all, so their room is used again.
fn lines(payments: usize, before: &Sizes, kept: &Sizes, packed: &Sizes) -> Vec<String> {
    let each = |count: i64| count as f64 / payments as f64;
    let (mut lines, mut sum) = (vec![HEAD.to_owned()], [0_i64; 4]);
    for table in kept.keys() {
        let (loose, dense) = (growth(before, kept, table), growth(before, packed, table));
        if each(loose.rows) < 0.5 {
            continue;
        }
        let bytes = [loose.table, loose.indexes, dense.table, dense.indexes];
        for (sum, bytes) in sum.iter_mut().zip(bytes) {
            *sum += bytes;
        }
        lines.push(line(table, &format!("{:.2}", each(loose.rows)), bytes.map(each)));
    }
    lines.push(line("together", "", sum.map(each)));
    lines
}

fn line(name: &str, rows: &str, bytes: [f64; 4]) -> String {
    format!("| {name} | {rows} | {} |", bytes.map(|bytes| format!("{bytes:.0}")).join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tables: [(&str, [i64; 3]); 2]) -> Sizes {
        let size = |[rows, table, indexes]: [i64; 3]| Size { rows, table, indexes };
        tables.into_iter().map(|(name, figures)| (name.to_owned(), size(figures))).collect()
    }

    #[test]
    fn growth_is_told_for_a_payment_and_what_comes_and_goes_is_left_out() {
        let before = of([("events", [1, 100, 50]), ("bill_claims", [0, 0, 10])]);
        let kept = of([("events", [31, 4100, 3050]), ("bill_claims", [0, 900, 910])]);
        let packed = of([("events", [31, 3100, 1050]), ("bill_claims", [0, 0, 10])]);
        let lines = lines(10, &before, &kept, &packed);
        assert_eq!(
            lines[1..],
            ["| events | 3.00 | 400 | 300 | 300 | 100 |", "| together |  | 400 | 300 | 300 | 100 |"]
        );
        let cells = |line: &str| line.matches('|').count();
        assert!(HEAD.lines().chain(lines[1..].iter().map(String::as_str)).all(|line| cells(line) == cells(&lines[1])));
    }
}
