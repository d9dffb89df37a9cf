//! Creation and payment on SQLite. The scale of a creation is SQLite itself, in process, with 64 creations a commit; it
//! takes turns with billpay as the ceiling does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::pay::EVENTS;
use crate::ceiling::sqlite::creations;
use crate::check::GRAPHQL;
use crate::documents;
use crate::failed::Outcome;
use crate::ids;
use crate::load::Load;
use crate::server::Running;
use crate::turns::{Figures, Line, Log, Probe, WARM_UP, Work, line};
use crate::world::World;

/// Creations that share a commit of the scale.
const TOGETHER: u64 = 64;
const CATALOGUE_LIMIT: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);
const LEAST_BYTES: u64 = 200;

/// Creations over HTTP, beside the same rows in process.
pub(super) async fn create(world: &World) -> Outcome<Vec<Line>> {
    let alone = Case::prepare(world, "RECORDED", 1, 1).await?.alone(world).await?;
    Ok(vec![alone, beside_the_scale(world).await?])
}

/// Payments from creation to settlement.
pub(super) async fn pay(world: &World) -> Outcome<Vec<Line>> {
    Ok(vec![Case::prepare(world, "SUBMITTED", 16, EVENTS).await?.alone(world).await?])
}

/// billpay's creations and SQLite's own in turns.
async fn beside_the_scale(world: &World) -> Outcome<Line> {
    let case = Case::prepare(world, "RECORDED", 64, 1).await?;
    let (path, url) = file(world, "scale");
    world.billpay.migrate(&url)?;
    eprintln!("measuring {}", case.work.name);
    let probe = Probe { world, log: Log::Sqlite(&case.path) };
    probe.turn(&[&case.server], &case.work, WARM_UP).await?;
    scale(&path, WARM_UP).await?;
    let mut turns = Vec::new();
    for _ in 0..world.options.turns {
        let seconds = world.options.seconds;
        turns.push((probe.turn(&[&case.server], &case.work, seconds).await?, scale(&path, seconds).await?));
    }
    Ok(Line { cpu_ratio: None, ..line(case.work.name, &turns) })
}

/// The scale's turn: it has a rate, and is no process of its own.
async fn scale(path: &Path, seconds: u64) -> Outcome<Figures> {
    let (path, span) = (path.to_owned(), Duration::from_secs(seconds));
    let a_second = tokio::task::spawn_blocking(move || creations(&path, TOGETHER, span)).await??;
    Ok(Figures { a_second, ..Figures::default() })
}

/// A server on a new file, and what it is asked.
struct Case {
    path: PathBuf,
    server: Running,
    work: Work,
}

impl Case {
    async fn prepare(world: &World, wait: &str, connections: usize, events: u64) -> Outcome<Self> {
        let (path, url) = file(world, &world.run());
        let first = world.billpay.serve(&url, &world.with_worker(None)).await?;
        let biller = biller(&path).await?;
        drop(first);
        let (verb, settings) = match wait {
            "SUBMITTED" => ("pay", world.with_worker(None)),
            _ => ("create", world.without_worker()),
        };
        let server = world.billpay.serve(&url, &settings).await?;
        let body = documents::create(&biller, wait);
        let load = Load { path: GRAPHQL, tokens: world.payers.clone(), body, connections };
        let name = format!("{verb} {wait}, SQLite, {connections} connections");
        Ok(Self { path, server, work: Work { name, load, events, least_bytes: LEAST_BYTES } })
    }

    /// Measures it beside nothing.
    async fn alone(self, world: &World) -> Outcome<Line> {
        Probe { world, log: Log::Sqlite(&self.path) }.alone(&self.server, &self.work).await
    }
}

fn file(world: &World, name: &str) -> (PathBuf, String) {
    let path = world.folder.path().join(format!("{name}.db"));
    let url = format!("sqlite://{}?mode=rwc", path.display());
    (path, url)
}

async fn biller(path: &Path) -> Outcome<String> {
    let give_up = tokio::time::Instant::now() + CATALOGUE_LIMIT;
    loop {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql = "SELECT id FROM billers WHERE provider = 'click' AND active ORDER BY id LIMIT 1";
        let found: Result<Vec<u8>, rusqlite::Error> = connection.query_row(sql, [], |row| row.get(0));
        match found {
            Ok(id) => return Ok(ids::text("blr", uuid::Uuid::from_slice(&id)?)),
            Err(rusqlite::Error::QueryReturnedNoRows) if tokio::time::Instant::now() < give_up => {}
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(GLANCE).await;
    }
}
