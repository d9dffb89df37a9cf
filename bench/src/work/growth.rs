//! Growth: the first page and a deep one, by the size of the table. The statements of a page must stay the same, and
//! its time nearly so.

use super::read::{LEAST_BYTES, PATH};
use crate::check::same;
use crate::cluster::connect;
use crate::failed::{Failed, Outcome};
use crate::load::Load;
use crate::turns::{Line, Log, Probe, Work};
use crate::world::{READER, World};
use crate::{documents, ids};

const SIZES: [u64; 3] = [10_000, 1_000_000, 10_000_000];
/// Of ten thousand payments page 1,000 would lie behind the end.
const DEEP_PAGE: u64 = 1000;
const DEEP_PAGE_OF_FEW: u64 = 250;
const CONNECTIONS: usize = 16;

pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    let most = world.options.rows;
    for payments in SIZES.into_iter().filter(|payments| *payments <= most) {
        let seeded = world.database(payments).await?;
        let pair = world.pair(&seeded.url, &world.without_worker(), None).await?;
        let client = connect(&seeded.url).await?;
        let deep = if payments / u64::from(documents::PAGE) > DEEP_PAGE { DEEP_PAGE } else { DEEP_PAGE_OF_FEW };
        for page in [1, deep] {
            let body = documents::read(cursor(&client, page).await?.as_deref());
            same(&pair.billpay, &pair.ceiling, PATH, &world.reader, &body).await?;
            let tokens = vec![world.reader.clone()];
            let load = Load { path: PATH, tokens, body, connections: CONNECTIONS };
            let name = format!("page {page} of {payments} payments, {CONNECTIONS} connections");
            let work = Work { name, load, events: 0, least_bytes: LEAST_BYTES };
            lines.push(Probe { world, log: Log::Postgres(&client) }.compare(&pair, &work).await?);
        }
    }
    Ok(lines)
}

/// Behind which payment a page begins.
async fn cursor(client: &tokio_postgres::Client, page: u64) -> Outcome<Option<String>> {
    if page == 1 {
        return Ok(None);
    }
    let before = i64::try_from((page - 1) * u64::from(documents::PAGE) - 1)?;
    let sql = "SELECT id FROM payments WHERE tenant_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1";
    let row = client.query_opt(sql, &[&READER, &before]).await?;
    let row = row.ok_or_else(|| Failed::new(format!("there is no page {page}")))?;
    Ok(Some(ids::text("pay", row.get(0))))
}
