//! `billpay check-config`: says all that is wrong with the settings, without starting anything.

use std::process::ExitCode;

use super::Failed;
use crate::config::Settings;

pub(super) fn run(settings: &Settings) -> Result<ExitCode, Failed> {
    settings.require_auth()?;
    println!("the settings are good");
    Ok(ExitCode::SUCCESS)
}
