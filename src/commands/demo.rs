//! `billpay demo`.

use std::process::ExitCode;

use super::Failed;

/// How.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// End after the tour; the exit code is 0 only if every step of it held.
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failed> {
    let _ = arguments.once;
    Ok(ExitCode::FAILURE)
}
