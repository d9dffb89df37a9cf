//! The signals that ask the process to stop.
//!
//! They are caught from the moment that [`StopSignals`] is made: one that comes while the server starts would otherwise
//! end the process at once, maybe with a call in the air.

use tokio::signal::unix::{Signal, SignalKind, signal as unix_signal};

/// SIGTERM and SIGINT, caught.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
}

impl StopSignals {
    /// Catches them from now on. Without the one the other still works.
    pub fn catch() -> Self {
        let caught = |kind| unix_signal(kind).ok();
        Self { terminate: caught(SignalKind::terminate()), interrupt: caught(SignalKind::interrupt()) }
    }

    /// Waits for one of them; where one came already, no longer.
    pub async fn received(&mut self) {
        tokio::select! {
            () = next(self.terminate.as_mut()) => {}
            () = next(self.interrupt.as_mut()) => {}
        }
    }
}

async fn next(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Waits for SIGTERM or SIGINT.
pub async fn signal() {
    StopSignals::catch().received().await;
}
