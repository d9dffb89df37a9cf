//! `billpay migrate`: brings the database's schema up to date, and does nothing else.

use std::process::ExitCode;

use super::Failed;
use crate::config::Settings;
use crate::ports::clock::Clock;
use crate::store::{Connect, Store};

pub(super) async fn run(settings: Settings) -> Result<ExitCode, Failed> {
    Store::connect(&Connect {
        url: settings.database.url.expose().to_owned(),
        max_connections: settings.database.max_connections.get(),
        clock: Clock::default(),
    })
    .await?;
    println!("the schema is up to date");
    Ok(ExitCode::SUCCESS)
}
