//! Creation and payment on SQLite. The scale of a creation is SQLite itself, in process, with 64 creations a commit.

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::pay::EVENTS;
use crate::ceiling::sqlite::creations;
use crate::documents;
use crate::failed::{Outcome, fail};
use crate::ids;
use crate::load::Load;
use crate::server::Running;
use crate::turns::{Figures, Line, Probe, Work};
use crate::world::World;

/// Creations that share a commit of the scale.
const TOGETHER: u64 = 64;
const CATALOGUE_LIMIT: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);
const LEAST_BYTES: u64 = 200;

/// Creations over HTTP, beside the same rows in process.
pub(super) async fn create(world: &World) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    let (path, url) = file(world, "scale");
    world.billpay.migrate(&url)?;
    let span = Duration::from_secs(world.options.seconds);
    let scale = tokio::task::spawn_blocking(move || creations(&path, TOGETHER, span)).await??;
    for connections in [1, 64] {
        let name = format!("create RECORDED, SQLite, {connections} connections");
        let mut line = alone(world, name, "RECORDED", connections, 1).await?;
        if connections == 64 {
            line.ratio = Some(line.billpay.a_second / scale);
            line.ceiling = Some(Figures { a_second: scale, ..Figures::default() });
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Payments from creation to settlement.
pub(super) async fn pay(world: &World) -> Outcome<Vec<Line>> {
    let name = "pay SUBMITTED, SQLite, 16 connections".to_owned();
    Ok(vec![alone(world, name, "SUBMITTED", 16, EVENTS).await?])
}

async fn alone(world: &World, name: String, wait: &str, connections: usize, events: u64) -> Outcome<Line> {
    let (path, url) = file(world, &world.run());
    let first = world.billpay.serve(&url, &world.with_worker(None)).await?;
    let biller = biller(&path).await?;
    drop(first);
    let settings = if wait == "SUBMITTED" { world.with_worker(None) } else { world.without_worker() };
    let server: Running = world.billpay.serve(&url, &settings).await?;
    let body = documents::create(&biller, wait);
    let load = Load { path: crate::check::GRAPHQL, tokens: world.payers.clone(), body, connections };
    let before = recorded(&path)?;
    let work = Work { name, load, events, least_bytes: LEAST_BYTES };
    let line = Probe { world, client: None }.alone(&server, &work).await?;
    if recorded(&path)? == before {
        return fail("SQLite holds no event of what was answered");
    }
    Ok(line)
}

fn file(world: &World, name: &str) -> (std::path::PathBuf, String) {
    let path = world.folder.path().join(format!("{name}.db"));
    let url = format!("sqlite://{}?mode=rwc", path.display());
    (path, url)
}

async fn biller(path: &std::path::Path) -> Outcome<String> {
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

fn recorded(path: &std::path::Path) -> Outcome<i64> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(connection.query_row("SELECT coalesce(sum(sequence), 0) FROM event_heads", [], |row| row.get(0))?)
}
