//! `billpay provider`: checks the way to a provider with the credentials that are set. No money moves.

use std::process::ExitCode;

use super::Failed;
use crate::config::Settings;
use crate::domain::provider::ProviderCode;
use crate::ports::clock::Clock;
use crate::ports::ids::Ids;
use crate::startup;

/// Which provider, and what to do.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// click, almara, bill or clickpesa.
    provider: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Signs in and fetches the catalogue.
    Check,
}

pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode, Failed> {
    let code: ProviderCode = arguments.provider.parse()?;
    let clock = Clock::default();
    let providers = startup::providers(settings, &clock, &Ids::from_system(clock.clone()))?;
    let name = code.as_str().to_uppercase();
    let provider = providers
        .get(&code)
        .ok_or_else(|| Failed(format!("{code} is switched off: BILLPAY_PROVIDERS__{name}__BASE_URL is not set")))?;
    match arguments.action {
        Action::Check => {
            provider.prepare().await?;
            println!("signed in");
            println!("{} billers", provider.catalogue().await?.len());
            Ok(ExitCode::SUCCESS)
        }
    }
}
