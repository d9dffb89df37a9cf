//! What outlives a killed server: the database, the sandbox with its ledger on disk, and the callers' token.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;

use rand::Rng;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::api::Api;
use super::process::{self, Process};
use super::sandbox::Sandbox;
use crate::support::Db;
use crate::support::client::http_client;
use crate::support::database::TestDatabase;

const TENANT: &str = "harness";
const SCOPES: &str = "billers:read bills:read bills:write payments:read payments:write \
    control_numbers:read control_numbers:write";
const SECRET: &str = "the-kill-harness-signs-its-tokens-with-this";
/// Sessions with providers outlive a server.
const SECRETS_KEY: &str = "the-kill-harness-keeps-its-sessions-with-this";
const EFFECTS: &str = "effects.jsonl";
const SANDBOX_LOG: &str = "sandbox.log";
const SERVER_LOG: &str = "server.log";
/// How long a process may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(20);
/// Below the range from which the system takes the ports of outgoing connections, so that nobody takes a server's port
/// while it is down.
const PORTS: Range<u16> = 10_000..20_000;
const LOG_LINES_SHOWN: usize = 40;

/// Ports that were given out in this process.
static TAKEN_PORTS: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// The surroundings of the servers of one run.
pub(super) struct World {
    // Ends before its folder goes.
    _sandbox_process: Process,
    sandbox: Sandbox,
    /// Where the first server listens, and all that follow it: providers tell their news there.
    address: SocketAddr,
    database: TestDatabase,
    /// Connections that a server keeps at most.
    connections: u32,
    folder: TempDir,
    http: reqwest::Client,
    token: String,
}

/// A server's process and its address, which its successors take over.
pub(super) struct Server {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
}

impl World {
    /// A new database, and a sandbox that keeps every effect on disk before it answers.
    pub(super) async fn build(db: Db, connections: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("billpay-kills-").tempdir().expect("a temporary folder");
        let database = TestDatabase::create(db).await;
        let http = http_client();
        let (address, sandbox) = (free_address(), Sandbox { http: http.clone(), address: free_address() });
        let (listen, callbacks) = (sandbox.address.to_string(), format!("http://{address}"));
        // "Later" and "never answered" are short; the latter still exceeds the call's timeout.
        let arguments =
            ["sandbox", "--listen", &listen, "--effects", EFFECTS, "--callbacks", &callbacks, "--later-ms", "500"];
        let arguments = [&arguments[..], &["--hang-ms", "1500"]].concat();
        let mut sandbox_process = Process::start(&arguments, &[], folder.path(), SANDBOX_LOG);
        wait_for_sandbox(&mut sandbox_process, sandbox.address).await;
        let token = ["token", "--tenant", TENANT, "--scope", SCOPES, "--ttl", "12h"];
        let token = process::output(&token, &named([("AUTH__HS256_SECRET", SECRET)]));
        Self { _sandbox_process: sandbox_process, sandbox, address, database, connections, folder, http, token }
    }

    /// Where the first server is to listen.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The providers, simulated.
    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Starts a server, without waiting for it.
    pub(super) fn spawn(&self, address: SocketAddr, extra: &[(String, String)]) -> Server {
        let mut settings = self.settings(address);
        settings.extend_from_slice(extra);
        let process = Process::start(&["serve"], &settings, self.folder.path(), SERVER_LOG);
        Server { process, address }
    }

    /// Starts a server and waits until it serves.
    pub(super) async fn start(&self, address: SocketAddr) -> Server {
        let mut server = self.spawn(address, &[]);
        self.wait_until_ready(&mut server).await;
        server
    }

    /// Waits until a server serves. One that ends by itself instead fails the test.
    pub(super) async fn wait_until_ready(&self, server: &mut Server) {
        let give_up = Instant::now() + START_LIMIT;
        while !self.is_ready(server.address).await {
            self.assert_running(server);
            assert!(Instant::now() < give_up, "the server is not ready in time\n{}", self.log_tail());
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Fails where a server has ended without having been killed.
    pub(super) fn assert_running(&self, server: &mut Server) {
        if let Some(status) = server.process.ended() {
            panic!("the server ended by itself: {status}\n{}", self.log_tail());
        }
    }

    /// A caller of one server.
    pub(super) fn api(&self, address: SocketAddr) -> Api {
        Api::new(self.http.clone(), address, self.token.clone())
    }

    /// The sandbox's ledger: a line for each time that money moved.
    pub(super) fn effects(&self) -> String {
        fs::read_to_string(self.folder.path().join(EFFECTS)).expect("the sandbox's ledger")
    }

    /// All that the servers logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(SERVER_LOG)).unwrap_or_default()
    }

    /// The end of what the servers logged.
    pub(super) fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    /// Throws the database away. The rest goes with the value.
    pub(super) async fn remove(self) {
        self.database.remove().await;
    }

    async fn is_ready(&self, address: SocketAddr) -> bool {
        let answer = self.http.get(format!("http://{address}/readyz")).timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// A killed worker's rows come due when its lease ends, so the lease is short. The repetition of a refused payment
    /// whose first answer was lost proves nothing, nor so soon does it that BILL does not list a payment: such payments
    /// go to a person once `review_after` is over.
    fn settings(&self, address: SocketAddr) -> Vec<(String, String)> {
        let mut settings = named([
            ("LISTEN", address.to_string().as_str()),
            ("PUBLIC_URL", &format!("http://{address}")),
            ("DATABASE__URL", &self.database.url),
            ("DATABASE__MAX_CONNECTIONS", &self.connections.to_string()),
            ("AUTH__HS256_SECRET", SECRET),
            ("SECRETS_KEY", SECRETS_KEY),
            ("WAIT_LIMIT", "1s"),
            ("WORKER__CALL_TIMEOUT", "1s"),
            ("WORKER__LEASE", "8s"),
            ("WORKER__POLL_INTERVAL", "100ms"),
            ("WORKER__REVIEW_AFTER", "20s"),
            ("WORKER__COLLECT_INTERVAL", "3s"),
            ("LOG__FILTER", "warn"),
        ]);
        let providers = self.sandbox.settings().into_iter();
        settings.extend(providers.map(|(name, value)| (format!("BILLPAY_PROVIDERS__{name}"), value)));
        settings
    }
}

/// Settings by the names of their variables.
pub(super) fn named<const N: usize>(settings: [(&str, &str); N]) -> Vec<(String, String)> {
    settings.into_iter().map(|(name, value)| (format!("BILLPAY_{name}"), value.to_owned())).collect()
}

/// An address of this host that nobody listens on.
pub(super) fn free_address() -> SocketAddr {
    for _ in 0..1_000 {
        let port = rand::rng().random_range(PORTS);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let is_new = TAKEN_PORTS.lock().expect("no holder panics").insert(port);
        if is_new && TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port of {PORTS:?} is free");
}

async fn wait_for_sandbox(sandbox: &mut Process, address: SocketAddr) {
    let give_up = Instant::now() + START_LIMIT;
    while TcpStream::connect(address).await.is_err() {
        if let Some(status) = sandbox.ended() {
            panic!("the sandbox ended: {status}");
        }
        assert!(Instant::now() < give_up, "the sandbox does not listen in time");
        tokio::time::sleep(GLANCE).await;
    }
}
