//! Creation with `wait: RECORDED`: answered when it is durable, the worker off. Each payment has a key and an account of
//! its own.

use tokio_postgres::Client;

use super::sqlite;
use crate::check::alike;
use crate::cluster::connect;
use crate::documents::{self, KEY};
use crate::failed::Outcome;
use crate::load::Load;
use crate::turns::{Line, Log, Probe, Work};
use crate::world::World;

const PATH: &str = "/create";
const LEAST_BYTES: u64 = 200;

pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    let pair = world.pair(&seeded.url, &world.without_worker(), None).await?;
    let body = documents::create(&seeded.biller, "RECORDED");
    let bodies = [body.replace(KEY, "check-billpay"), body.replace(KEY, "check-ceiling")];
    alike(&pair.billpay, &pair.ceiling, PATH, &world.payers[0], bodies.each_ref().map(String::as_str)).await?;
    let client = connect(&seeded.url).await?;
    let probe = Probe { world, log: Log::Postgres(&client) };
    let mut lines = Vec::new();
    for (connections, tenants) in [(1, 1), (16, 16), (64, 16), (64, 1)] {
        let tokens = world.payers[..tenants].to_vec();
        let load = Load { path: PATH, tokens, body: body.clone(), connections };
        let name = format!("create RECORDED, {connections} connections, {tenants} tenants");
        lines.push(probe.compare(&pair, &Work { name, load, events: 1, least_bytes: LEAST_BYTES }).await?);
        settle(&client).await?;
    }
    drop(pair);
    lines.extend(sqlite::create(world).await?);
    Ok(lines)
}

/// Takes what was recorded and never sent out of the way, so that no later worker sends it and no backlog grows.
pub(super) async fn settle(client: &Client) -> Outcome<()> {
    client
        .batch_execute(
            "UPDATE submissions SET next_action_at = NULL WHERE next_action_at IS NOT NULL; \
             UPDATE payments SET status = 'CANCELLED' \
               WHERE status IN ('SCHEDULED', 'READY', 'SUBMITTING', 'UNKNOWN', 'PENDING', 'NEEDS_REVIEW'); \
             DELETE FROM bill_claims",
        )
        .await?;
    client.batch_execute("VACUUM ANALYZE payments, submissions, bill_claims").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}
