//! Child processes: started, and ended by their own ids whatever happens.
//!
//! Dropping one asks it to end, waits, and kills it if it does not: on a normal end, a fault, a panic and Ctrl-C alike.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failed::{Failed, Outcome};

/// How long a process may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(20);

/// A process of ours.
#[derive(Debug)]
pub struct Process {
    child: Child,
    farewell: Signal,
}

impl Process {
    /// Starts a command; `farewell` is the signal that asks it to end.
    pub fn start(command: &mut Command, farewell: Signal) -> Outcome<Self> {
        let child = command.spawn();
        let child = child.map_err(|error| Failed::from(error).at(&command.get_program().to_string_lossy()))?;
        Ok(Self { child, farewell })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it prints, where that is piped; once.
    pub fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> Outcome<bool> {
        Ok(self.child.try_wait()?.is_none())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // A process that is gone already needs no farewell.
        let _ = kill_process(Pid::from_child(&self.child), self.farewell);
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(GLANCE);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of loopback on which nobody listens now.
pub fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}
