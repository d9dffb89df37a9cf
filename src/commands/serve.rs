//! `billpay serve`: the server, until it is told to stop.

use std::process::ExitCode;

use super::Failed;
use crate::config::Settings;
use crate::http::playground::Playground;
use crate::shutdown;
use crate::startup::{Server, StartOptions};
use crate::telemetry;

pub(super) async fn run(settings: Settings) -> Result<ExitCode, Failed> {
    settings.require_auth()?;
    telemetry::start_logging(&settings.log);
    let playground = settings.playground.unwrap_or(false).then(Playground::default);
    let server = Server::start(&settings, StartOptions { playground, ..StartOptions::default() }).await?;
    shutdown::signal().await;
    tracing::info!("stopping");
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}
