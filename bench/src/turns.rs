//! The measurement: both sides under the same load, A B A B, and the median of the turns.
//!
//! A ratio is taken within a pair of turns, which stand seconds apart, and not between averages: what slows the machine
//! slows both. CPU is the kernel's account of the server's processes and of PostgreSQL's.

use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio_postgres::Client;

use crate::accounting;
use crate::check::GRAPHQL;
use crate::failed::{Outcome, fail};
use crate::load::{Answered, Load};
use crate::server::Running;
use crate::world::{Pair, World, events, events_of_file};

/// Seconds of load that are thrown away before the first turn.
pub const WARM_UP: u64 = 1;

/// What one side did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Requests, or deliveries, a second.
    pub a_second: f64,
    /// Half came within, in milliseconds.
    pub p50: f64,
    /// 99 of 100 came within, in milliseconds.
    pub p99: f64,
    /// The server's CPU for 1,000 of them, in milliseconds.
    pub server: f64,
    /// PostgreSQL's.
    pub postgres: f64,
    /// The most memory that the server held, in MiB.
    pub peak: f64,
}

impl Figures {
    /// CPU of the server and of PostgreSQL.
    pub fn cpu(&self) -> f64 {
        self.server + self.postgres
    }
}

/// What was measured under one name.
#[derive(Clone, Debug)]
pub struct Line {
    /// The work.
    pub work: String,
    /// billpay's median turn.
    pub billpay: Figures,
    /// The ceiling's median turn, where there is one.
    pub ceiling: Option<Figures>,
    /// billpay's rate over the ceiling's: the median of the pairs.
    pub ratio: Option<f64>,
    /// billpay's CPU over the ceiling's: the median of the pairs.
    pub cpu_ratio: Option<f64>,
}

/// One workload.
#[derive(Clone)]
pub struct Work {
    /// Its name in the table.
    pub name: String,
    /// What is sent; the path is the ceiling's.
    pub load: Load,
    /// Events that each request must have recorded when it is answered.
    pub events: u64,
    /// Bytes that a good answer has at least.
    pub least_bytes: u64,
}

/// What is measured once.
#[derive(Clone, Copy)]
pub struct Probe<'a> {
    /// The world.
    pub world: &'a World,
    /// Where the work's events are counted.
    pub log: Log<'a>,
}

/// Where events are kept, and can be counted.
#[derive(Clone, Copy)]
pub enum Log<'a> {
    /// A database of PostgreSQL's.
    Postgres(&'a Client),
    /// A file of SQLite's.
    Sqlite(&'a Path),
}

impl Probe<'_> {
    /// Loads both in turns.
    pub async fn compare(&self, pair: &Pair, work: &Work) -> Outcome<Line> {
        eprintln!("measuring {}", work.name);
        let ours = Work { load: Load { path: GRAPHQL, ..work.load.clone() }, ..work.clone() };
        self.turn(&[&pair.billpay], &ours, WARM_UP).await?;
        self.turn(&[&pair.ceiling], work, WARM_UP).await?;
        let mut turns = Vec::new();
        for _ in 0..self.world.options.turns {
            let seconds = self.world.options.seconds;
            turns.push((
                self.turn(&[&pair.billpay], &ours, seconds).await?,
                self.turn(&[&pair.ceiling], work, seconds).await?,
            ));
        }
        Ok(line(work.name.clone(), &turns))
    }

    /// Loads billpay alone.
    pub async fn alone(&self, server: &Running, work: &Work) -> Outcome<Line> {
        eprintln!("measuring {}", work.name);
        let ours = Work { load: Load { path: GRAPHQL, ..work.load.clone() }, ..work.clone() };
        self.turn(&[server], &ours, WARM_UP).await?;
        let mut turns = Vec::new();
        for _ in 0..self.world.options.turns {
            turns.push(self.turn(&[server], &ours, self.world.options.seconds).await?);
        }
        Ok(Line { work: work.name.clone(), billpay: median(&turns), ceiling: None, ratio: None, cpu_ratio: None })
    }

    /// Loads servers of one database at once, and tells what they did together: of times the slowest one's, of memory
    /// the most that one held.
    pub async fn turn(&self, servers: &[&Running], work: &Work, seconds: u64) -> Outcome<Figures> {
        let events_before = self.events().await?;
        let before = self.spent(servers)?;
        let answered = self.send(servers, work, seconds).await?;
        let after = self.spent(servers)?;
        let recorded = self.events().await?.saturating_sub(events_before);
        // What was on its way at the end is recorded too, and not counted as answered.
        if recorded < answered.requests * work.events {
            return fail(format!("{} answers, and only {recorded} events", answered.requests));
        }
        if answered.bytes < answered.requests * work.least_bytes {
            return fail(format!("{} answers in only {} bytes", answered.requests, answered.bytes));
        }
        let spent = [after[0].saturating_sub(before[0]), after[1].saturating_sub(before[1])];
        let mut peak = 0;
        for server in servers {
            peak = peak.max(accounting::peak_memory(server.id())?);
        }
        Ok(figures(&answered, spent, peak))
    }

    /// Spreads the connections evenly over the servers.
    async fn send(&self, servers: &[&Running], work: &Work, seconds: u64) -> Outcome<Answered> {
        let (each, rest) = (work.load.connections / servers.len(), work.load.connections % servers.len());
        let sending = servers.iter().enumerate().map(|(place, server)| {
            let load = Load { connections: each + usize::from(place < rest), ..work.load.clone() };
            async move { self.world.generator.send(&load, server.address, seconds, &self.world.run()).await }
        });
        Ok(together(&try_join_all(sending).await?))
    }

    /// The CPU time of the servers and of PostgreSQL so far.
    fn spent(&self, servers: &[&Running]) -> Outcome<[Duration; 2]> {
        let mut own = Duration::ZERO;
        for server in servers {
            own += accounting::cpu(server.id())?;
        }
        Ok([own, accounting::cpu(self.world.cluster.id())?])
    }

    async fn events(&self) -> Outcome<u64> {
        match self.log {
            Log::Postgres(client) => events(client).await,
            Log::Sqlite(path) => events_of_file(path),
        }
    }
}

/// What several generators were answered at the same time.
fn together(parts: &[Answered]) -> Answered {
    let sum = |of: fn(&Answered) -> u64| -> u64 { parts.iter().map(of).sum() };
    let most = |of: fn(&Answered) -> u64| -> u64 { parts.iter().map(of).max().unwrap_or_default() };
    Answered {
        requests: sum(|part| part.requests),
        micros: most(|part| part.micros),
        bytes: sum(|part| part.bytes),
        failed: sum(|part| part.failed),
        p50_micros: most(|part| part.p50_micros),
        p99_micros: most(|part| part.p99_micros),
    }
}

fn figures(answered: &Answered, spent: [Duration; 2], peak_kib: u64) -> Figures {
    let thousands = answered.requests as f64 / 1000.0;
    let [server, postgres] = spent.map(|spent| spent.as_secs_f64() * 1000.0 / thousands);
    Figures {
        a_second: answered.requests as f64 * 1e6 / answered.micros as f64,
        p50: answered.p50_micros as f64 / 1000.0,
        p99: answered.p99_micros as f64 / 1000.0,
        server,
        postgres,
        peak: peak_kib as f64 / 1024.0,
    }
}

/// The medians of turns, and of the ratios within them.
pub fn line(work: String, turns: &[(Figures, Figures)]) -> Line {
    let ours: Vec<_> = turns.iter().map(|(ours, _)| *ours).collect();
    let theirs: Vec<_> = turns.iter().map(|(_, theirs)| *theirs).collect();
    let ratio = |of: fn(&Figures) -> f64| middle(turns.iter().map(|(ours, theirs)| of(ours) / of(theirs)).collect());
    Line {
        work,
        billpay: median(&ours),
        ceiling: Some(median(&theirs)),
        ratio: Some(ratio(|figures| figures.a_second)),
        cpu_ratio: Some(ratio(Figures::cpu)),
    }
}

/// Each figure's median; of memory the most.
pub fn median(turns: &[Figures]) -> Figures {
    let of = |figure: fn(&Figures) -> f64| middle(turns.iter().map(figure).collect());
    Figures {
        a_second: of(|turn| turn.a_second),
        p50: of(|turn| turn.p50),
        p99: of(|turn| turn.p99),
        server: of(|turn| turn.server),
        postgres: of(|turn| turn.postgres),
        peak: turns.iter().map(|turn| turn.peak).fold(0.0, f64::max),
    }
}

/// The median.
pub fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[upper],
        _ => f64::midpoint(values[upper - 1], values[upper]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_a_pair_of_turns() {
        let of = |a_second| Figures { a_second, server: 1.0, ..Figures::default() };
        // The machine was twice as slow in the second pair: both sides were, and the ratio is the same.
        let line = line("work".to_owned(), &[(of(80.0), of(100.0)), (of(40.0), of(50.0)), (of(80.0), of(100.0))]);
        assert_eq!((line.billpay.a_second, line.ratio), (80.0, Some(0.8)));
        assert_eq!(line.cpu_ratio, Some(1.0));
    }

    #[test]
    fn of_several_generators_answers_are_added_and_times_are_the_slowest_ones() {
        let of = |requests: u64, micros: u64, p99_micros: u64| Answered {
            requests,
            micros,
            bytes: 10 * requests,
            failed: 0,
            p50_micros: p99_micros / 2,
            p99_micros,
        };
        let both = together(&[of(100, 1_000_000, 40), of(50, 1_000_100, 90)]);
        assert_eq!((both.requests, both.bytes, both.micros), (150, 1500, 1_000_100));
        assert_eq!((both.p50_micros, both.p99_micros), (45, 90));
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(middle(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(middle(vec![]), 0.0);
    }
}
