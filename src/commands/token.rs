//! `billpay token`: a token for the HS256 secret, alone on standard output.

use std::process::ExitCode;
use std::time::Duration;

use super::Failed;
use crate::config::Settings;
use crate::domain::requester::{CustomerId, Scope, Scopes, TenantId};
use crate::http::token::{TokenClaims, mint};
use crate::ports::clock::Clock;

/// What the token says.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The organisation.
    #[arg(long)]
    tenant: String,
    /// What may be done: words separated by spaces, such as "payments:read payments:write".
    #[arg(long)]
    scope: String,
    /// Who acts.
    #[arg(long, default_value = "cli")]
    subject: String,
    /// Where set, only this customer's objects are seen.
    #[arg(long)]
    customer: Option<String>,
    /// How long it is good, such as 1h or 30m.
    #[arg(long, default_value = "1h")]
    ttl: String,
}

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> Result<ExitCode, Failed> {
    let secret = settings.auth.hs256_secret.as_ref().ok_or_else(|| {
        Failed("BILLPAY_AUTH__HS256_SECRET is not set: a token is signed with it (at least 32 bytes)".to_owned())
    })?;
    let tenant = TenantId::try_new(&arguments.tenant)?;
    let customer = arguments.customer.as_deref().map(CustomerId::try_new).transpose()?;
    let ttl = time_to_live(arguments, settings)?;
    let claims = TokenClaims {
        subject: &arguments.subject,
        tenant: &tenant,
        customer: customer.as_ref(),
        scopes: scopes(&arguments.scope)?,
        issuer: &settings.auth.issuer,
        audience: &settings.auth.audience,
    };
    println!("{}", mint(secret, &claims, Clock::default().now(), ttl));
    Ok(ExitCode::SUCCESS)
}

fn scopes(words: &str) -> Result<Scopes, Failed> {
    let read = |word: &str| {
        let known = Scope::ALL.map(Scope::as_str).join(" ");
        word.parse::<Scope>().map_err(|_| Failed(format!("{word} is no scope; there are: {known}")))
    };
    words.split_ascii_whitespace().map(read).collect()
}

fn time_to_live(arguments: &Arguments, settings: &Settings) -> Result<Duration, Failed> {
    let unreadable = |_| Failed(format!("{} is no length of time, such as 1h or 30m", arguments.ttl));
    let ttl: jiff::SignedDuration = arguments.ttl.parse().map_err(unreadable)?;
    let ttl = Duration::try_from(ttl).map_err(unreadable)?;
    if ttl.is_zero() || ttl > settings.auth.longest_life {
        let longest = settings.auth.longest_life.as_secs();
        return Err(Failed(format!("a token is good for 1 s to {longest} s (BILLPAY_AUTH__LONGEST_LIFE)")));
    }
    Ok(ttl)
}
