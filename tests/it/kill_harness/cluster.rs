//! A PostgreSQL of one run's own, which may be stopped in its tracks: a new cluster in a folder that goes with it.
//!
//! It is as durable as the one that `scripts/with-postgres.sh` starts, and runs as another user where this process is
//! root, since PostgreSQL refuses to. It is a child of this process and is ended by its own id.

mod standby;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::time::Instant;

pub(super) use self::standby::Kind;
use super::process::Process;

/// Where Debian keeps the programs, by version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Who runs it in place of root.
const OWNERS: [&str; 2] = ["postgres", "nobody"];
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(50);

/// A cluster that runs, or was stopped for a while.
pub(super) struct Cluster {
    // Ends before its folder goes.
    server: Mutex<Option<Process>>,
    programs: PathBuf,
    owner: Option<Owner>,
    folder: TempDir,
    address: SocketAddr,
}

/// Not root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Makes a new one and starts it.
    pub(super) async fn create(address: SocketAddr) -> Self {
        let folder = tempfile::Builder::new().prefix("billpay-cluster-").tempdir().expect("a temporary folder");
        let owner = geteuid().is_root().then(Owner::find);
        if let Some(owner) = owner {
            chown(folder.path(), Some(owner.user), Some(owner.group)).expect("a folder of the owner's");
        }
        let cluster = Self { server: Mutex::new(None), programs: programs(), owner, folder, address };
        cluster.run("initdb", &["-U", "billpay", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        cluster.start().await;
        cluster
    }

    /// Its only database, for a superuser without a password.
    pub(super) fn url(&self) -> String {
        format!("postgres://billpay@{}/postgres", self.address)
    }

    /// Stops it as a failing machine does: nothing is flushed that was not, and every connection is gone.
    pub(super) async fn stop_at_once(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut server) = server else { return };
        server.quit();
        assert!(server.wait(STOP_LIMIT).await.is_some(), "PostgreSQL does not stop");
    }

    /// Starts it, and waits until it has recovered and takes connections.
    pub(super) async fn start(&self) {
        let port = self.address.port().to_string();
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &port, "-c", "max_connections=200"]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=128MB"]);
        command.arg("-k").arg(self.folder.path());
        let server = Process::spawn(&mut command);
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        let give_up = Instant::now() + START_LIMIT;
        while !self.takes_connections(&port) {
            assert!(Instant::now() < give_up, "PostgreSQL does not start in time\n{}", self.log());
            tokio::time::sleep(GLANCE).await;
        }
    }

    fn takes_connections(&self, port: &str) -> bool {
        let mut command = self.command("pg_isready");
        command.args(["-q", "-h", "127.0.0.1", "-U", "billpay", "-p", port]);
        command.status().is_ok_and(|status| status.success())
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let status = self.command(program).arg("-D").arg(self.data()).args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()), "{program} failed\n{}", self.log());
    }

    fn command(&self, program: &str) -> Command {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file()).expect("a log file");
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if let Some(Owner { user, group }) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its own children end only when it is told to stop, not when it is killed.
        if let Some(server) = self.server.get_mut().unwrap_or_else(PoisonError::into_inner) {
            server.quit();
            server.wait_here(STOP_LIMIT);
        }
    }
}

impl Owner {
    fn find() -> Self {
        let id = |flag: &str, name: &str| {
            let output = Command::new("id").args([flag, name]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse::<u32>().ok()
        };
        let found = OWNERS.into_iter().find_map(|name| Some(Self { user: id("-u", name)?, group: id("-g", name)? }));
        found.unwrap_or_else(|| panic!("PostgreSQL refuses to run as root, and there is none of {OWNERS:?}"))
    }
}

/// The folder of the newest programs; else PATH is searched.
fn programs() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().filter_map(Result::ok);
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| version_of(path));
    newest.map(|version| version.join("bin")).filter(|bin| bin.join("initdb").exists()).unwrap_or_default()
}

fn version_of(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.parse().ok()
}
