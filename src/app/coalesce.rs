//! New payments that arrive together are stored together.
//!
//! Purpose: a commit costs the database the same for one payment as for many. Mechanism: whoever has a payment to store
//! stands in a line; a drain takes what waits, stores it as one batch, tells each what became of its own, and takes what
//! has come meanwhile, until nobody waits. There is no timer: who finds no drain at work starts one, and so a payment
//! that is alone waits for nobody, and batches grow with the load by themselves. Guarantee: each is told after its own
//! commit, and what it would have been told alone; a drain is a task of its own, which nobody who goes away ends.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::overload::refused;
use super::{App, AppError};
use crate::domain::overload::Overload;
use crate::store::{Created, NewSubmission, StoreError};
use crate::telemetry::metric;

/// The most payments of one transaction: beyond it a batch gains little and keeps its first waiting.
const MOST_TOGETHER: usize = 64;
/// The most that wait: as many as may stand before the database, in case that those who asked have gone.
const MOST_WAITING: usize = 1_024;

/// The payments that wait to be stored.
#[derive(Default)]
pub struct Creations {
    line: Mutex<Line<Waiting>>,
}

/// Of payments nothing is shown, least of all whose accounts they pay.
impl fmt::Debug for Creations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Creations").finish_non_exhaustive()
    }
}

/// A payment, and whom to tell.
struct Waiting {
    new: NewSubmission,
    answer: oneshot::Sender<Result<Created, StoreError>>,
}

/// Who waits, and how many drains are at work.
pub(super) struct Line<T> {
    waiting: VecDeque<T>,
    drains: usize,
}

/// What is to be done for one who has joined the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// To begin a drain.
    BeginDrain,
    /// Nothing: those that are at work will come to it.
    BeServed,
}

impl App {
    /// Stores a new payment with those that arrive beside it, unless there is too much to do. Whoever asks tells what
    /// the database could not give.
    pub(super) async fn store_payment(&self, new: NewSubmission) -> Result<Created, AppError> {
        let _place = self.load.enter([new.submission.provider]).map_err(refused)?;
        let (answer, answered) = oneshot::channel();
        let joined = self.creations.lock().join(Waiting { new, answer }, self.store.batches_at_once());
        match joined.map_err(refused)? {
            // A task of its own: whoever asked may go away, and others stand in the line by then.
            Joined::BeginDrain => drop(tokio::spawn(self.clone().drain())),
            Joined::BeServed => {}
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::unheard())).map_err(AppError::from)
    }

    async fn drain(self) {
        loop {
            let batch = self.creations.lock().next_batch();
            if batch.is_empty() {
                return;
            }
            // Of a batch that falls over nobody is told anything, and so each learns that the outcome is unknown.
            if AssertUnwindSafe(self.store_batch(batch)).catch_unwind().await.is_err() {
                tracing::error!("storing new payments fell over; what became of them is unknown");
            }
        }
    }

    async fn store_batch(&self, batch: Vec<Waiting>) {
        let (batch, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.new, one.answer)).unzip();
        let size = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        metrics::histogram!(metric::CREATION_BATCH).record(f64::from(size));
        let outcomes = self.store.create(&batch).await;
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever went away asks again with the same key.
            let _gone = answer.send(outcome);
        }
    }
}

impl Creations {
    fn lock(&self) -> MutexGuard<'_, Line<Waiting>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), drains: 0 }
    }
}

impl<T> Line<T> {
    /// Takes one more in, where there is room.
    pub(super) fn join(&mut self, one: T, most_drains: usize) -> Result<Joined, Overload> {
        if self.waiting.len() >= MOST_WAITING {
            return Err(Overload::Busy);
        }
        self.waiting.push_back(one);
        if self.drains >= most_drains {
            return Ok(Joined::BeServed);
        }
        self.drains += 1;
        Ok(Joined::BeginDrain)
    }

    /// What a drain is to store next. Nothing: nobody waits, and that drain counts no longer.
    pub(super) fn next_batch(&mut self) -> Vec<T> {
        let batch: Vec<T> = self.waiting.drain(..self.waiting.len().min(MOST_TOGETHER)).collect();
        if batch.is_empty() {
            self.drains = self.drains.saturating_sub(1);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alone_waits_for_nobody() {
        let mut line = Line::default();
        assert_eq!(line.join('a', 1), Ok(Joined::BeginDrain));
        assert_eq!(line.next_batch(), ['a']);
        assert!(line.next_batch().is_empty());
        assert_eq!(line.join('b', 1), Ok(Joined::BeginDrain), "the drain before has ended");
    }

    #[test]
    fn who_comes_meanwhile_is_stored_together_and_in_order() {
        let mut line = Line::default();
        assert_eq!(line.join(0, 2), Ok(Joined::BeginDrain));
        assert_eq!(line.next_batch(), [0]);
        assert_eq!(line.join(1, 2), Ok(Joined::BeginDrain));
        for late in 2..100 {
            assert_eq!(line.join(late, 2), Ok(Joined::BeServed));
        }
        let (first, second) = (line.next_batch(), line.next_batch());
        assert_eq!(first.len(), MOST_TOGETHER);
        assert_eq!([first, second].concat(), (1..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_line_refuses_and_goes_on() {
        let mut line = Line::default();
        for one in 0..MOST_WAITING {
            assert!(line.join(one, 1).is_ok());
        }
        assert_eq!(line.join(0, 1), Err(Overload::Busy));
        line.next_batch();
        assert_eq!(line.join(0, 1), Ok(Joined::BeServed));
    }
}
