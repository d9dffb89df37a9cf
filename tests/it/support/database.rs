//! A database for one test, thrown away behind it.

use std::path::PathBuf;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;
use uuid::Uuid;

/// Where the tests' PostgreSQL is.
const POSTGRES: &str = "BILLPAY_TEST_POSTGRES_URL";

/// Which kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Db {
    Sqlite,
    Postgres,
}

/// A database that nobody else uses.
pub struct TestDatabase {
    pub url: String,
    kind: Kind,
}

enum Kind {
    /// The folder goes with the value.
    Sqlite {
        _folder: TempDir,
    },
    Postgres {
        server: String,
        name: String,
    },
}

impl TestDatabase {
    pub async fn create(db: Db) -> Self {
        match db {
            Db::Sqlite => Self::sqlite(),
            Db::Postgres => Self::postgres().await,
        }
    }

    fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file: PathBuf = folder.path().join("billpay.db");
        let url = format!("sqlite://{}?mode=rwc", file.to_str().expect("a path in UTF-8"));
        Self { url, kind: Kind::Sqlite { _folder: folder } }
    }

    async fn postgres() -> Self {
        let Ok(server) = std::env::var(POSTGRES) else {
            panic!("{POSTGRES} is not set: run the tests with `make test`, which starts a PostgreSQL for them");
        };
        let name = format!("billpay_test_{}", Uuid::now_v7().simple());
        let maintenance = connect(&server).await;
        let made = maintenance.execute_unprepared(&format!("CREATE DATABASE {name}")).await;
        made.unwrap_or_else(|error| panic!("a database could not be made at {POSTGRES}: {error}"));
        maintenance.close().await.expect("closed");
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(&name);
        Self { url: url.to_string(), kind: Kind::Postgres { server, name } }
    }

    /// A connection beside the server's own, to look behind the scenes.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await
    }

    /// Throws it away, as far as that is possible.
    pub async fn remove(&self) {
        let Kind::Postgres { server, name } = &self.kind else { return };
        let maintenance = connect(server).await;
        if let Err(error) = maintenance.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await {
            eprintln!("{name} stays behind: {error}");
        }
        let _ = maintenance.close().await;
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the test's database")
}

/// The whole number that a statement finds.
pub async fn scalar(connection: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.expect("a row").try_get_by_index(0).unwrap_or_else(|error| panic!("{sql}: {error}"))
}
