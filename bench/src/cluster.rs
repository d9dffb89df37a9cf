//! A PostgreSQL of the bench's own: a new cluster in a temporary folder, on a free port of loopback, durable as in
//! production, stopped and removed whatever happens. It has no socket in the file system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Signal, getuid};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use crate::child::{Process, free_address};
use crate::failed::{Failed, Outcome, fail};

const USER: &str = "billpay";
const START_LIMIT: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(50);
/// What differs from a new cluster's own settings. Checkpoints are made before a measurement, not within one.
const SETTINGS: &str = "
unix_socket_directories = ''
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 256MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
checkpoint_timeout = 30min
fsync = on
full_page_writes = on
synchronous_commit = on
";

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    // Before the folder: what is dropped first ends before its files are removed.
    server: Process,
    port: u16,
    folder: TempDir,
}

impl Cluster {
    /// Makes and starts one.
    pub async fn start() -> Outcome<Self> {
        let bin = programs()?;
        let owner = Owner::find()?;
        let folder = tempfile::Builder::new().prefix("billpay-bench-postgres.").tempdir()?;
        owner.give(folder.path())?;
        let data = folder.path().join("data");
        let mut initdb = owner.command(&bin.join("initdb"), folder.path());
        initdb.arg("-D").arg(&data).args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]);
        let made = initdb.output()?;
        if !made.status.success() {
            return fail(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let port = free_address()?.port();
        let own = data.join("postgresql.auto.conf");
        fs::write(&own, format!("{SETTINGS}port = {port}\n"))?;
        let log = fs::File::create(folder.path().join("log"))?;
        let mut postgres = owner.command(&bin.join("postgres"), folder.path());
        postgres.arg("-D").arg(&data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // SIGQUIT: at once, since nothing is to be kept.
        let server = Process::start(&mut postgres, Signal::QUIT)?;
        let mut cluster = Self { server, port, folder };
        cluster.comes_up().await?;
        Ok(cluster)
    }

    /// The postmaster's process id: its backends are its children.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// A connection to one of its databases.
    pub async fn connect(&self, database: &str) -> Outcome<Client> {
        connect(&self.url(database)).await
    }

    /// Makes a database.
    pub async fn create(&self, database: &str) -> Outcome<()> {
        let client = self.connect("postgres").await?;
        client.batch_execute(&format!("CREATE DATABASE {database}")).await?;
        Ok(())
    }

    async fn comes_up(&mut self) -> Outcome<()> {
        let give_up = Instant::now() + START_LIMIT;
        loop {
            if self.connect("postgres").await.is_ok() {
                return Ok(());
            }
            if !self.server.is_running()? || Instant::now() > give_up {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return fail(format!("PostgreSQL did not start: {log}"));
            }
            sleep(GLANCE).await;
        }
    }
}

/// A connection that lives as long as its client.
pub async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("bench: a connection to PostgreSQL ended: {error}");
        }
    });
    Ok(client)
}

/// Where the newest of Debian's programs are, else those of PATH.
fn programs() -> Outcome<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten() {
        let entry = entry?;
        let version = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let bin = entry.path().join("bin");
        found.extend(version.filter(|_| bin.join("initdb").is_file()).map(|version| (version, bin)));
    }
    found.sort();
    if let Some((_, bin)) = found.pop() {
        return Ok(bin);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let bin = std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file());
    bin.ok_or_else(|| Failed::new("no initdb: apt-get install postgresql"))
}

/// Who owns the cluster: PostgreSQL refuses to run as root.
struct Owner(Option<(String, String)>);

impl Owner {
    fn find() -> Outcome<Self> {
        if !getuid().is_root() {
            return Ok(Self(None));
        }
        for name in ["postgres", "nobody"] {
            let group = Command::new("id").args(["-g", name]).output()?;
            if group.status.success() {
                let group = String::from_utf8_lossy(&group.stdout).trim().to_owned();
                return Ok(Self(Some((name.to_owned(), group))));
            }
        }
        fail("there is no user postgres and none nobody to run PostgreSQL")
    }

    fn give(&self, folder: &Path) -> Outcome<()> {
        let Some((name, _)) = &self.0 else { return Ok(()) };
        let given = Command::new("chown").arg(name).arg(folder).status()?;
        if given.success() { Ok(()) } else { fail("the cluster's folder cannot be given to its owner") }
    }

    /// The command, run as the owner in the folder. `setpriv` becomes the program, so the process id is the program's.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = match &self.0 {
            None => Command::new(program),
            Some((name, group)) => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={name}")).arg(format!("--regid={group}"));
                command.args(["--init-groups", "--"]).arg(program);
                command
            }
        };
        command.current_dir(folder);
        command
    }
}
