//! A second cluster with the data of another: a replica that follows it for a while, or a backup that is put by. Either
//! takes the other's place in the end, at its address, and begins a timeline of its own as PostgreSQL has it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::sync::Mutex;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tokio::time::Instant;

use super::{Cluster, GLANCE, Owner, START_LIMIT, programs};
use crate::support::database::scalar;

/// What a second cluster is to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kill_harness) enum Kind {
    /// It follows; it is cut off where it stands, and is promoted later.
    Replica,
    /// It is put by as it is, and restored later.
    Backup,
}

impl Cluster {
    /// Copies this one as it is now. What is committed here later, the copy does not know.
    pub(in crate::kill_harness) async fn copy(&self, kind: Kind, address: SocketAddr) -> Self {
        let folder = tempfile::Builder::new().prefix("billpay-cluster-").tempdir().expect("a temporary folder");
        if let Some(Owner { user, group }) = self.owner {
            chown(folder.path(), Some(user), Some(group)).expect("a folder of the owner's");
        }
        let copy = Self { server: Mutex::new(None), programs: programs(), owner: self.owner, folder, address };
        let port = self.address.port().to_string();
        let source = ["-h", "127.0.0.1", "-p", &port, "-U", "billpay", "-w", "-X", "stream", "-c", "fast"];
        match kind {
            Kind::Replica => {
                copy.run("pg_basebackup", &[&source[..], &["-R"][..]].concat());
                let here = position(&self.url(), "pg_current_wal_lsn()").await;
                copy.start().await;
                copy.wait_for_replay(here).await;
                copy.stop_at_once().await;
            }
            Kind::Backup => {
                copy.run("pg_basebackup", &source);
                // Asks for a recovery that ends where the backup does.
                copy.put("recovery.signal", "");
                copy.put("postgresql.auto.conf", "restore_command = 'false'\n");
            }
        }
        copy
    }

    /// The other one fails and is gone; this one begins a life of its own and is reached where the other was.
    pub(in crate::kill_harness) async fn take_the_place_of(mut self, other: Self, kind: Kind) -> Self {
        let address = other.address;
        other.stop_at_once().await;
        drop(other);
        self.start().await;
        match kind {
            Kind::Replica => self.run("pg_ctl", &["-w", "-t", "60", "promote"]),
            Kind::Backup => {}
        }
        self.wait_for_a_life_of_its_own().await;
        self.stop_at_once().await;
        self.address = address;
        self.start().await;
        self
    }

    async fn wait_for_replay(&self, position_there: i64) {
        let give_up = Instant::now() + START_LIMIT;
        while position(&self.url(), "pg_last_wal_replay_lsn()").await < position_there {
            assert!(Instant::now() < give_up, "the replica does not follow\n{}", self.log());
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until its recovery is over, and has all of that on the disk.
    async fn wait_for_a_life_of_its_own(&self) {
        let connection = connect(&self.url()).await;
        let give_up = Instant::now() + START_LIMIT;
        while scalar(&connection, "SELECT pg_is_in_recovery()::int::bigint").await == 1 {
            assert!(Instant::now() < give_up, "its recovery does not end\n{}", self.log());
            tokio::time::sleep(GLANCE).await;
        }
        connection.execute_unprepared("CHECKPOINT").await.expect("a checkpoint");
        connection.close().await.expect("closed");
    }

    /// Writes a file of the owner's.
    fn put(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        fs::write(&path, text).expect("a file of the copy's");
        if let Some(Owner { user, group }) = self.owner {
            chown(&path, Some(user), Some(group)).expect("a file of the owner's");
        }
    }
}

/// Where a log stands, in bytes.
async fn position(url: &str, of: &str) -> i64 {
    let connection = connect(url).await;
    let position = scalar(&connection, &format!("SELECT coalesce({of} - '0/0'::pg_lsn, 0)::bigint")).await;
    connection.close().await.expect("closed");
    position
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the cluster's database")
}
