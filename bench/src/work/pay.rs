//! Payment with `wait: SUBMITTED`: created, sent to the sandbox, settled, and only then answered; with a provider that
//! answers at once, and with one that takes 50 ms.

use std::time::Duration;

use super::create::settle;
use super::sqlite;
use crate::check::alike;
use crate::cluster::connect;
use crate::documents::{self, KEY};
use crate::failed::Outcome;
use crate::load::Load;
use crate::proxy::Proxy;
use crate::turns::{Line, Log, Probe, Work};
use crate::world::World;

const PATH: &str = "/pay";
const LEAST_BYTES: u64 = 200;
/// Made, being sent, settled.
pub(super) const EVENTS: u64 = 3;
const CONNECTIONS: usize = 16;
const DELAYS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(50)];

pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    let client = connect(&seeded.url).await?;
    let body = documents::create(&seeded.biller, "SUBMITTED");
    let mut lines = Vec::new();
    for delay in DELAYS {
        let proxy = if delay.is_zero() { None } else { Some(Proxy::start(world.sandbox.address, delay).await?) };
        let pair = world.pair(&seeded.url, &world.with_worker(proxy.as_ref()), proxy.as_ref()).await?;
        let keys = ["billpay", "ceiling"].map(|side| format!("check-{side}-{}", delay.as_millis()));
        let bodies = keys.map(|key| body.replace(KEY, &key));
        alike(&pair.billpay, &pair.ceiling, PATH, &world.payers[0], bodies.each_ref().map(String::as_str)).await?;
        let load = Load { path: PATH, tokens: world.payers.clone(), body: body.clone(), connections: CONNECTIONS };
        let name = format!("pay SUBMITTED, provider {} ms, {CONNECTIONS} connections", delay.as_millis());
        let work = Work { name, load, events: EVENTS, least_bytes: LEAST_BYTES };
        lines.push(Probe { world, log: Log::Postgres(&client) }.compare(&pair, &work).await?);
        drop(pair);
        settle(&client).await?;
    }
    lines.extend(sqlite::pay(world).await?);
    Ok(lines)
}
