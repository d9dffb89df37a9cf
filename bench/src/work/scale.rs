//! How cost grows with tenants and with processes: creations by 1, 16 and 256 tenants, creations and payments on 1, 2 and
//! 3 processes of one PostgreSQL, and what processes ask while nobody asks them (`idle`).
//!
//! Nothing is compared with the ceiling: each variant is compared with the first of its table, within a round in which
//! each has a turn. A turn begins with new processes and a second of warm-up, and after it what it recorded is taken out
//! of the way; so no variant meets more than another. The connections are spread evenly over the processes.

use tokio_postgres::Client;

use super::create::settle;
use super::{idle, pay};
use crate::check::GRAPHQL;
use crate::cluster::connect;
use crate::documents;
use crate::failed::Outcome;
use crate::load::Load;
use crate::server::Running;
use crate::turns::{Figures, Line, Log, Probe, WARM_UP, Work, median, middle};
use crate::world::{PAYERS, World, payer};

const TENANTS: [usize; 3] = [1, 16, 256];
const PROCESSES: [usize; 3] = [1, 2, 3];
/// One, and several.
const TENANT: [&str; 2] = ["tenant", "tenants"];
const PROCESS: [&str; 2] = ["process", "processes"];
/// Connections that create, and connections that pay.
const CREATING: usize = 64;
const PAYING: usize = 16;
const LEAST_BYTES: u64 = 200;

const COLUMNS: &str = "a second | p50 ms | p99 ms | CPU ms per 1,000: server | PostgreSQL | rate × | CPU ×";
const ALIGNED: &str = "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

/// Prints tables of its own.
pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    let world: &World = world;
    let client = connect(&seeded.url).await?;
    let stage = Stage { world, url: &seeded.url, client: &client };
    let tokens = tokens(world)?;
    let body = documents::create(&seeded.biller, "RECORDED");
    let creating = |name: String, tenants: usize, processes: usize| {
        let load =
            Load { path: GRAPHQL, tokens: tokens[..tenants].to_vec(), body: body.clone(), connections: CREATING };
        Variant { processes, work: Work { name, load, events: 1, least_bytes: LEAST_BYTES } }
    };
    let by_tenants = TENANTS.map(|tenants| creating(named(tenants, TENANT), tenants, 1));
    let by_processes = PROCESSES.map(|processes| creating(named(processes, PROCESS), PAYERS, processes));
    let body = documents::create(&seeded.biller, "SUBMITTED");
    let paying = PROCESSES.map(|processes| {
        let load = Load { path: GRAPHQL, tokens: world.payers.clone(), body: body.clone(), connections: PAYING };
        let name = named(processes, PROCESS);
        Variant { processes, work: Work { name, load, events: pay::EVENTS, least_bytes: LEAST_BYTES } }
    });
    let title = format!("create RECORDED, {CREATING} connections");
    stage.grow(&format!("{title}, by tenants"), &by_tenants, &world.without_worker()).await?;
    let title = format!("{title}, {PAYERS} tenants, by processes");
    stage.grow(&title, &by_processes, &world.without_worker()).await?;
    let title = format!("pay SUBMITTED, provider 0 ms, {PAYING} connections, by processes");
    stage.grow(&title, &paying, &world.with_worker(None)).await?;
    idle::run(world, &seeded.url).await?;
    Ok(Vec::new())
}

/// The tokens of as many tenants as create.
fn tokens(world: &World) -> Outcome<Vec<String>> {
    let mut tokens = world.payers.clone();
    let most = TENANTS.into_iter().max().unwrap_or_default();
    for number in tokens.len()..most {
        tokens.push(world.billpay.token(&payer(number))?);
    }
    Ok(tokens)
}

fn named(count: usize, [one, many]: [&str; 2]) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A line of a table: what is sent, and to how many processes.
struct Variant {
    processes: usize,
    work: Work,
}

/// Where the turns are taken.
struct Stage<'a> {
    world: &'a World,
    url: &'a str,
    client: &'a Client,
}

impl Stage<'_> {
    /// Loads the variants in turns, and prints their table.
    async fn grow(&self, title: &str, variants: &[Variant], settings: &[(String, String)]) -> Outcome<()> {
        let mut rounds = Vec::new();
        for _ in 0..self.world.options.turns {
            let mut round = Vec::new();
            for variant in variants {
                eprintln!("measuring {title}: {}", variant.work.name);
                round.push(self.turn(variant, settings).await?);
                settle(self.client).await?;
            }
            rounds.push(round);
        }
        let names: Vec<&str> = variants.iter().map(|variant| variant.work.name.as_str()).collect();
        for line in lines(title, &names, &rounds) {
            println!("{line}");
        }
        println!();
        Ok(())
    }

    async fn turn(&self, variant: &Variant, settings: &[(String, String)]) -> Outcome<Figures> {
        let servers = self.world.servers(self.url, settings, variant.processes).await?;
        let servers: Vec<&Running> = servers.iter().collect();
        let probe = Probe { world: self.world, log: Log::Postgres(self.client) };
        probe.turn(&servers, &variant.work, WARM_UP).await?;
        probe.turn(&servers, &variant.work, self.world.options.seconds).await
    }
}

/// The table: medians of the rounds, and of the ratios to the first variant within them.
fn lines(title: &str, names: &[&str], rounds: &[Vec<Figures>]) -> Vec<String> {
    let mut lines = vec![format!("| {title} | {COLUMNS} |"), ALIGNED.to_owned()];
    for (place, name) in names.iter().enumerate() {
        let turns: Vec<Figures> = rounds.iter().map(|round| round[place]).collect();
        let over_first =
            |of: fn(&Figures) -> f64| middle(rounds.iter().map(|round| of(&round[place]) / of(&round[0])).collect());
        let (rate, cpu) = (over_first(|figures| figures.a_second), over_first(Figures::cpu));
        let Figures { a_second, p50, p99, server, postgres, .. } = median(&turns);
        lines.push(format!(
            "| {name} | {a_second:.0} | {p50:.2} | {p99:.2} | {server:.1} | {postgres:.1} | {rate:.2} | {cpu:.2} |"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_compared_with_the_first_of_its_round() {
        let of = |a_second, server| Figures { a_second, server, postgres: 1.0, ..Figures::default() };
        // The machine was half as fast in the second round.
        let rounds =
            [[of(100.0, 1.0), of(150.0, 2.0)], [of(50.0, 1.0), of(75.0, 2.0)], [of(100.0, 1.0), of(150.0, 2.0)]];
        let rounds = rounds.map(|round| round.to_vec());
        let lines = lines("create", &["1 process", "2 processes"], &rounds);
        assert_eq!(lines[2], "| 1 process | 100 | 0.00 | 0.00 | 1.0 | 1.0 | 1.00 | 1.00 |");
        assert_eq!(lines[3], "| 2 processes | 150 | 0.00 | 0.00 | 2.0 | 1.0 | 1.50 | 1.50 |");
        let cells = |line: &String| line.matches('|').count();
        assert!(lines.iter().all(|line| cells(line) == cells(&lines[0])));
    }

    #[test]
    fn several_are_named_so() {
        let names = [named(1, TENANT), named(16, TENANT), named(1, PROCESS), named(3, PROCESS)];
        assert_eq!(names, ["1 tenant", "16 tenants", "1 process", "3 processes"]);
    }
}
