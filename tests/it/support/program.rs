//! The program itself, as a process on a test's database and sandbox: for what one process cannot try on itself.
//!
//! It is ended by its own id alone, and always reaped: dropping it kills it and waits for its end. BILLPAY_BIN names
//! another build of it, such as a release, for the long runs.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tempfile::TempDir;
use tokio::time::Instant;

use super::app::free_address;
use super::{TestApp, eventually};

/// The program under test, unless another is named.
const PROGRAM: &str = env!("CARGO_BIN_EXE_billpay");
/// The variable that names another build.
const OTHER_PROGRAM: &str = "BILLPAY_BIN";
/// Whoever writes past its limit is told so, where the signal does not end it first.
const START: &str = r#"trap "" XFSZ; exec "$0" "$@""#;
/// How often another port is tried where one was taken between the look and the start.
const MOST_STARTS: u32 = 10;
const START_LIMIT: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(20);

/// Where the program under test is. From the root, since processes are started in other folders than this one.
pub fn path() -> PathBuf {
    let other = std::env::var_os(OTHER_PROGRAM).filter(|path| !path.is_empty());
    let path = fs::canonicalize(other.unwrap_or_else(|| OsString::from(PROGRAM)));
    path.unwrap_or_else(|error| panic!("the program under test: {error}"))
}

/// A server's process.
pub struct Program {
    child: Child,
    pub address: SocketAddr,
    folder: TempDir,
}

impl Program {
    /// Starts a server with the settings of a test's own, some of them changed, and waits until it serves.
    pub async fn serve(app: &TestApp, changes: &[(&str, &str)]) -> Self {
        for _ in 0..MOST_STARTS {
            let mut program = Self::spawn(app, changes);
            if program.comes_up(app).await {
                return program;
            }
        }
        panic!("the program does not start");
    }

    fn spawn(app: &TestApp, changes: &[(&str, &str)]) -> Self {
        let (address, folder) = (free_address(), TempDir::new().expect("a temporary folder"));
        let log = File::create(folder.path().join("log")).expect("a log file");
        let mut command = Command::new("sh");
        command.args(["-c", START]).arg(path()).arg("serve").current_dir(folder.path());
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(app.variables()).env("BILLPAY_LOG__FILTER", "warn");
        command.env("BILLPAY_LISTEN", address.to_string()).env("BILLPAY_PUBLIC_URL", format!("http://{address}"));
        command.envs(changes.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self { child: command.spawn().expect("a shell"), address, folder }
    }

    /// Whether it serves, also if it calls itself not ready; false where it has ended instead.
    async fn comes_up(&mut self, app: &TestApp) -> bool {
        let give_up = Instant::now() + START_LIMIT;
        while app.http().get(self.url("/healthz")).send().await.is_err() {
            if self.child.try_wait().expect("a child of this process").is_some() {
                return false;
            }
            assert!(Instant::now() < give_up, "the program does not serve in time\n{}", self.log());
            tokio::time::sleep(GLANCE).await;
        }
        true
    }

    /// The URL of a path of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("a process of this test");
    }

    /// Waits for it to end by itself.
    pub async fn ended(&mut self, limit: Duration) -> Option<ExitStatus> {
        let give_up = Instant::now() + limit;
        loop {
            let ended = self.child.try_wait().expect("a child of this process");
            if ended.is_some() || Instant::now() >= give_up {
                return ended;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// From now on it can write nothing behind so many bytes of any file; or everything again.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).expect("a process of this test");
    }

    /// Waits until its metrics have a figure with these labels, and tells it.
    pub async fn figure(&self, app: &TestApp, name: &str, labels: &[&str], good: impl Fn(&str) -> bool) -> String {
        eventually(name, || async {
            let answer = app.http().get(self.url("/metrics")).send().await.expect("the metrics");
            let text = answer.text().await.expect("a text");
            let of_name = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
            let mut wanted = of_name.filter(|line| labels.iter().all(|label| line.contains(label)));
            let value = wanted.next()?.rsplit(' ').next()?.to_owned();
            good(&value).then_some(value)
        })
        .await
    }

    /// The memory that it holds now.
    pub fn rss_kib(&self) -> i128 {
        let status = fs::read_to_string(self.proc_file("status")).expect("a process that runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident size");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number of KiB")
    }

    /// What the system tells of its process.
    pub fn proc_file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.id()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
