//! A nested page: the 20 newest payments, each with its biller and its bill number.

use crate::check::same;
use crate::cluster::connect;
use crate::documents;
use crate::failed::Outcome;
use crate::load::Load;
use crate::turns::{Line, Log, Probe, Work};
use crate::world::World;

/// The ceiling's.
pub(super) const PATH: &str = "/read";
/// A page with all its payments is longer.
pub(super) const LEAST_BYTES: u64 = 5000;

pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    let pair = world.pair(&seeded.url, &world.without_worker(), None).await?;
    let body = documents::read(None);
    same(&pair.billpay, &pair.ceiling, PATH, &world.reader, &body).await?;
    let client = connect(&seeded.url).await?;
    let probe = Probe { world, log: Log::Postgres(&client) };
    let mut lines = Vec::new();
    for connections in [1, 16, 64] {
        let load = Load { path: PATH, tokens: vec![world.reader.clone()], body: body.clone(), connections };
        let name = format!("read a nested page, {connections} connections");
        lines.push(probe.compare(&pair, &Work { name, load, events: 0, least_bytes: LEAST_BYTES }).await?);
    }
    Ok(lines)
}
