//! What one request costs the database: statements, commits, and bytes of its log, by its own counters.
//!
//! Requests go one after the other, so that nothing is shared between them; under load billpay shares commits, and each
//! costs less. The counters hold what the server does besides, which so many requests make small. What a payment leaves
//! on the disk is measured after it, in a database of its own.

use std::time::Duration;

use tokio_postgres::Client;

use super::create::settle;
use super::disk;
use crate::check::{GRAPHQL, data};
use crate::cluster::connect;
use crate::documents::{self, KEY};
use crate::failed::{Failed, Outcome};
use crate::server::Running;
use crate::turns::Line;
use crate::world::World;

const REQUESTS: u32 = 500;
const STATEMENTS: &str = "billpay_database_statements_total";
/// A backend of PostgreSQL may keep its counts for itself for ten seconds.
const COUNTED: Duration = Duration::from_secs(11);

const HEAD: &str = "\
| one after the other | statements | commits | bytes of the write-ahead log |
| --- | ---: | ---: | ---: |";

/// Prints two tables of its own; there is nothing to compare.
pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    let client = connect(&seeded.url).await?;
    let works = [
        ("read a nested page", documents::read(None), &world.reader, false),
        ("create RECORDED", documents::create(&seeded.biller, "RECORDED"), &world.payers[0], false),
        ("pay SUBMITTED", documents::create(&seeded.biller, "SUBMITTED"), &world.payers[0], true),
    ];
    println!("{HEAD}");
    for (name, body, token, sends) in works {
        eprintln!("measuring the cost of {name}");
        let settings = if sends { world.with_worker(None) } else { world.without_worker() };
        let server = world.billpay.serve(&seeded.url, &settings).await?;
        let scrape = statements(&server).await?;
        let before = Counts::read(&client).await?;
        let first = statements(&server).await?;
        let run = world.run();
        for number in 0..REQUESTS {
            let key = format!("{run}-{number}");
            data(server.address, GRAPHQL, token, &body.replace(KEY, &key)).await?;
        }
        // Asking for the figure takes statements too, as many each time.
        let used = statements(&server).await?.saturating_sub(first + (first - scrape));
        let after = Counts::read(&client).await?;
        let each = |count: i64| count as f64 / f64::from(REQUESTS);
        let (commits, bytes) = (each(after.commits - before.commits), each(after.bytes - before.bytes));
        println!("| {name} | {:.1} | {commits:.1} | {bytes:.0} |", used as f64 / f64::from(REQUESTS));
        drop(server);
        settle(&client).await?;
    }
    println!();
    disk::run(world).await?;
    Ok(Vec::new())
}

struct Counts {
    commits: i64,
    bytes: i64,
}

impl Counts {
    async fn read(client: &Client) -> Outcome<Self> {
        tokio::time::sleep(COUNTED).await;
        let sql = "SELECT xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint FROM pg_stat_database \
                   WHERE datname = current_database()";
        let row = client.query_one(sql, &[]).await?;
        Ok(Self { commits: row.get(0), bytes: row.get(1) })
    }
}

/// The statements that a server has sent so far, by its metrics.
pub(super) async fn statements(server: &Running) -> Outcome<u64> {
    let text = reqwest::get(format!("http://{}/metrics", server.address)).await?.text().await?;
    let line = text.lines().find_map(|line| line.strip_prefix(STATEMENTS));
    let value = line.and_then(|line| line.trim().parse().ok());
    value.ok_or_else(|| Failed::new(format!("{STATEMENTS} is not among the metrics")))
}
