//! What many ask of the database at once is done together: payments that are stored, marked and settled.
//!
//! Whoever wants something done stands in a [`Line`], and a drain has what waits done as one batch. A drain is a task of
//! its own, which nobody who goes away ends.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::line::{Joined, Line};

/// One kind of work: what is to be done, and what became of it.
pub struct Together<T, R> {
    line: Line<T, R>,
}

/// Why one was not done with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// So many wait that it was not taken in: nothing was done.
    Full,
    /// Whoever did it fell over: what was done is unknown.
    Unheard,
}

/// Of what waits nothing is shown, least of all whose accounts it is about.
impl<T, R> fmt::Debug for Together<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        Self { line: Line::default() }
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
        let (joined, answered) = self.line.join(one, most_batches).map_err(|_| NotDone::Full)?;
        match joined {
            Joined::BeginDrain => drop(tokio::spawn(Arc::clone(self).drain(act))),
            Joined::BeServed => {}
        }
        answered.await.map_err(|_| NotDone::Unheard)
    }

    async fn drain<F>(self: Arc<Self>, act: impl Fn(Vec<T>) -> F + Send)
    where
        F: Future<Output = Vec<R>> + Send,
    {
        // A task that was just begun is run before those that were woken with its beginner: they are to come along.
        tokio::task::yield_now().await;
        while let Some(mut batch) = self.line.next_batch() {
            let wanted = std::mem::take(&mut batch.wanted);
            // Of a batch that falls over nobody is told anything.
            match AssertUnwindSafe(act(wanted)).catch_unwind().await {
                Ok(done) => batch.tell(done),
                Err(_panic) => tracing::error!("what was done together fell over; what became of it is unknown"),
            }
        }
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
            // All stood in the line before its drain, a task of the same thread, came to it.
            assert_eq!(done, Ok((one * 2, 20)));
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
