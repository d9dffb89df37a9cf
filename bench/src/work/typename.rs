//! `{ __typename }` with authentication: what a request costs before it does anything.

use crate::check::same;
use crate::cluster::connect;
use crate::documents;
use crate::failed::Outcome;
use crate::load::Load;
use crate::turns::{Line, Log, Probe, Work};
use crate::world::World;

const PATH: &str = "/typename";

pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    let pair = world.pair(&seeded.url, &world.without_worker(), None).await?;
    let body = documents::typename();
    same(&pair.billpay, &pair.ceiling, PATH, &world.reader, &body).await?;
    let client = connect(&seeded.url).await?;
    let probe = Probe { world, log: Log::Postgres(&client) };
    let mut lines = Vec::new();
    for connections in [16, 64] {
        let load = Load { path: PATH, tokens: vec![world.reader.clone()], body: body.clone(), connections };
        let name = format!("{{ __typename }}, {connections} connections");
        lines.push(probe.compare(&pair, &Work { name, load, events: 0, least_bytes: 30 }).await?);
    }
    Ok(lines)
}
