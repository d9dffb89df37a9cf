//! The sandbox's process, which no fault of the bench ends, and its ledger on disk.
//!
//! It can be made to forget: then it begins anew, with another file, and knows no reference any more, as a provider
//! does whose memory of keys is over. The ledger is what all its files say together.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::process::Process;
use super::sandbox::Sandbox;

const LOG: &str = "sandbox.log";
const START_LIMIT: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(20);

/// The sandbox of one run.
pub(super) struct Simulator {
    process: Process,
    pub(super) sandbox: Sandbox,
    folder: PathBuf,
    /// Where BILL and ClickPesa tell their news.
    callbacks: SocketAddr,
    ledgers: Vec<PathBuf>,
}

impl Simulator {
    /// Starts it.
    pub(super) async fn start(sandbox: Sandbox, folder: PathBuf, callbacks: SocketAddr) -> Self {
        let ledger = folder.join("effects-1.jsonl");
        let process = serve(&sandbox, &folder, callbacks, &ledger).await;
        Self { process, sandbox, folder, callbacks, ledgers: vec![ledger] }
    }

    /// Has it know nothing any more of what was asked of it. What it did is still in its ledger.
    pub(super) async fn forget(&mut self) {
        self.process.kill();
        let ledger = self.folder.join(format!("effects-{}.jsonl", self.ledgers.len() + 1));
        self.process = serve(&self.sandbox, &self.folder, self.callbacks, &ledger).await;
        self.ledgers.push(ledger);
    }

    /// Its ledger: a line for each time that money moved.
    pub(super) fn effects(&self) -> String {
        self.ledgers.iter().map(|ledger| fs::read_to_string(ledger).expect("the sandbox's ledger")).collect()
    }
}

/// "Later" and "never answered" are short; the latter still exceeds the call's timeout.
async fn serve(sandbox: &Sandbox, folder: &Path, callbacks: SocketAddr, ledger: &Path) -> Process {
    let (listen, callbacks) = (sandbox.address.to_string(), format!("http://{callbacks}"));
    let ledger = ledger.to_str().expect("a path in UTF-8");
    let arguments = ["sandbox", "--listen", &listen, "--effects", ledger, "--callbacks", &callbacks];
    let arguments = [&arguments[..], &["--later-ms", "500", "--hang-ms", "1500"]].concat();
    let mut process = Process::start(&arguments, &[], folder, LOG);
    let give_up = Instant::now() + START_LIMIT;
    while TcpStream::connect(sandbox.address).await.is_err() {
        if let Some(status) = process.ended() {
            panic!("the sandbox ended: {status}");
        }
        assert!(Instant::now() < give_up, "the sandbox does not listen in time");
        tokio::time::sleep(GLANCE).await;
    }
    process
}
