//! A process of billpay's: the real program, with its own settings and nothing of this process's environment.
//!
//! It is ended by its own id alone, without a warning, as `kill -9` does. It can be frozen too, and told to stop as
//! whoever runs it would. It is always reaped: dropping it kills it and waits for its end, also where a test fails.
//!
//! BILLPAY_BIN names another build of the program, such as a release, for the long runs ([`program::path`]).

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::support::program;

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
        Self::spawn(&mut command)
    }

    /// Starts any program.
    pub(super) fn spawn(command: &mut Command) -> Self {
        Self { child: command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}")) }
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

    /// The same for whoever cannot await.
    pub(super) fn wait_here(&mut self, limit: Duration) {
        let give_up = Instant::now() + limit;
        while self.ended().is_none() && Instant::now() < give_up {
            std::thread::sleep(GLANCE);
        }
    }

    /// Stops it in its tracks, as a machine does that is suspended.
    pub(super) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on as if nothing had been.
    pub(super) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Whether it is stopped in its tracks, by whomever.
    pub(super) fn is_frozen(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // Behind the name, which is in parentheses.
        stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
    }

    /// Asks it to stop, as whoever runs it does.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Has it leave everything as it is, as `pg_ctl -m immediate` does.
    pub(super) fn quit(&self) {
        self.signal(Signal::QUIT);
    }

    fn signal(&self, signal: Signal) {
        // It may have ended already; then there is nobody to be told. It is not reaped yet, so its id is its own.
        let _ = kill_process(Pid::from_child(&self.child), signal);
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
    let mut command = Command::new(program::path());
    command.env_clear().envs(settings.iter().cloned());
    command
}
