//! `billpay demo`: everything on this machine, a tour of it, and a playground that stays open.
//!
//! A server on a database of its own, the sandbox with all four providers behind it, and a client that pays bills and
//! is paid, over the real HTTP API, and follows that through real subscriptions. Every step of the tour is checked, so
//! that `--once` tells by its exit code whether the whole works. Nothing of it outlives the process: the database stands
//! in a directory that is removed at the end, and neither the environment's settings nor a settings file are read.

mod client;
mod report;
mod scratch;
mod tour;
mod world;

use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;

use self::report::{Report, Step};
use self::world::World;
use super::Failed;
use crate::shutdown;

/// How.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// End after the tour; the exit code is 0 only if every step of it held.
    #[arg(long)]
    once: bool,
    /// Where to listen; port 0 takes a free one. Unset: 127.0.0.1:8080, or a free port if that is taken.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failed> {
    let world = World::start(arguments.listen).await?;
    let mut report = Report::on_stdout();
    let mut stop = pin!(shutdown::signal());
    let was_shown = tokio::select! {
        () = show(&world, &mut report) => true,
        () = &mut stop => false,
    };
    let held = was_shown && report.sum_up();
    if was_shown && !arguments.once {
        invite(&world);
        stop.await;
    }
    world.stop().await;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The tour. One that cannot go on is a step that did not hold.
async fn show(world: &World, report: &mut Report) {
    report.say(&format!("billpay listens on http://{}, with simulated providers: no real money moves.", world.address));
    let shown = tour::run(&world.client, report).await;
    if let Err(Failed(text)) = shown {
        report.step(Step::new("the tour goes on to its end", false, text));
    }
}

/// Where to go on alone.
fn invite(world: &World) {
    let World { address, providers, token, .. } = world;
    println!();
    println!("The playground:  http://{address}/");
    println!();
    println!("For your own calls, a token of the tenant {}, good for a day:", world::TENANT);
    println!();
    println!("TOKEN={token}");
    println!();
    println!(
        r#"curl -s http://{address}/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"query":"{{ payments(first: 3) {{ nodes {{ id status accountReference amount {{ amount currency }} }} }} }}"}}'"#
    );
    println!(
        r#"curl -sN http://{address}/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Accept: text/event-stream' -d '{{"query":"subscription {{ paymentsUpdated(after: \"0\") {{ sequence status payment {{ id }} }} }}"}}'"#
    );
    println!();
    println!("To pay a control number that you made (tab 12 of the playground):");
    println!();
    println!(
        r#"curl -s http://{providers}/clickpesa/_sandbox/pay -d '{{"billPayNumber":"<the number>","amount":"<how much>"}}'"#
    );
    println!();
    println!("Ctrl-C ends it and removes its database.");
}
