//! All that a run stands on: the cluster, the sandbox, the tokens, and a seeded database for each size.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::cluster::{Cluster, connect};
use crate::failed::Outcome;
use crate::load::Generator;
use crate::seed;
use crate::server::{Billpay, CeilingOptions, Running, Sandbox, ceiling};
use crate::{ids, proxy};

/// Whose payments are seeded and read.
pub const READER: &str = "bench";
/// How many tenants make payments in turn. The log of one tenant has one head, which its creations queue for.
pub const PAYERS: usize = 16;
/// More than can be recorded in a run.
const ANY_BACKLOG: &str = "1000000000";

/// How the bench is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The release build of billpay.
    pub program: PathBuf,
    /// Settings of billpay beside the bench's own.
    pub settings: Vec<(String, String)>,
    /// Payments that are there before.
    pub rows: u64,
    /// Seconds of one measurement.
    pub seconds: u64,
    /// Measurements of each side.
    pub turns: usize,
}

/// A database with its payments.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// Its URL.
    pub url: String,
    /// A biller that can be paid, as a client names it.
    pub biller: String,
}

/// What everything runs in.
pub struct World {
    /// How the bench is run.
    pub options: Options,
    /// The product.
    pub billpay: Billpay,
    /// The simulated providers.
    pub sandbox: Sandbox,
    /// PostgreSQL.
    pub cluster: Cluster,
    /// What sends the load.
    pub generator: Generator,
    /// The token of the tenant that was seeded.
    pub reader: String,
    /// The tokens of those who pay.
    pub payers: Vec<String>,
    /// Where SQLite's files and the logs go.
    pub folder: TempDir,
    seeded: BTreeMap<u64, Seeded>,
    runs: AtomicU64,
}

/// Both sides, on the same database.
#[derive(Debug)]
pub struct Pair {
    /// The product.
    pub billpay: Running,
    /// The scale.
    pub ceiling: Running,
}

impl World {
    /// Starts what all workloads share.
    pub async fn start(options: Options) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("billpay-bench.").tempdir()?;
        seed::check_room(folder.path(), options.rows)?;
        let billpay = Billpay::new(options.program.clone(), folder.path(), &options.settings)?;
        let sandbox = billpay.sandbox()?;
        let cluster = Cluster::start().await?;
        let generator = Generator::prepare(folder.path())?;
        let reader = billpay.token(READER)?;
        let payers = (0..PAYERS).map(|number| billpay.token(&payer(number))).collect::<Outcome<Vec<_>>>()?;
        let (seeded, runs) = (BTreeMap::new(), AtomicU64::new(0));
        Ok(Self { options, billpay, sandbox, cluster, generator, reader, payers, folder, seeded, runs })
    }

    /// A database with so many payments; made at the first need.
    pub async fn database(&mut self, payments: u64) -> Outcome<Seeded> {
        if let Some(known) = self.seeded.get(&payments) {
            return Ok(known.clone());
        }
        eprintln!("seeding {payments} payments");
        let name = format!("billpay_{payments}");
        self.cluster.create(&name).await?;
        let url = self.cluster.url(&name);
        self.billpay.migrate(&url)?;
        // A worker fetches the billers; it has nothing else to do yet.
        let first = self.billpay.serve(&url, &self.with_worker(None)).await?;
        let client = connect(&url).await?;
        let billers = seed::billers(&client).await?;
        drop(first);
        seed::fill(&client, READER, &billers, payments).await?;
        let seeded = Seeded { url, biller: ids::text("blr", billers[0]) };
        self.seeded.insert(payments, seeded.clone());
        Ok(seeded)
    }

    /// The settings of a server that also sends payments to the sandbox, or to what stands before it.
    pub fn with_worker(&self, through: Option<&proxy::Proxy>) -> Vec<(String, String)> {
        let mut settings = self.sandbox.settings(through.map(proxy::Proxy::address));
        settings.push(("BILLPAY_WORKER__ENABLED".to_owned(), "true".to_owned()));
        settings
    }

    /// The settings of a server that records payments and sends none, and so must take as many as may wait.
    pub fn without_worker(&self) -> Vec<(String, String)> {
        let mut settings = self.sandbox.settings(None);
        settings.push(("BILLPAY_WORKER__ENABLED".to_owned(), "false".to_owned()));
        settings.push(("BILLPAY_WORKER__MAX_BACKLOG".to_owned(), ANY_BACKLOG.to_owned()));
        settings
    }

    /// Starts so many servers on one database.
    pub async fn servers(&self, url: &str, settings: &[(String, String)], count: usize) -> Outcome<Vec<Running>> {
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(self.billpay.serve(url, settings).await?);
        }
        Ok(servers)
    }

    /// Starts both sides on one database.
    pub async fn pair(
        &self,
        url: &str,
        settings: &[(String, String)],
        through: Option<&proxy::Proxy>,
    ) -> Outcome<Pair> {
        let options = CeilingOptions {
            database: url.to_owned(),
            secret: self.billpay.secret.clone(),
            provider: through.map_or(self.sandbox.address, proxy::Proxy::address),
        };
        Ok(Pair {
            billpay: self.billpay.serve(url, settings).await?,
            ceiling: ceiling(&options, self.folder.path()).await?,
        })
    }

    /// A word that no run of this world had before.
    pub fn run(&self) -> String {
        format!("r{}", self.runs.fetch_add(1, Ordering::Relaxed))
    }
}

/// The name of a tenant that pays.
pub fn payer(number: usize) -> String {
    format!("payer-{number}")
}

/// How many events all logs of a database hold: heads know it at once, whatever the size.
pub async fn events(client: &Client) -> Outcome<u64> {
    let row = client.query_one("SELECT coalesce(sum(sequence), 0)::bigint FROM event_heads", &[]).await?;
    Ok(u64::try_from(row.get::<_, i64>(0))?)
}

/// The same of a file of SQLite's.
pub fn events_of_file(path: &Path) -> Outcome<u64> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sql = "SELECT coalesce(sum(sequence), 0) FROM event_heads";
    Ok(u64::try_from(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)?)
}
