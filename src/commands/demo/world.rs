//! What the demo runs: the sandbox, a server that uses it, and a client with a token.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::client::Client;
use super::scratch::Scratch;
use crate::commands::Failed;
use crate::commands::sandbox::settings_for;
use crate::config::{Secret, Settings};
use crate::domain::requester::{Scopes, TenantId};
use crate::http::playground::Playground;
use crate::http::token::{TokenClaims, mint};
use crate::ports::clock::Clock;
use crate::ports::ids::Ids;
use crate::sandbox::{Options, Sandbox};
use crate::startup::{Server, StartOptions};
use crate::telemetry;

/// Whose payments the tour makes.
pub(super) const TENANT: &str = "demo";
/// What the playground's example operations need.
const SCOPES: &str = "billers:read bills:read bills:write payments:read payments:write \
    control_numbers:read control_numbers:write webhooks:write admin";
const SUBJECT: &str = "demo";
const OPERATOR_TENANT: &str = "operator";
/// Where the server listens if nobody else does.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long the sandbox takes for what it does later: nobody is to wait long for the tour.
const LATER: Duration = Duration::from_millis(1500);
/// A provider that does not answer is given up this soon, so that nobody waits long for the tour's time-out.
const CALL_TIMEOUT: &str = "2s";
/// Longer than a call by more than its margin.
const LEASE: &str = "8s";

/// All that runs, until it is stopped.
pub(super) struct World {
    /// Where this host reaches the server.
    pub(super) address: SocketAddr,
    /// Where it reaches the simulated providers.
    pub(super) providers: SocketAddr,
    /// A token for it.
    pub(super) token: String,
    /// A client that has it.
    pub(super) client: Client,
    server: Server,
    sandbox: JoinHandle<()>,
    directory: Scratch,
}

impl World {
    /// Starts the sandbox, then the server.
    pub(super) async fn start(listen: Option<SocketAddr>) -> Result<Self, Failed> {
        let ids = Ids::from_system(Clock::default());
        let directory = Scratch::try_new(ids.reference())?;
        // Before the server's port is chosen, so that it cannot be the same.
        let listener = tokio::net::TcpListener::bind(ANY_PORT).await?;
        let providers = listener.local_addr()?;
        let listen = chosen(listen)?;
        let address = from_here(listen);
        let sandbox = start_sandbox(listener, format!("http://{address}"))?;
        let secret = Secret::new(random(&ids));
        let own = [
            ("BILLPAY_LISTEN", listen.to_string()),
            ("BILLPAY_PUBLIC_URL", format!("http://{address}")),
            ("BILLPAY_SECRETS_KEY", random(&ids)),
            ("BILLPAY_DATABASE__URL", directory.database_url()?),
            ("BILLPAY_AUTH__HS256_SECRET", secret.expose().to_owned()),
            ("BILLPAY_AUTH__OPERATOR_TENANT", OPERATOR_TENANT.to_owned()),
            // So that a receiver on this machine can be tried.
            ("BILLPAY_EGRESS__ALLOW_PRIVATE_WEBHOOKS", "true".to_owned()),
            ("BILLPAY_PLAYGROUND", "on".to_owned()),
            ("BILLPAY_WORKER__CALL_TIMEOUT", CALL_TIMEOUT.to_owned()),
            ("BILLPAY_WORKER__LEASE", LEASE.to_owned()),
            ("BILLPAY_LOG__FILTER", "warn".to_owned()),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let settings = Settings::load(None, own.chain(settings_for(providers)))?;
        telemetry::start_logging(&settings.log);
        telemetry::metrics();
        let token = token(&secret, &settings)?;
        let playground = Playground { token: Some(token.clone()), tenant: Some(TENANT.to_owned()) };
        let options = StartOptions { playground: Some(playground), ..StartOptions::default() };
        let server = Server::start(&settings, options).await?;
        let client = Client::try_new(address, providers, token.clone())?;
        Ok(Self { address, providers, token, client, server, sandbox, directory })
    }

    /// Stops the server, then the sandbox, and removes what they left.
    pub(super) async fn stop(self) {
        let Self { server, sandbox, directory, .. } = self;
        server.stop().await;
        sandbox.abort();
        drop(directory);
    }
}

/// The providers that tell their changes unasked tell them to `callbacks`, where the server is going to listen.
fn start_sandbox(listener: tokio::net::TcpListener, callbacks: String) -> Result<JoinHandle<()>, Failed> {
    let options = Options { later: LATER, callbacks: Some(callbacks), ..Options::default() };
    let routes = Sandbox::try_new(options)?.router();
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the sandbox ended");
        }
    }))
}

/// 64 characters that nobody can guess.
fn random(ids: &Ids) -> String {
    format!("{}{}", ids.reference().simple(), ids.reference().simple())
}

/// Where to listen, with its port: what is said to providers must hold it before the server starts.
fn chosen(listen: Option<SocketAddr>) -> io::Result<SocketAddr> {
    match listen {
        Some(address) if address.port() == 0 => free(address),
        Some(address) => Ok(address),
        None => free(USUAL).or_else(|_| free(ANY_PORT)),
    }
}

/// The address, if it can be listened on. It is let go again: who is quick could still take it.
fn free(address: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(address)?.local_addr()
}

/// How this host reaches what listens there.
fn from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn token(secret: &Secret, settings: &Settings) -> Result<String, Failed> {
    let tenant = TenantId::try_new(TENANT)?;
    let claims = TokenClaims {
        subject: SUBJECT,
        tenant: &tenant,
        customer: None,
        scopes: Scopes::parse(SCOPES),
        issuer: &settings.auth.issuer,
        audience: &settings.auth.audience,
    };
    Ok(mint(secret, &claims, Clock::default().now(), settings.auth.longest_life))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_reached_on_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("127.0.0.1:9", "127.0.0.1:9"),
            ("[::1]:9", "[::1]:9"),
        ] {
            let listen: SocketAddr = listen.parse().expect("an address");
            assert_eq!(from_here(listen).to_string(), expected);
        }
    }

    #[test]
    fn every_scope_of_the_tour_is_one_of_billpay() {
        assert_eq!(Scopes::parse(SCOPES).iter().count(), SCOPES.split_ascii_whitespace().count());
    }
}
