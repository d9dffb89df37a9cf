//! The wait for a reader: how long a client may take nothing of what is written to it.
//!
//! It runs from the first write that does not go through, and anew after each that does. So whoever reads slowly is not
//! hurried, and whoever reads nothing cannot hold a connection, and what is kept to be written to it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// The wait of one connection. It costs nothing until something is not taken at once.
#[derive(Debug)]
pub(super) struct Stall {
    patience: Duration,
    /// Kept from one wait to the next: a large answer waits often, each time a moment.
    until: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl Stall {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, until: None, is_waiting: false }
    }

    /// Something was taken.
    pub(super) fn end(&mut self) {
        self.is_waiting = false;
    }

    /// Nothing was taken: ready when that has lasted as long as it may.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let until = self.until.get_or_insert_with(|| Box::pin(sleep(patience)));
        if !self.is_waiting {
            self.is_waiting = true;
            until.as_mut().reset(Instant::now() + patience);
        }
        until.as_mut().poll(cx)
    }
}
