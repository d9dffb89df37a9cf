//! The start: how long until a server is ready on a database that is there, and what it holds while nobody asks.

use std::time::Duration;

use crate::accounting::resident_memory;
use crate::failed::Outcome;
use crate::turns::{Figures, Line, line};
use crate::world::World;

/// How long nobody asks before memory is read.
const IDLE: Duration = Duration::from_secs(2);

/// Starts both in turns. "p50" is the time to ready; "peak" the memory at rest.
pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    eprintln!("measuring start");
    let mut turns = Vec::new();
    for _ in 0..world.options.turns {
        let pair = world.pair(&seeded.url, &world.with_worker(None), None).await?;
        tokio::time::sleep(IDLE).await;
        let of = |server: &crate::server::Running| -> Outcome<Figures> {
            let ready = server.started_in.as_secs_f64();
            let peak = resident_memory(server.id())? as f64 / 1024.0;
            Ok(Figures { a_second: 1.0 / ready, p50: ready * 1000.0, peak, ..Figures::default() })
        };
        turns.push((of(&pair.billpay)?, of(&pair.ceiling)?));
    }
    let measured = line("start to ready; memory at rest".to_owned(), &turns);
    Ok(vec![Line { cpu_ratio: None, ..measured }])
}
