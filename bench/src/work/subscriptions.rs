//! Events to sockets: as many deliveries as possible, the delay of a calm stream, and ten thousand sockets that wait.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::accounting::{cpu, peak_memory};
use crate::cluster::connect;
use crate::failed::{Outcome, fail};
use crate::producer::Producer;
use crate::server::Running;
use crate::sockets::Sockets;
use crate::turns::{Figures, Line, line};
use crate::world::{Pair, World};

/// Subscribers, and the events that each is told.
const FLOODS: [(usize, usize); 2] = [(100, 8000), (500, 4000)];
/// Events that share a commit of a flood.
const TOGETHER: usize = 50;
/// A calm stream: so many subscribers, and an event each so often, which are 2,000 deliveries a second.
const CALM: usize = 100;
const CALM_EVERY: Duration = Duration::from_millis(50);
const MANY: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// How often an event is sent until all have heard their first one.
const KNOCK: Duration = Duration::from_millis(500);

pub(super) async fn run(world: &mut World) -> Outcome<Vec<Line>> {
    let seeded = world.database(world.options.rows).await?;
    let client = connect(&seeded.url).await?;
    let mut lines = Vec::new();
    for (subscribers, events) in FLOODS {
        let name = format!("deliveries to {subscribers} subscribers");
        let work = Stream { subscribers, kind: Kind::Flood(events) };
        lines.push(compare(world, &client, &seeded.url, name, work).await?);
    }
    let calm = Stream { subscribers: CALM, kind: Kind::Calm };
    lines.push(
        compare(world, &client, &seeded.url, "commit to socket, 2,000 deliveries a second".to_owned(), calm).await?,
    );
    let many = Stream { subscribers: MANY, kind: Kind::Flood(1) };
    lines.push(compare(world, &client, &seeded.url, format!("{MANY} sockets, one event"), many).await?);
    Ok(lines)
}

#[derive(Clone, Copy)]
struct Stream {
    subscribers: usize,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// So many events, as fast as they can be committed.
    Flood(usize),
    /// One at a time, with pauses.
    Calm,
}

/// New processes for each stream, so that the memory told is this stream's.
async fn compare(world: &World, client: &Client, url: &str, name: String, work: Stream) -> Outcome<Line> {
    eprintln!("measuring {name}");
    let pair: Pair = world.pair(url, &world.without_worker(), None).await?;
    let mut turns = Vec::new();
    for _ in 0..world.options.turns {
        turns.push((turn(world, client, &pair.billpay, work).await?, turn(world, client, &pair.ceiling, work).await?));
    }
    Ok(line(name, &turns))
}

async fn turn(world: &World, client: &Client, server: &Running, work: Stream) -> Outcome<Figures> {
    let mut producer = Producer::new(client).await?;
    let sockets = Sockets::open(server.address, &world.reader, work.subscribers).await?;
    knock(&mut producer, &sockets).await?;
    let before = (sockets.delivered(), cpu(server.id())?, cpu(world.cluster.id())?);
    let begun = Instant::now();
    sockets.take_times();
    let last = match work.kind {
        Kind::Flood(events) => flood(&mut producer, events).await?,
        Kind::Calm => calm(&mut producer, world.options.seconds).await?,
    };
    sockets.wait_for(last, PATIENCE).await?;
    let span = begun.elapsed().as_secs_f64();
    let delivered = sockets.delivered() - before.0;
    let spent = [cpu(server.id())?.saturating_sub(before.1), cpu(world.cluster.id())?.saturating_sub(before.2)];
    let [server_cpu, postgres] = spent.map(|spent| spent.as_secs_f64() * 1e6 / delivered as f64);
    let delays = sockets.delays();
    if delays.is_empty() {
        return fail("nothing was delivered");
    }
    let within = |part: usize| delays[(delays.len() * part / 100).min(delays.len() - 1)] as f64 / 1000.0;
    Ok(Figures {
        a_second: delivered as f64 / span,
        p50: within(50),
        p99: within(99),
        server: server_cpu,
        postgres,
        peak: peak_memory(server.id())? as f64 / 1024.0,
    })
}

/// A subscription that is not acknowledged is known to run when it has told its first event.
async fn knock(producer: &mut Producer<'_>, sockets: &Sockets) -> Outcome<()> {
    let give_up = Instant::now() + PATIENCE;
    while Instant::now() < give_up {
        let last = producer.publish(1).await?;
        if sockets.wait_for(last, KNOCK).await.is_ok() {
            return Ok(());
        }
    }
    fail("not every subscription came to run")
}

async fn flood(producer: &mut Producer<'_>, events: usize) -> Outcome<i64> {
    let mut last = 0;
    let mut left = events;
    while left > 0 {
        let count = left.min(TOGETHER);
        last = producer.publish(count).await?;
        left -= count;
    }
    Ok(last)
}

async fn calm(producer: &mut Producer<'_>, seconds: u64) -> Outcome<i64> {
    let mut ticks = tokio::time::interval(CALM_EVERY);
    let give_up = Instant::now() + Duration::from_secs(seconds);
    let mut last = 0;
    while Instant::now() < give_up {
        ticks.tick().await;
        last = producer.publish(1).await?;
    }
    Ok(last)
}
