//! What is measured: billpay as it is shipped, its sandbox, and the ceiling, each a process of its own on loopback.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::child::{Process, free_address};
use crate::failed::{Failed, Outcome, fail};

const START_LIMIT: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(2);
/// The sandbox's last line, behind its settings.
const END_OF_SETTINGS: &str = "# BILL";
const SCOPES: &str = "billers:read bills:read payments:read payments:write";

/// A process that answers requests.
#[derive(Debug)]
pub struct Running {
    process: Process,
    /// Where it answers.
    pub address: SocketAddr,
    /// From its start to its first good answer.
    pub started_in: Duration,
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

/// How billpay is started. It holds the secret of the tokens, and so is never printed.
#[derive(Clone)]
pub struct Billpay {
    program: PathBuf,
    folder: PathBuf,
    /// Of the tokens and of the ceiling.
    pub secret: String,
    settings: BTreeMap<String, String>,
}

impl Billpay {
    /// The program, with settings that every start has; `more` wins.
    pub fn new(program: PathBuf, folder: &Path, more: &[(String, String)]) -> Outcome<Self> {
        if !program.is_file() {
            return fail(format!("{} is not there: cargo build --release --bin billpay", program.display()));
        }
        let secret = format!("{}{}", uuid::Uuid::now_v7().simple(), uuid::Uuid::now_v7().simple());
        let own = [
            ("AUTH__HS256_SECRET", secret.as_str()),
            ("SECRETS_KEY", secret.as_str()),
            ("LIMITS__TENANT_POINTS_PER_MINUTE", "0"),
            ("LIMITS__TENANT_CREATES_PER_MINUTE", "0"),
            ("HTTP__MAX_CONNECTIONS_PER_IP", "20000"),
        ];
        let own = own.map(|(name, value)| (format!("BILLPAY_{name}"), value.to_owned()));
        let settings = own.into_iter().chain(more.iter().cloned()).collect();
        Ok(Self { program, folder: folder.to_owned(), secret, settings })
    }

    /// Starts a server on a database, with some settings more, and waits until it is ready.
    pub async fn serve(&self, database: &str, more: &[(String, String)]) -> Outcome<Running> {
        let address = free_address()?;
        let mut command = self.command(database);
        command.arg("serve").env("BILLPAY_LISTEN", address.to_string());
        command.envs(more.iter().map(|(name, value)| (name, value)));
        start(&mut command, address, "/readyz", &self.folder).await
    }

    /// Brings a database's schema up to date.
    pub fn migrate(&self, database: &str) -> Outcome<()> {
        let ended = self.command(database).arg("migrate").stdout(Stdio::null()).status()?;
        if ended.success() { Ok(()) } else { fail("billpay migrate failed") }
    }

    /// A token of a tenant that may do what the workloads do.
    pub fn token(&self, tenant: &str) -> Outcome<String> {
        let mut command = self.command("sqlite://unused.db?mode=rwc");
        let output =
            command.args(["token", "--tenant", tenant, "--scope", SCOPES, "--subject", "bench", "--ttl", "24h"]);
        let output = output.stderr(Stdio::inherit()).output()?;
        let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !token.is_empty() { Ok(token) } else { fail("billpay token failed") }
    }

    /// Starts the simulated providers.
    pub fn sandbox(&self) -> Outcome<Sandbox> {
        let address = free_address()?;
        let mut command = self.command("sqlite://unused.db?mode=rwc");
        command.args(["sandbox", "--listen", &address.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::start(&mut command, Signal::TERM)?;
        let stdout = process.take_stdout().ok_or_else(|| Failed::new("the sandbox prints nothing"))?;
        let mut settings = Vec::new();
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if line.starts_with(END_OF_SETTINGS) {
                break;
            }
            // One provider is enough: the others would only look for their catalogues meanwhile.
            let click = line.split_once('=').filter(|(name, _)| name.starts_with("BILLPAY_PROVIDERS__CLICK__"));
            settings.extend(click.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        if settings.is_empty() {
            return fail("the sandbox tells no settings");
        }
        Ok(Sandbox { _process: process, address, settings })
    }

    fn command(&self, database: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(&self.settings).env("BILLPAY_DATABASE__URL", database);
        command
    }
}

/// The simulated providers.
#[derive(Debug)]
pub struct Sandbox {
    _process: Process,
    /// Where they answer.
    pub address: SocketAddr,
    settings: Vec<(String, String)>,
}

impl Sandbox {
    /// The settings that point at it, or at what stands before it.
    pub fn settings(&self, through: Option<SocketAddr>) -> Vec<(String, String)> {
        let (own, through) = (self.address.to_string(), through.unwrap_or(self.address).to_string());
        self.settings.iter().map(|(name, value)| (name.clone(), value.replace(&own, &through))).collect()
    }
}

/// How the ceiling is started: this very program, in a process of its own.
#[derive(Clone)]
pub struct CeilingOptions {
    /// The database.
    pub database: String,
    /// Verifies the tokens.
    pub secret: String,
    /// Where it pays.
    pub provider: SocketAddr,
}

/// Starts the ceiling and waits until it answers.
pub async fn ceiling(options: &CeilingOptions, folder: &Path) -> Outcome<Running> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("ceiling").args(["--listen", &address.to_string(), "--database", &options.database]);
    command.args(["--provider", &options.provider.to_string()]).env("BENCH_SECRET", &options.secret);
    start(&mut command, address, "/readyz", folder).await
}

/// Its log goes to a file in the run's folder, as a service manager's would.
async fn start(command: &mut Command, address: SocketAddr, ready: &str, folder: &Path) -> Outcome<Running> {
    let log = folder.join(format!("{}.log", address.port()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(&log)?);
    let begun = Instant::now();
    let mut process = Process::start(command, Signal::TERM)?;
    let http = reqwest::Client::new();
    loop {
        let answer = http.get(format!("http://{address}{ready}")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(Running { process, address, started_in: begun.elapsed() });
        }
        if !process.is_running()? || begun.elapsed() > START_LIMIT {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            return fail(format!("a server did not start: {log}"));
        }
        tokio::time::sleep(GLANCE).await;
    }
}
