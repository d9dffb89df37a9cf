//! `billpay provider`: checks the way to a provider with the credentials that are set, or makes it trusted. No money
//! moves.

mod trust;

use std::process::ExitCode;

use super::Failed;
use crate::config::Settings;
use crate::domain::provider::ProviderCode;
use crate::startup::{self, World};

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
    /// Passes BILL's second factor and prints the settings of the device that BILL then remembers.
    Trust(trust::Arguments),
}

pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode, Failed> {
    let code: ProviderCode = arguments.provider.parse()?;
    match &arguments.action {
        Action::Check => check(code, settings).await,
        Action::Trust(trust) => match (code, &settings.providers.bill) {
            (ProviderCode::Bill, Some(bill)) => trust::run(trust, bill).await,
            (ProviderCode::Bill, None) => Err(switched_off(code)),
            (ProviderCode::Click | ProviderCode::Almara | ProviderCode::Clickpesa, _) => {
                Err(Failed(format!("{code} has no second factor; only bill has")))
            }
        },
    }
}

async fn check(code: ProviderCode, settings: &Settings) -> Result<ExitCode, Failed> {
    let providers = startup::providers(settings, &World::alone())?;
    let provider = providers.get(&code).ok_or_else(|| switched_off(code))?;
    provider.prepare(None).await?;
    println!("signed in");
    println!("{} billers", provider.catalogue().await?.len());
    Ok(ExitCode::SUCCESS)
}

fn switched_off(code: ProviderCode) -> Failed {
    let name = code.as_str().to_uppercase();
    Failed(format!("{code} is switched off: BILLPAY_PROVIDERS__{name}__BASE_URL is not set"))
}
