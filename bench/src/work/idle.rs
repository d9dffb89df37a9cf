//! What processes ask of the database and of the machine while nobody asks them anything.
//!
//! The statements are those that the processes count themselves. To ask for the figure takes statements too, as many
//! each time; so it is asked for behind a short and behind a long time, and what is told is the difference. CPU is the
//! kernel's account, of PostgreSQL's with what it does for itself, which the line without a process shows. What comes
//! less often than once in that time is in it or not as it happens.

use std::time::Duration;

use tokio::time::sleep;

use super::cost::statements;
use crate::accounting::cpu;
use crate::failed::Outcome;
use crate::server::Running;
use crate::world::World;

const MOST: usize = 3;
/// What a start asks is over by then.
const SETTLED: Duration = Duration::from_secs(3);
/// Longer than the figures of `/metrics` are good for, so that each look at them asks anew.
const SHORT: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(15);
const MINUTE: Duration = Duration::from_secs(60);

const HEAD: &str = "\
| idle processes | statements a minute | CPU ms a minute: server | PostgreSQL |
| ---: | ---: | ---: | ---: |";

/// Prints a table of its own.
pub(super) async fn run(world: &World, url: &str) -> Outcome<()> {
    println!("{HEAD}");
    for count in 0..=MOST {
        eprintln!("measuring {count} idle processes");
        let servers = world.servers(url, &world.with_worker(None), count).await?;
        let [asked, own, postgres] = watch(world, &servers).await?;
        println!("| {count} | {asked:.0} | {own:.0} | {postgres:.0} |");
    }
    println!();
    Ok(())
}

/// Statements, the servers' CPU and PostgreSQL's in milliseconds, each for a minute.
async fn watch(world: &World, servers: &[Running]) -> Outcome<[f64; 3]> {
    sleep(SETTLED).await;
    let begun = asked(servers).await?;
    sleep(SHORT).await;
    let short = asked(servers).await?;
    let before = [own(servers)?, cpu(world.cluster.id())?];
    sleep(LONG).await;
    let after = [own(servers)?, cpu(world.cluster.id())?];
    let long = asked(servers).await?;
    let statements = (long - short).saturating_sub(short - begun) as f64;
    let millis = |place: usize| after[place].saturating_sub(before[place]).as_secs_f64() * 1000.0;
    let (of_difference, of_long) = (MINUTE.div_duration_f64(LONG - SHORT), MINUTE.div_duration_f64(LONG));
    Ok([statements * of_difference, millis(0) * of_long, millis(1) * of_long])
}

async fn asked(servers: &[Running]) -> Outcome<u64> {
    let mut sum = 0;
    for server in servers {
        sum += statements(server).await?;
    }
    Ok(sum)
}

fn own(servers: &[Running]) -> Outcome<Duration> {
    let mut sum = Duration::ZERO;
    for server in servers {
        sum += cpu(server.id())?;
    }
    Ok(sum)
}
