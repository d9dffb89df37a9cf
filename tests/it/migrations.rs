//! The migrations: up, down and up again, on both databases.

use billpay::ports::clock::Clock;
use billpay::store::{Connect, Store};

use crate::support::Db;
use crate::support::database::{TestDatabase, scalar};

const SQLITE_TABLES: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'seaql%' \
                             AND name NOT LIKE 'sqlite%'";
const POSTGRES_TABLES: &str = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public' \
                               AND table_name NOT LIKE 'seaql%'";

async fn up_down_up(db: Db, tables: &str) {
    let database = TestDatabase::create(db).await;
    let options = Connect { url: database.url.clone(), max_connections: 4, clock: Clock::default() };
    let store = Store::open(&options).await.expect("a database");
    let backstage = database.connect().await;
    store.migrate().await.expect("up");
    let all = scalar(&backstage, tables).await;
    assert!(all >= 16, "{all} tables");
    store.migrate().await.expect("up to date already");
    store.migrate_down().await.expect("down");
    assert_eq!(scalar(&backstage, tables).await, 0, "nothing stays behind");
    store.migrate().await.expect("up again");
    assert_eq!(scalar(&backstage, tables).await, all);
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_goes_up_down_and_up() {
    up_down_up(Db::Sqlite, SQLITE_TABLES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_goes_up_down_and_up() {
    up_down_up(Db::Postgres, POSTGRES_TABLES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_migrate_one_postgres_at_once() {
    let database = TestDatabase::create(Db::Postgres).await;
    let options = Connect { url: database.url.clone(), max_connections: 4, clock: Clock::default() };
    let (one, other) = tokio::join!(Store::connect(&options), Store::connect(&options));
    one.expect("the one");
    other.expect("the other");
    database.remove().await;
}
