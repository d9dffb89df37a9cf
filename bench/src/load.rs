//! The load generator: wrk, a small program in C that leaves the machine to what is measured.
//!
//! It sends as fast as answers come, over a fixed number of connections (a closed loop). oha was the other candidate:
//! it takes bodies from a file, but at random and again and again, and a creation needs a key that was never used.
//! Keys here are made by `load.lua`; what the answers said is proven afterwards, by what the database holds.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::failed::{Failed, Outcome, fail};

const SCRIPT: &str = include_str!("load.lua");
/// More threads than this would only take the machine from the servers.
const MOST_THREADS: usize = 2;
/// How much longer than it should the generator may take.
const GRACE: Duration = Duration::from_secs(60);

/// Requests to be sent.
#[derive(Clone)]
pub struct Load {
    /// The path.
    pub path: &'static str,
    /// Whose tokens take turns.
    pub tokens: Vec<String>,
    /// The body, with `@KEY@` where each request has a key of its own.
    pub body: String,
    /// Connections open at once.
    pub connections: usize,
}

/// What came of them.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Answered {
    /// Whole answers.
    pub requests: u64,
    /// In this time.
    pub micros: u64,
    /// Bytes of the answers.
    pub bytes: u64,
    /// Connections, reads, writes and time-outs that failed, and answers above 399.
    pub failed: u64,
    /// Half of the answers came within.
    pub p50_micros: u64,
    /// 99 of 100 came within.
    pub p99_micros: u64,
}

/// The generator with its script.
#[derive(Debug)]
pub struct Generator {
    script: PathBuf,
}

impl Generator {
    /// Puts the script where the generator can read it.
    pub fn prepare(folder: &Path) -> Outcome<Self> {
        let script = folder.join("load.lua");
        std::fs::write(&script, SCRIPT)?;
        Ok(Self { script })
    }

    /// Sends for so many seconds; `run` is part of the keys, so that no two runs share one.
    pub async fn send(&self, load: &Load, to: SocketAddr, seconds: u64, run: &str) -> Outcome<Answered> {
        // Each thread has as many connections as the others; what cannot be shared out evenly would be left out.
        let threads = if load.connections.is_multiple_of(MOST_THREADS) { MOST_THREADS } else { 1 };
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", &threads.to_string(), "--connections", &load.connections.to_string()]);
        wrk.args(["--duration", &format!("{seconds}s"), "--timeout", "30s", "--script"]).arg(&self.script);
        wrk.arg(format!("http://{to}{}", load.path));
        wrk.env("BENCH_RUN", run).env("BENCH_BODY", &load.body).env("BENCH_TOKENS", load.tokens.join(" "));
        wrk.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let child = wrk.spawn().map_err(|error| Failed::from(error).at("wrk"))?;
        let ended = timeout(Duration::from_secs(seconds) + GRACE, child.wait_with_output()).await;
        let output = ended.map_err(|_| Failed::new("the load generator does not end"))??;
        let text = String::from_utf8_lossy(&output.stdout);
        let result = text.lines().find_map(|line| line.strip_prefix("RESULT "));
        let result = result.ok_or_else(|| Failed::new(format!("the load generator tells no result: {text}")))?;
        let answered: Answered = serde_json::from_str(result)?;
        if answered.requests == 0 || answered.failed > 0 {
            return fail(format!("{} answers, {} failures", answered.requests, answered.failed));
        }
        Ok(answered)
    }
}
