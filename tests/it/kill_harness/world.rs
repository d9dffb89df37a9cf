//! What outlives a killed server: the database, the sandbox with its ledger on disk, the wires between them, and the
//! callers' token.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;
use tokio::time::Instant;

use super::api::Api;
use super::base::{Base, address_of, by_way_of};
use super::fault::Fault;
use super::process::{self, Process};
use super::sandbox::Sandbox;
use super::simulator::Simulator;
use super::wire::{Cuts, Wire};
use crate::support::Db;
use crate::support::client::http_client;

const TENANT: &str = "harness";
const SCOPES: &str = "billers:read bills:read bills:write payments:read payments:write \
    control_numbers:read control_numbers:write webhooks:write admin";
const SECRET: &str = "the-kill-harness-signs-its-tokens-with-this";
/// Sessions with providers outlive a server.
const SECRETS_KEY: &str = "the-kill-harness-keeps-its-sessions-with-this";
const SERVER_LOG: &str = "server.log";
/// The longest call to a provider.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a claim of a server's lasts.
pub(super) const LEASE: Duration = Duration::from_secs(8);
/// How long a process may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(20);
/// Below the range from which the system takes the ports of outgoing connections, so that nobody takes a server's port
/// while it is down.
const PORTS: Range<u16> = 10_000..20_000;
/// What a server says that carries Almara's payments as a provider's of class B.
const CLASS_B: &str = "ALMARA IS SIMULATED AS A PROVIDER OF CLASS B";
const LOG_LINES_SHOWN: usize = 40;

/// Ports that were given out in this process.
static TAKEN_PORTS: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// What a world is to be like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) db: Db,
    /// Connections that a server keeps at most.
    pub(super) connections: u32,
    /// Whether there are wires to the providers and to the database.
    pub(super) provider_wire: bool,
    pub(super) database_wire: bool,
    /// Whether the PostgreSQL is the run's own.
    pub(super) own_cluster: bool,
    pub(super) seed: u64,
}

/// The surroundings of the servers of one run.
pub(super) struct World {
    // Ends before its folder goes.
    simulator: Simulator,
    /// Where the first server listens, and all that follow it: providers tell their news there.
    address: SocketAddr,
    base: Base,
    provider_wire: Option<Wire>,
    database_wire: Option<Wire>,
    connections: u32,
    folder: TempDir,
    http: reqwest::Client,
    token: String,
    /// What the program calls itself.
    version: String,
}

/// A server's process and its address, which its successors take over.
pub(super) struct Server {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
}

impl Plan {
    /// Without wires.
    pub(super) fn plain(db: Db, connections: u32) -> Self {
        Self { db, connections, provider_wire: false, database_wire: false, own_cluster: false, seed: 0 }
    }

    /// With all that these faults need.
    pub(super) fn of_faults(db: Db, connections: u32, faults: &[Fault], seed: u64) -> Self {
        Self {
            provider_wire: faults.iter().any(|fault| fault.is_on_provider_wire()),
            database_wire: faults.iter().any(|fault| fault.is_on_database_wire()),
            own_cluster: faults.iter().any(|fault| fault.stops_postgres()),
            seed,
            ..Self::plain(db, connections)
        }
    }
}

impl World {
    /// A new database, and a sandbox that keeps every effect on disk before it answers.
    pub(super) async fn build(plan: Plan) -> Self {
        let folder = tempfile::Builder::new().prefix("billpay-kills-").tempdir().expect("a temporary folder");
        let base = if plan.own_cluster { Base::own(free_address()).await } else { Base::shared(plan.db).await };
        let http = http_client();
        let (address, sandbox) = (free_address(), Sandbox { http: http.clone(), address: free_address() });
        let simulator = Simulator::start(sandbox, folder.path().to_owned(), address).await;
        let lay = |far| Wire::lay(far, StdRng::seed_from_u64(plan.seed));
        let provider_wire = if plan.provider_wire { Some(lay(simulator.sandbox.address).await) } else { None };
        let database_wire = if plan.database_wire { Some(lay(address_of(&base.url())).await) } else { None };
        let token = ["token", "--tenant", TENANT, "--scope", SCOPES, "--ttl", "12h"];
        let token = process::output(&token, &named([("AUTH__HS256_SECRET", SECRET)]));
        let version = process::output(&["--version"], &[]);
        let connections = plan.connections;
        Self { simulator, address, base, provider_wire, database_wire, connections, folder, http, token, version }
    }

    /// What the program calls itself.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Where the first server is to listen.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The providers, simulated.
    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.simulator.sandbox
    }

    /// Has the providers forget every reference.
    pub(super) async fn forget(&mut self) {
        self.simulator.forget().await;
    }

    /// The database.
    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// The wire to the providers, in a world that was planned with one.
    pub(super) fn provider_wire(&self) -> &Wire {
        self.provider_wire.as_ref().expect("a wire to the providers")
    }

    /// The wire to the database, in a world that was planned with one.
    pub(super) fn database_wire(&self) -> &Wire {
        self.database_wire.as_ref().expect("a wire to the database")
    }

    /// The commits that were cut on the wire to the database, where there is one.
    pub(super) fn commit_cuts(&self) -> Option<Cuts> {
        self.database_wire.as_ref().map(Wire::cuts)
    }

    /// From now on no wire does harm.
    pub(super) fn heal_wires(&self) {
        [&self.provider_wire, &self.database_wire].into_iter().flatten().for_each(Wire::heal);
    }

    /// Starts a server, without waiting for it.
    pub(super) fn spawn(&self, address: SocketAddr, extra: &[(String, String)]) -> Server {
        let mut settings = self.settings(address);
        settings.extend_from_slice(extra);
        let process = Process::start(&["serve"], &settings, self.folder.path(), SERVER_LOG);
        Server { process, address }
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

    /// Fails where servers were told to [`simulate_class_b`] and none does, as those of a release build do not.
    pub(super) fn assert_simulates_class_b(&self) {
        assert!(self.log().contains(CLASS_B), "no provider of class B is simulated\n{}", self.log_tail());
    }

    /// A caller of one server.
    pub(super) fn api(&self, address: SocketAddr) -> Api {
        Api::new(self.http.clone(), address, self.token.clone())
    }

    /// The sandbox's ledger: a line for each time that money moved.
    pub(super) fn effects(&self) -> String {
        self.simulator.effects()
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
        self.base.remove().await;
    }

    async fn is_ready(&self, address: SocketAddr) -> bool {
        let answer = self.http.get(format!("http://{address}/readyz")).timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// A killed worker's rows come due when its lease ends, so the lease is short. The repetition of a refused payment
    /// whose first answer was lost proves nothing, nor so soon does it that BILL does not list a payment: such payments
    /// go to a person once `review_after` is over.
    fn settings(&self, address: SocketAddr) -> Vec<(String, String)> {
        let base = self.base.url();
        let base = self.database_wire.as_ref().map_or_else(|| base.clone(), |wire| by_way_of(&base, wire.address()));
        let mut settings = named([
            ("LISTEN", address.to_string().as_str()),
            ("PUBLIC_URL", &format!("http://{address}")),
            ("DATABASE__URL", &base),
            ("DATABASE__MAX_CONNECTIONS", &self.connections.to_string()),
            ("AUTH__HS256_SECRET", SECRET),
            ("SECRETS_KEY", SECRETS_KEY),
            ("WAIT_LIMIT", "1s"),
            ("WORKER__CALL_TIMEOUT", &format!("{}ms", CALL_TIMEOUT.as_millis())),
            ("WORKER__LEASE", &format!("{}ms", LEASE.as_millis())),
            ("WORKER__POLL_INTERVAL", "100ms"),
            ("WORKER__REVIEW_AFTER", "20s"),
            ("WORKER__COLLECT_INTERVAL", "3s"),
            ("LOG__FILTER", "warn"),
            // Receivers of webhooks are on this host.
            ("EGRESS__ALLOW_PRIVATE_WEBHOOKS", "true"),
            // The bench asks more than any tenant would.
            ("LIMITS__TENANT_POINTS_PER_MINUTE", "0"),
            ("LIMITS__TENANT_CREATES_PER_MINUTE", "0"),
            ("LIMITS__CALLBACKS_PER_MINUTE", "0"),
        ]);
        let sandbox = self.sandbox();
        let at = self.provider_wire.as_ref().map_or(sandbox.address, Wire::address);
        let providers = Sandbox { http: sandbox.http.clone(), address: at }.settings().into_iter();
        settings.extend(providers.map(|(name, value)| (format!("BILLPAY_PROVIDERS__{name}"), value)));
        settings
    }
}

/// Settings by the names of their variables.
pub(super) fn named<const N: usize>(settings: [(&str, &str); N]) -> Vec<(String, String)> {
    settings.into_iter().map(|(name, value)| (format!("BILLPAY_{name}"), value.to_owned())).collect()
}

/// What makes Almara a provider of class B, which none of the four is: it recognises a repetition, cannot be asked how
/// a payment stands, and tells nothing afterwards.
pub(super) fn simulate_class_b() -> Vec<(String, String)> {
    named([("TEST_CLASS_B", "almara")])
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
