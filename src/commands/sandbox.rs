//! `billpay sandbox`: the simulated providers alone, with the settings that point at them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::net::TcpListener;

use super::Failed;
use crate::sandbox::{self, Options, Sandbox};
use crate::shutdown;

/// Where and how.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// A file that keeps every effect, synced before each answer; without it they are kept in memory.
    #[arg(long, value_name = "FILE")]
    effects: Option<PathBuf>,
    /// How many milliseconds "later" is.
    #[arg(long, default_value_t = 3000, value_name = "MS")]
    later_ms: u64,
    /// For how many milliseconds a call that is never answered is held open.
    #[arg(long, default_value_t = 60_000, value_name = "MS")]
    hang_ms: u64,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failed> {
    let options = Options {
        effects: arguments.effects,
        later: std::time::Duration::from_millis(arguments.later_ms),
        hang: std::time::Duration::from_millis(arguments.hang_ms),
    };
    let sandbox = Sandbox::try_new(options)?;
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("# The sandbox listens. Settings that point at it:");
    for (name, value) in settings_for(listener.local_addr()?) {
        println!("{name}={value}");
    }
    axum::serve(listener, sandbox.router()).with_graceful_shutdown(shutdown::signal()).await?;
    Ok(ExitCode::SUCCESS)
}

/// The settings that make a server use the sandbox at `address`.
pub(super) fn settings_for(address: SocketAddr) -> Vec<(String, String)> {
    let (almara, click) = (format!("http://{address}/almara"), format!("http://{address}/click"));
    let settings = [
        ("ALMARA__BASE_URL", almara.clone()),
        ("ALMARA__TOKEN_URL", format!("{almara}/v1/oauth/token")),
        ("ALMARA__CLIENT_ID", sandbox::ALMARA_CLIENT_ID.to_owned()),
        ("ALMARA__CLIENT_SECRET", sandbox::ALMARA_CLIENT_SECRET.to_owned()),
        ("CLICK__BASE_URL", click),
        ("CLICK__EMAIL", sandbox::CLICK_EMAIL.to_owned()),
        ("CLICK__PASSWORD", sandbox::CLICK_PASSWORD.to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (format!("BILLPAY_PROVIDERS__{name}"), value)).collect()
}
