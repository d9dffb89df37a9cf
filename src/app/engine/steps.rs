//! The steps that are under way in this process, and how many more there may be.
//!
//! Purpose: whatever is claimed has a place before it is claimed, so that no lease runs down while it waits for one; and
//! a planned stop waits for every step that was begun. Mechanism: a [`Place`] is one of so many, and is held from before
//! the claim to the end of the step. Guarantee: while something may be due for which there was no room, a place that
//! comes free nudges the worker, and nobody but the worker is given one: what has waited longest goes first.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Instrument;

use super::{Claimed, Found};
use crate::app::App;
use crate::store::heads::Heads;
use crate::telemetry::spans;

/// The steps of one process.
#[derive(Debug)]
pub struct Steps {
    most: usize,
    room: Arc<Semaphore>,
    under_way: TaskTracker,
    heads: Arc<Heads>,
    /// Whether this process carries payments, and is not about to stop.
    is_open: AtomicBool,
    /// Whether something may be due for which there was no room.
    is_short: AtomicBool,
}

/// Room for one step.
#[derive(Debug)]
pub struct Place {
    steps: Arc<Steps>,
    /// None when it was given back.
    permit: Option<OwnedSemaphorePermit>,
    _under_way: TaskTrackerToken,
}

impl Steps {
    /// Room for so many steps at once, which is not open yet.
    pub fn new(most: usize, heads: Arc<Heads>) -> Arc<Self> {
        let (is_open, is_short) = (AtomicBool::new(false), AtomicBool::new(false));
        let room = Arc::new(Semaphore::new(most));
        Arc::new(Self { most, room, under_way: TaskTracker::new(), heads, is_open, is_short })
    }

    /// Lets steps begin.
    pub fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    /// Lets nobody begin a step any more, and waits for those that were begun.
    pub async fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.under_way.close();
        self.under_way.wait().await;
    }

    /// Tells that something may be due for which there is no room, or that nothing is.
    pub fn set_short(&self, is_short: bool) {
        self.is_short.store(is_short, Ordering::SeqCst);
    }

    /// All places that are free, for what the worker claims.
    pub fn places(self: &Arc<Self>) -> Places {
        Places { steps: Arc::clone(self), places: std::iter::from_fn(|| self.place()).collect() }
    }

    /// A place for what is about to be stored, unless others wait for one. A quarter of the room is left to the worker:
    /// what is stored may have to wait for a lock, with its place.
    pub fn place_at_birth(self: &Arc<Self>) -> Option<Place> {
        let is_scarce = self.room.available_permits() <= self.most / 4;
        if is_scarce || self.is_short.load(Ordering::SeqCst) { None } else { self.place() }
    }

    /// Counted before it is asked whether there may be one: whoever closes then waits for it.
    fn place(self: &Arc<Self>) -> Option<Place> {
        let under_way = self.under_way.token();
        fence(Ordering::SeqCst);
        if !self.is_open.load(Ordering::SeqCst) {
            return None;
        }
        let permit = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(Place { steps: Arc::clone(self), permit: Some(permit), _under_way: under_way })
    }
}

/// What waits for room is looked for when there is some.
impl Drop for Place {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        // Before it is asked whether somebody is short, as whoever is short says so before looking for room.
        drop(permit);
        if self.steps.is_short.load(Ordering::SeqCst) {
            self.steps.heads.nudge_work();
        }
    }
}

/// The places that the worker took to look what is due. What it does not need is given back without a nudge: it knows.
#[derive(Debug)]
pub struct Places {
    steps: Arc<Steps>,
    places: Vec<Place>,
}

impl Places {
    /// How many there are.
    pub fn len(&self) -> u64 {
        self.places.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Adds what came free meanwhile.
    pub fn top_up(&mut self) {
        self.places.extend(std::iter::from_fn(|| self.steps.place()));
    }

    /// One of them.
    pub fn take(&mut self) -> Option<Place> {
        self.places.pop()
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.places.iter_mut().for_each(|place| place.permit = None);
    }
}

impl App {
    /// Begins a step, in a task of its own, in which `finding` tells what stands around it. The step looks for itself for
    /// what is not found so.
    pub fn begin_step(
        &self,
        place: Place,
        claimed: Claimed,
        finding: impl Future<Output = Option<Found>> + Send + 'static,
    ) {
        let app = self.clone();
        drop(tokio::spawn(async move {
            let found = finding.await;
            app.advance_guarded(&claimed, found).await;
            drop(place);
        }));
    }

    /// A step that fails leaves its lease to run out; the row comes due again by itself. One that panics counts as a fault,
    /// and comes due when its lease would have ended, and ever later once it has panicked often.
    async fn advance_guarded(&self, claimed: &Claimed, found: Option<Found>) {
        let submission = &claimed.submission;
        let span = spans::step(&submission.id, submission.provider.as_str());
        match AssertUnwindSafe(self.advance(claimed, found)).catch_unwind().instrument(span.clone()).await {
            Ok(Ok(())) => spans::ended(&span, "stored"),
            Ok(Err(error)) => {
                spans::failed(&span, "not_stored");
                let source = std::error::Error::source(&error).map(tracing::field::display);
                tracing::error!(submission.id = %submission.id, %error, source, "a step could not be stored");
            }
            Err(_panic) => {
                spans::failed(&span, "panicked");
                tracing::error!(submission.id = %submission.id, "a step panicked");
                // It may panic again over the same row: then its lease runs out.
                let _ = AssertUnwindSafe(self.hand_back_after_panic(submission)).catch_unwind().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn steps(most: usize) -> Arc<Steps> {
        let steps = Steps::new(most, Arc::default());
        steps.open();
        steps
    }

    /// Whether the worker was nudged.
    async fn is_nudged(steps: &Steps) -> bool {
        tokio::time::timeout(Duration::from_millis(1), steps.heads.work()).await.is_ok()
    }

    #[tokio::test]
    async fn there_are_no_more_places_than_there_is_room() {
        let steps = steps(3);
        let mut places = steps.places();
        let taken: Vec<Place> = std::iter::from_fn(|| places.take()).collect();
        assert_eq!(taken.len(), 3);
        assert!(places.is_empty() && steps.place_at_birth().is_none());
        drop(taken);
        places.top_up();
        assert_eq!(places.len(), 3, "what came free meanwhile");
        drop(places);
        assert!(steps.place_at_birth().is_some());
    }

    #[tokio::test]
    async fn births_leave_a_quarter_of_the_room_to_the_worker() {
        let steps = steps(8);
        let births: Vec<Place> = std::iter::from_fn(|| steps.place_at_birth()).collect();
        assert_eq!((births.len(), steps.places().len()), (6, 2));
    }

    #[tokio::test]
    async fn what_has_waited_goes_first_and_is_looked_for_when_there_is_room() {
        let steps = steps(2);
        let held = steps.place_at_birth().unwrap();
        steps.set_short(true);
        assert!(steps.place_at_birth().is_none(), "there is room, but others wait for it");
        drop(held);
        assert!(is_nudged(&steps).await);
        assert_eq!(steps.places().len(), 2);
        assert!(!is_nudged(&steps).await, "the worker would nudge itself for ever");
        steps.set_short(false);
        drop(steps.place_at_birth().unwrap());
        assert!(!is_nudged(&steps).await);
    }

    #[tokio::test]
    async fn whoever_closes_waits_for_those_who_have_a_place_and_gives_none() {
        let steps = steps(2);
        let place = steps.place_at_birth().unwrap();
        let closing = tokio::spawn({
            let steps = Arc::clone(&steps);
            async move { steps.close().await }
        });
        tokio::task::yield_now().await;
        assert!(!closing.is_finished());
        assert!(steps.place_at_birth().is_none() && steps.places().is_empty());
        drop(place);
        closing.await.unwrap();
    }

    #[test]
    fn a_process_that_carries_no_payments_has_no_places() {
        assert!(Steps::new(4, Arc::default()).place_at_birth().is_none());
    }
}
