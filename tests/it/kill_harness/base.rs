//! Where the servers of a run keep their books: a database of the tests' server, or a PostgreSQL of the run's own.

use std::net::SocketAddr;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use url::Url;

use super::cluster::Cluster;
use crate::support::Db;
use crate::support::database::TestDatabase;

/// The database of one run.
pub(super) enum Base {
    Shared(TestDatabase),
    Own(Cluster),
}

impl Base {
    /// A new one on the tests' server.
    pub(super) async fn shared(db: Db) -> Self {
        Self::Shared(TestDatabase::create(db).await)
    }

    /// A new PostgreSQL.
    pub(super) async fn own(address: SocketAddr) -> Self {
        Self::Own(Cluster::create(address).await)
    }

    /// How it is reached.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Shared(database) => database.url.clone(),
            Self::Own(cluster) => cluster.url(),
        }
    }

    /// The PostgreSQL that may be stopped.
    pub(super) fn cluster(&self) -> Option<&Cluster> {
        match self {
            Self::Shared(_) => None,
            Self::Own(cluster) => Some(cluster),
        }
    }

    /// A connection beside the servers' own.
    pub(super) async fn connect(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(self.url());
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.expect("the run's database")
    }

    /// Throws it away.
    pub(super) async fn remove(self) {
        match self {
            Self::Shared(database) => database.remove().await,
            Self::Own(cluster) => drop(cluster),
        }
    }
}

/// Where a PostgreSQL listens.
pub(super) fn address_of(url: &str) -> SocketAddr {
    let url = Url::parse(url).expect("a URL");
    let at = url.socket_addrs(|| Some(5432)).expect("an address");
    *at.first().expect("an address")
}

/// The same database by another way.
pub(super) fn by_way_of(url: &str, address: SocketAddr) -> String {
    let mut url = Url::parse(url).expect("a URL");
    url.set_ip_host(address.ip()).expect("a URL with a host");
    url.set_port(Some(address.port())).expect("a URL with a port");
    url.to_string()
}
