//! `billpay confirm-restore`: an operator confirms that a restored database has forgotten no submission.

use std::process::ExitCode;

use super::Failed;
use crate::config::Settings;
use crate::ports::clock::Clock;
use crate::startup;

/// How it is known.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How it is known that none of the payments that were held back had been sent; it is kept with each.
    #[arg(long)]
    evidence: String,
    /// Who confirms it.
    #[arg(long, default_value = "operator")]
    subject: String,
}

pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode, Failed> {
    let evidence = arguments.evidence.trim();
    if evidence.chars().count() < 10 {
        return Err(Failed("say in --evidence how it is known, in 10 characters or more".to_owned()));
    }
    let app = startup::application(settings, &Clock::default()).await?;
    let released = app.confirm_restore(&arguments.subject, evidence).await?;
    println!("{released} payments may be sent again");
    Ok(ExitCode::SUCCESS)
}
