//! `billpay sandbox`: the simulated providers alone, with the settings that point at them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::net::TcpListener;
use url::Url;

use super::Failed;
use crate::sandbox::{self, Options, Sandbox};
use crate::shutdown;

/// Where and how.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// The address of billpay, without a path: where BILL and ClickPesa send. Without it they tell nobody.
    #[arg(long, value_name = "URL")]
    callbacks: Option<Url>,
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
    let tells_nobody = arguments.callbacks.is_none();
    let options = Options {
        effects: arguments.effects,
        later: std::time::Duration::from_millis(arguments.later_ms),
        hang: std::time::Duration::from_millis(arguments.hang_ms),
        callbacks: arguments.callbacks.map(|url| url.as_str().trim_end_matches('/').to_owned()),
        ..Options::default()
    };
    let sandbox = Sandbox::try_new(options)?;
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("# The sandbox listens. Settings that point at it:");
    for (name, value) in settings_for(listener.local_addr()?) {
        println!("{name}={value}");
    }
    if tells_nobody {
        println!("# BILL and ClickPesa send nothing: --callbacks URL tells them where billpay is.");
    }
    axum::serve(listener, sandbox.router()).with_graceful_shutdown(shutdown::signal()).await?;
    Ok(ExitCode::SUCCESS)
}

/// The settings that make a server use the sandbox at `address`.
pub(super) fn settings_for(address: SocketAddr) -> Vec<(String, String)> {
    let almara = format!("http://{address}/almara");
    let settings = [
        ("CLICK__BASE_URL", format!("http://{address}/click")),
        ("CLICK__EMAIL", sandbox::CLICK_EMAIL.to_owned()),
        ("CLICK__PASSWORD", sandbox::CLICK_PASSWORD.to_owned()),
        ("ALMARA__BASE_URL", almara.clone()),
        ("ALMARA__TOKEN_URL", format!("{almara}/v1/oauth/token")),
        ("ALMARA__CLIENT_ID", sandbox::ALMARA_CLIENT_ID.to_owned()),
        ("ALMARA__CLIENT_SECRET", sandbox::ALMARA_CLIENT_SECRET.to_owned()),
        ("BILL__BASE_URL", format!("http://{address}/bill/connect")),
        ("BILL__DEV_KEY", sandbox::BILL_DEV_KEY.to_owned()),
        ("BILL__USERNAME", sandbox::BILL_USERNAME.to_owned()),
        ("BILL__PASSWORD", sandbox::BILL_PASSWORD.to_owned()),
        ("BILL__ORGANIZATION_ID", sandbox::BILL_ORGANIZATION_ID.to_owned()),
        ("BILL__REMEMBER_ME_ID", sandbox::BILL_REMEMBER_ME_ID.to_owned()),
        ("BILL__DEVICE", sandbox::BILL_DEVICE.to_owned()),
        ("BILL__WEBHOOK_SECURITY_KEY", sandbox::BILL_WEBHOOK_SECURITY_KEY.to_owned()),
        ("CLICKPESA__BASE_URL", format!("http://{address}/clickpesa/third-parties")),
        ("CLICKPESA__CLIENT_ID", sandbox::CLICKPESA_CLIENT_ID.to_owned()),
        ("CLICKPESA__API_KEY", sandbox::CLICKPESA_API_KEY.to_owned()),
        ("CLICKPESA__CHECKSUM_KEY", sandbox::CLICKPESA_CHECKSUM_KEY.to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (format!("BILLPAY_PROVIDERS__{name}"), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn its_settings_switch_every_provider_on_with_all_that_it_can_do() {
        let address = "127.0.0.1:9000".parse().expect("an address");
        let public = ("BILLPAY_PUBLIC_URL".to_owned(), "http://127.0.0.1:8080".to_owned());
        let settings = Settings::load(None, settings_for(address).into_iter().chain([public])).expect("good settings");
        let on = settings.providers;
        assert!(on.click.is_some() && on.almara.is_some());
        let bill = on.bill.expect("BILL is on");
        assert!(bill.trusted_device.is_some() && bill.webhook_security_key.is_some());
        assert!(on.clickpesa.expect("ClickPesa is on").checksum_key.is_some());
    }
}
