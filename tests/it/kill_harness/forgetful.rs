//! F11, the teeth of F9: where commits need not be on the disk, a PostgreSQL that is stopped in its tracks forgets some
//! that it had acknowledged; where they must be, none. So a run that stops PostgreSQL would see a loss.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tokio::time::{Instant, timeout};

use super::cluster::Cluster;
use super::world::free_address;
use crate::support::database::scalar;

/// How long commits are made: the log is flushed five times a second where nobody waits for it.
const BUSY: Duration = Duration::from_millis(1_500);
/// Now and then it is stopped just after a flush.
const MOST_RUNS: u32 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_what_is_not_on_the_disk_is_lost_when_postgres_stops_and_the_rest_is_not() {
    let cluster = Cluster::create(free_address()).await;
    let mut forgotten = 0;
    for _ in 0..MOST_RUNS {
        forgotten += lost(&cluster, "off").await;
        if forgotten > 0 {
            break;
        }
    }
    println!("{forgotten} acknowledged commits were lost without synchronous_commit");
    assert!(forgotten > 0, "nothing was lost that could be: stopping PostgreSQL proves nothing");
    assert_eq!(lost(&cluster, "on").await, 0, "a durable commit was lost");
}

/// How many acknowledged commits a stop in the tracks loses.
async fn lost(cluster: &Cluster, synchronous_commit: &str) -> i64 {
    let connection = connect(cluster).await;
    let begin = "DROP TABLE IF EXISTS acknowledged; CREATE TABLE acknowledged (number bigint)";
    connection.execute_unprepared(begin).await.expect("a table");
    let durability = format!("SET synchronous_commit = {synchronous_commit}");
    connection.execute_unprepared(&durability).await.expect("a setting of the session");
    let (mut acknowledged, began) = (0, Instant::now());
    while began.elapsed() < BUSY {
        connection.execute_unprepared("INSERT INTO acknowledged VALUES (1)").await.expect("a commit");
        acknowledged += 1;
    }
    cluster.stop_at_once().await;
    cluster.start().await;
    // Its server is gone.
    let _ = timeout(BUSY, connection.close()).await;
    let connection = connect(cluster).await;
    let kept = scalar(&connection, "SELECT count(*) FROM acknowledged").await;
    connection.close().await.expect("closed");
    acknowledged - kept
}

async fn connect(cluster: &Cluster) -> DatabaseConnection {
    let mut options = ConnectOptions::new(cluster.url());
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the cluster's database")
}
