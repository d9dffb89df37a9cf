//! A line before the database: those who come while others are served are served next, together.
//!
//! Purpose: a statement costs the database nearly the same for one as for many. Mechanism: whoever wants something stands
//! in the line with it, and is told where to hear the answer; a drain takes what waits as one batch, tells each of it its
//! own answer, and takes what has come meanwhile, until nobody waits. There is no timer: who finds no drain at work begins
//! one, and so nobody who is alone waits, and batches grow with the load by themselves. Guarantee: those who wait and a
//! batch are bounded, and served in the order in which they came; who went away takes no answer from another.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::domain::overload::Overload;

/// The most of one batch: beyond it a batch gains little and keeps its first waiting.
const MOST_TOGETHER: usize = 64;
/// The most that wait: as many as may stand before the database, in case that those who asked have gone.
const MOST_WAITING: usize = 1_024;

/// Those who wait, each with what it wants, a `W`, and to be told an `A`.
pub(super) struct Line<W, A> {
    queue: Mutex<Queue<W, A>>,
}

/// Who waits, and how many drains are at work.
struct Queue<W, A> {
    waiting: VecDeque<Waiting<W, A>>,
    drains: usize,
}

struct Waiting<W, A> {
    wanted: W,
    answer: oneshot::Sender<A>,
}

/// What is to be done for one who has joined the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// To begin a drain: as a task of its own, since whoever asked may go away, and others stand in the line by then.
    BeginDrain,
    /// Nothing: those that are at work will come to it.
    BeServed,
}

/// Those who are served together. Where it is dropped before they were told, they hear that nobody will tell them.
pub(super) struct Batch<W, A> {
    /// What each wants, in the order in which they came.
    pub(super) wanted: Vec<W>,
    answers: Vec<oneshot::Sender<A>>,
}

impl<W, A> Default for Line<W, A> {
    fn default() -> Self {
        Self { queue: Mutex::new(Queue { waiting: VecDeque::new(), drains: 0 }) }
    }
}

impl<W, A> Line<W, A> {
    /// Takes one more in, where there is room: what is to be done for it, and where it hears the answer. So many drains
    /// may be at work at once.
    pub(super) fn join(&self, wanted: W, most_drains: usize) -> Result<(Joined, oneshot::Receiver<A>), Overload> {
        let mut queue = self.lock();
        if queue.waiting.len() >= MOST_WAITING {
            return Err(Overload::Busy);
        }
        let (answer, answered) = oneshot::channel();
        queue.waiting.push_back(Waiting { wanted, answer });
        if queue.drains >= most_drains {
            return Ok((Joined::BeServed, answered));
        }
        queue.drains += 1;
        Ok((Joined::BeginDrain, answered))
    }

    /// Whom a drain is to serve next. None: nobody waits, and that drain counts no longer.
    pub(super) fn next_batch(&self) -> Option<Batch<W, A>> {
        let mut queue = self.lock();
        if queue.waiting.is_empty() {
            queue.drains = queue.drains.saturating_sub(1);
            return None;
        }
        let size = queue.waiting.len().min(MOST_TOGETHER);
        let (wanted, answers) = queue.waiting.drain(..size).map(|one| (one.wanted, one.answer)).unzip();
        Some(Batch { wanted, answers })
    }

    fn lock(&self) -> MutexGuard<'_, Queue<W, A>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W, A> Batch<W, A> {
    /// Tells each its answer, which stands in the place of what it wanted.
    pub(super) fn tell(self, answers: impl IntoIterator<Item = A>) {
        for (asker, answer) in self.answers.into_iter().zip(answers) {
            // Whoever went away needs none.
            let _gone = asker.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(line: &Line<u32, u32>, wanted: u32, most_drains: usize) -> Result<Joined, Overload> {
        line.join(wanted, most_drains).map(|(joined, _answered)| joined)
    }

    fn next(line: &Line<u32, u32>) -> Vec<u32> {
        line.next_batch().map(|batch| batch.wanted).unwrap_or_default()
    }

    #[test]
    fn who_is_alone_waits_for_nobody() {
        let line = Line::default();
        assert_eq!(joined(&line, 1, 1), Ok(Joined::BeginDrain));
        assert_eq!(next(&line), [1]);
        assert!(next(&line).is_empty());
        assert_eq!(joined(&line, 2, 1), Ok(Joined::BeginDrain), "the drain before has ended");
    }

    #[test]
    fn who_comes_meanwhile_is_served_together_and_in_order() {
        let line = Line::default();
        assert_eq!(joined(&line, 0, 2), Ok(Joined::BeginDrain));
        assert_eq!(next(&line), [0]);
        assert_eq!(joined(&line, 1, 2), Ok(Joined::BeginDrain));
        for late in 2..100 {
            assert_eq!(joined(&line, late, 2), Ok(Joined::BeServed));
        }
        let (first, second) = (next(&line), next(&line));
        assert_eq!(first.len(), MOST_TOGETHER);
        assert_eq!([first, second].concat(), (1..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_line_refuses_and_goes_on() {
        let line = Line::default();
        for one in 0..1_024 {
            assert!(joined(&line, one, 1).is_ok());
        }
        assert_eq!(joined(&line, 0, 1), Err(Overload::Busy));
        assert_eq!(next(&line).len(), MOST_TOGETHER);
        assert_eq!(joined(&line, 0, 1), Ok(Joined::BeServed));
    }

    #[tokio::test]
    async fn each_is_told_its_own_although_another_went_away() {
        let line: Line<u32, u32> = Line::default();
        let (_, first) = line.join(1, 1).expect("room");
        let (_, second) = line.join(2, 1).expect("room");
        let (_, third) = line.join(3, 1).expect("room");
        drop(second);
        let batch = line.next_batch().expect("three who wait");
        let answers: Vec<u32> = batch.wanted.iter().map(|wanted| wanted * 10).collect();
        batch.tell(answers);
        assert_eq!((first.await, third.await), (Ok(10), Ok(30)));
    }

    #[tokio::test]
    async fn who_is_told_nothing_hears_that() {
        let line: Line<u32, u32> = Line::default();
        let (_, first) = line.join(1, 1).expect("room");
        let (_, second) = line.join(2, 1).expect("room");
        drop(line.next_batch());
        assert!(first.await.is_err() && second.await.is_err(), "its drain fell over");
        let (joined, third) = line.join(3, 1).expect("room");
        assert_eq!(joined, Joined::BeServed, "and goes on");
        line.next_batch().expect("one who waits").tell([7]);
        assert_eq!(third.await, Ok(7));
    }
}
