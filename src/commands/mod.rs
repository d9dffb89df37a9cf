//! The commands, a file each.

mod check_config;
mod confirm_restore;
mod demo;
mod migrate;
mod provider;
mod sandbox;
mod schema;
mod serve;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Settings;

/// One GraphQL API for paying bills and being paid, over several bill-payment providers.
#[derive(Debug, Parser)]
#[command(name = "billpay", version, arg_required_else_help = true)]
pub struct Arguments {
    /// A settings file; what it does not say comes from the defaults, and BILLPAY_… in the environment wins.
    #[arg(long, global = true, env = "BILLPAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts everything with sandbox providers, shows a tour, and stays open with a playground.
    Demo(demo::Arguments),
    /// Serves the API.
    Serve,
    /// Brings the database's schema up to date.
    Migrate,
    /// Prints the GraphQL schema.
    Schema,
    /// Prints a token for the HS256 secret.
    Token(token::Arguments),
    /// Serves the simulated providers alone.
    Sandbox(sandbox::Arguments),
    /// Checks the way to a provider.
    Provider(provider::Arguments),
    /// Confirms that a restored database has forgotten no submission, so that what was held back is sent.
    ConfirmRestore(confirm_restore::Arguments),
    /// Checks the settings, and says all that is wrong with them.
    CheckConfig,
}

/// A command that did not do its job; what is wrong was said already, or is said here.
#[derive(Debug)]
pub struct Failed(String);

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self(text)
    }
}

/// Runs a command to its end.
pub fn run(arguments: Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("billpay: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(arguments)) {
        Ok(code) => code,
        Err(Failed(text)) => {
            eprintln!("billpay: {text}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failed> {
    let settings = || Settings::load(arguments.config.as_deref(), std::env::vars());
    match arguments.command {
        Command::Demo(demo) => demo::run(demo).await,
        Command::Serve => serve::run(settings()?).await,
        Command::Migrate => migrate::run(settings()?).await,
        Command::Schema => {
            schema::run();
            Ok(ExitCode::SUCCESS)
        }
        Command::Token(token) => token::run(&token, &settings()?),
        Command::Sandbox(sandbox) => sandbox::run(sandbox).await,
        Command::Provider(provider) => provider::run(&provider, &settings()?).await,
        Command::ConfirmRestore(confirmation) => confirm_restore::run(&confirmation, &settings()?).await,
        Command::CheckConfig => check_config::run(&settings()?),
    }
}
