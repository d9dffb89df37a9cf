//! Steps of many payments that are stored together.
//!
//! As new payments are ([`super::coalesce`]), and for the same reason: a commit costs the database the same for one as
//! for many. Whoever has a step to store stands in a line; a drain takes what waits, has it done as one batch, and takes
//! what has come meanwhile. Who is alone waits for nobody.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::coalesce::{Joined, Line};

/// One kind of step: what is to be done, and what became of it.
pub struct Together<T, R> {
    line: Mutex<Line<Waiting<T, R>>>,
}

/// What is to be done, and whom to tell.
struct Waiting<T, R> {
    one: T,
    answer: oneshot::Sender<R>,
}

/// Why one was not done with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// So many wait that it was not taken in: nothing was done.
    Full,
    /// Whoever did it fell over: what was done is unknown.
    Unheard,
}

/// Of what waits nothing is shown.
impl<T, R> fmt::Debug for Together<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        Self { line: Mutex::default() }
    }
}

impl<T: Send + 'static, R: Send + 'static> Together<T, R> {
    /// Has one done by `act` with those that come meanwhile, in at most so many batches at once. `act` answers for each
    /// in its place, and is the same whoever gives it.
    pub async fn with_others<F>(
        self: &Arc<Self>,
        one: T,
        most_batches: usize,
        act: impl Fn(Vec<T>) -> F + Send + 'static,
    ) -> Result<R, NotDone>
    where
        F: Future<Output = Vec<R>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let joined = self.lock().join(Waiting { one, answer }, most_batches).map_err(|_| NotDone::Full)?;
        match joined {
            // A task of its own: whoever asked may go away, and others stand in the line by then.
            Joined::BeginDrain => drop(tokio::spawn(Arc::clone(self).drain(act))),
            Joined::BeServed => {}
        }
        answered.await.map_err(|_| NotDone::Unheard)
    }

    async fn drain<F>(self: Arc<Self>, act: impl Fn(Vec<T>) -> F + Send)
    where
        F: Future<Output = Vec<R>> + Send,
    {
        loop {
            let batch = self.lock().next_batch();
            if batch.is_empty() {
                return;
            }
            let (batch, answers): (Vec<T>, Vec<_>) = batch.into_iter().map(|one| (one.one, one.answer)).unzip();
            // Of a batch that falls over nobody is told anything.
            let Ok(done) = AssertUnwindSafe(act(batch)).catch_unwind().await else { continue };
            for (answer, done) in answers.into_iter().zip(done) {
                // Whoever went away learns it from the rows.
                let _gone = answer.send(done);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line<Waiting<T, R>>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn each_is_told_of_its_own_and_those_that_come_meanwhile_go_together() {
        let together = Arc::new(Together::<u32, (u32, usize)>::default());
        let each = (0..20).map(|one| {
            let together = Arc::clone(&together);
            async move {
                let act = |batch: Vec<u32>| async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    batch.iter().map(|one| (one * 2, batch.len())).collect()
                };
                together.with_others(one, 1, act).await
            }
        });
        let done = futures_util::future::join_all(each).await;
        for (one, done) in (0..20).zip(done) {
            let expected = if one == 0 { 1 } else { 19 };
            assert_eq!(done, Ok((one * 2, expected)));
        }
    }

    #[tokio::test]
    async fn of_a_batch_that_falls_over_nothing_is_known_and_the_next_is_done() {
        let together = Arc::new(Together::<bool, ()>::default());
        let act = |batch: Vec<bool>| async move {
            assert!(batch.iter().all(|well| *well), "as wanted");
            batch.iter().map(|_| ()).collect()
        };
        assert_eq!(together.with_others(false, 1, act).await, Err(NotDone::Unheard));
        assert_eq!(together.with_others(true, 1, act).await, Ok(()));
    }
}
