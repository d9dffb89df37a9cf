//! The signals that ask the process to stop.

use tokio::signal::unix::{SignalKind, signal as unix_signal};

/// Waits for SIGTERM or SIGINT.
pub async fn signal() {
    let interrupted = tokio::signal::ctrl_c();
    match unix_signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        // Without the one signal the other still works.
        Err(_) => drop(interrupted.await),
    }
}
