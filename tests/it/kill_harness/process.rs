//! A process of billpay's: the real program, with its own settings and nothing of this process's environment.
//!
//! It is ended by its own id alone, without a warning, as `kill -9` does. It is always reaped: dropping it kills it and
//! waits for its end, also where a test fails.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::Instant;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_billpay");
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// A process that runs, or has ended and is not yet dropped.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts the program in `folder`; what it says is appended to the file `log` there.
    pub(super) fn start<S: AsRef<OsStr>>(
        arguments: &[S],
        settings: &[(String, String)],
        folder: &Path,
        log: &str,
    ) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(folder.join(log)).expect("a log file");
        let mut command = command(settings);
        command.args(arguments).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self { child: command.spawn().expect("billpay can be started") }
    }

    /// How it ended, where it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of this process")
    }

    /// Waits for it to end by itself.
    pub(super) async fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let give_up = Instant::now() + limit;
        loop {
            let ended = self.ended();
            if ended.is_some() || Instant::now() >= give_up {
                return ended;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Ends it at once, wherever it is, and reaps it.
    pub(super) fn kill(&mut self) {
        // It may have ended already; then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs the program to its end and tells what it printed.
pub(super) fn output(arguments: &[&str], settings: &[(String, String)]) -> String {
    let output = command(settings).args(arguments).stdin(Stdio::null()).output().expect("billpay can be started");
    assert!(output.status.success(), "billpay {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn command(settings: &[(String, String)]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().envs(settings.iter().cloned());
    command
}
