//! The performance bench: billpay beside a ceiling, on one machine, in one run.
//!
//! `bench run` starts a PostgreSQL of its own, seeds it, starts both servers, loads them in turns, and prints a table.
//! Everything listens on loopback, is bounded in time and size, and is ended and removed however the run ends.

mod accounting;
mod ceiling;
mod check;
mod child;
mod cluster;
mod documents;
mod failed;
mod ids;
mod load;
mod producer;
mod proxy;
mod rows;
mod seed;
mod server;
mod sockets;
mod table;
mod turns;
mod work;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use self::failed::{Failed, Outcome};
use self::work::Workload;
use self::world::{Options, World};

/// billpay has the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures billpay beside a hand-written ceiling.
#[derive(Debug, Parser)]
#[command(name = "bench", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures, and prints a table.
    Run(Run),
    /// Serves the ceiling alone, on a database that billpay has made.
    Ceiling(ceiling::Arguments),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The release build of billpay.
    #[arg(long, default_value = "../target/release/billpay", value_name = "FILE")]
    billpay: PathBuf,
    /// Payments that are there before anything is measured.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    rows: u64,
    /// What is measured; everything where absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Workload>,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=120))]
    seconds: u64,
    /// Measurements of each side.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=15))]
    turns: u8,
    /// A setting of billpay, NAME=VALUE; may stand several times.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = tokio::runtime::Runtime::new().map_err(Failed::from).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.command {
                Command::Ceiling(arguments) => ceiling::serve(arguments).await,
                Command::Run(arguments) => tokio::select! {
                    done = run(arguments) => done,
                    stopped = stopped() => stopped,
                },
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("bench: {failed}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Run) -> Outcome<()> {
    open_many_files()?;
    let workloads = match arguments.only.as_slice() {
        [] => Workload::value_variants(),
        chosen => chosen,
    };
    let options = Options {
        program: std::path::absolute(&arguments.billpay)?,
        settings: arguments.settings.clone(),
        rows: arguments.rows,
        seconds: arguments.seconds,
        turns: usize::from(arguments.turns),
    };
    let mut world = World::start(options).await?;
    let mut lines = Vec::new();
    let mut done = Ok(());
    for workload in workloads {
        match workload.run(&mut world).await {
            Ok(measured) => lines.extend(measured),
            // What was measured is shown all the same.
            Err(failed) => {
                done = Err(failed.at(&format!("{workload:?}").to_lowercase()));
                break;
            }
        }
    }
    table::print(&lines);
    done
}

/// Ends the run: what was started ends with what is dropped.
async fn stopped() -> Outcome<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    failed::fail("stopped")
}

/// Ten thousand sockets are as many files, here and in the servers, which inherit the limit.
fn open_many_files() -> Outcome<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}
