//! The gate: lets a batch of loads begin when the executor has nothing more to ask for.
//!
//! The library's loader waits a fixed time for more keys, which costs that time at each level and still splits a batch
//! when the executor is slower. The executor polls all objects of a level in one go: once that poll has ended, whatever
//! will be loaded is known. So each request's loads run beside its execution in one task, and begin between two polls
//! of it, when no earlier load is under way. What the loads of one level bring is therefore seen by the executor at
//! once, never in part, and the number of statements depends on the document alone, not on the machine's haste.
//!
//! An executor of many objects stops in the middle of them now and then, to let others have a turn, and wakes itself:
//! then it has more to ask for, and nothing begins yet.
//!
//! Only the beginning of a load waits. Neither the execution nor a load that has begun is ever held up: they may hold a
//! connection of the database that the other one needs.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_graphql::runtime::Timer;
use futures_util::future::{BoxFuture, FutureExt, poll_fn, ready};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use futures_util::task::{AtomicWaker, FutureObj, Spawn, SpawnError};

/// The loads of one request that have been asked for and have not begun.
#[derive(Debug, Default)]
pub struct Gate {
    asked: Mutex<Vec<FutureObj<'static, ()>>>,
}

impl Gate {
    fn ask(&self, load: FutureObj<'static, ()>) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(load);
    }

    fn open(&self) -> Vec<FutureObj<'static, ()>> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Wakes a request's task, and remembers that it did.
#[derive(Debug, Default)]
struct Bell {
    task: AtomicWaker,
    has_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// The loads of one request that are under way.
struct Loads {
    gate: Arc<Gate>,
    begun: FuturesUnordered<FutureObj<'static, ()>>,
    bell: Arc<Bell>,
}

impl Loads {
    fn at(gate: Arc<Gate>) -> Self {
        Self { gate, begun: FuturesUnordered::new(), bell: Arc::default() }
    }

    /// Polls what runs, and then the execution, until both can do no more by themselves.
    fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut execution: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.bell.task.register(cx.waker());
        let waker = Waker::from(Arc::clone(&self.bell));
        let cx = &mut Context::from_waker(&waker);
        loop {
            // What rings from here on is told to the task as well: whoever stops for it is polled again.
            self.bell.has_rung.store(false, Ordering::Release);
            self.go_on(cx);
            if !self.begun.is_empty() && self.has_rung() {
                return Poll::Pending;
            }
            let polled = execution(cx);
            if polled.is_ready() || !self.begun.is_empty() || self.has_rung() {
                return polled;
            }
            self.begun.extend(self.gate.open());
            if !self.go_on(cx) {
                return Poll::Pending;
            }
        }
    }

    fn has_rung(&self) -> bool {
        self.bell.has_rung.load(Ordering::Acquire)
    }

    /// Whether a load has ended by it.
    fn go_on(&mut self, cx: &mut Context<'_>) -> bool {
        let mut ended = false;
        while let Poll::Ready(Some(())) = self.begun.poll_next_unpin(cx) {
            ended = true;
        }
        ended
    }
}

/// Runs an execution, and the loads that it asks for at the gate.
pub async fn through<T>(gate: Arc<Gate>, execution: impl Future<Output = T>) -> T {
    let (mut loads, mut execution) = (Loads::at(gate), pin!(execution));
    poll_fn(|cx| loads.poll_with(cx, |cx| execution.as_mut().poll(cx))).await
}

/// Runs a stream of executions, and the loads that they ask for at the gate.
pub fn stream_through<T>(
    gate: Arc<Gate>,
    stream: impl Stream<Item = T> + Send + 'static,
) -> impl Stream<Item = T> + Send {
    let (mut loads, mut stream) = (Loads::at(gate), stream.boxed());
    futures_util::stream::poll_fn(move |cx| loads.poll_with(cx, |cx| stream.poll_next_unpin(cx)))
}

/// What a loader hands its loads to: they begin at the gate, without a time of waiting of their own.
#[derive(Debug)]
pub struct AtGate(pub Arc<Gate>);

impl Spawn for AtGate {
    fn spawn_obj(&self, load: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.0.ask(load);
        Ok(())
    }
}

impl Timer for AtGate {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::convert::Infallible;

    use async_graphql::dataloader::{DataLoader, Loader};
    use futures_util::future::join_all;

    use super::*;

    /// Loads the successor of a number, after as many turns of the runtime; keeps the batches that it was asked for.
    #[derive(Clone, Default)]
    struct Successors(Arc<Mutex<Vec<Vec<u8>>>>);

    macro_rules! successors {
        ($key:ident) => {
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            struct $key(u8);

            impl Loader<$key> for Successors {
                type Value = u8;
                type Error = Infallible;

                async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, u8>, Infallible> {
                    let mut batch: Vec<_> = keys.iter().map(|key| key.0).collect();
                    batch.sort_unstable();
                    for _ in 0..batch[0] {
                        tokio::task::yield_now().await;
                    }
                    self.0.lock().expect("nobody panicked").push(batch);
                    Ok(keys.iter().map(|key| (*key, key.0 + 1)).collect())
                }
            }
        };
    }
    successors!(Slow);
    successors!(Quick);

    async fn asked(work: impl AsyncFn(&DataLoader<Successors>)) -> Vec<Vec<u8>> {
        let (gate, successors) = (Arc::new(Gate::default()), Successors::default());
        let loader = DataLoader::new(successors.clone(), AtGate(gate.clone()), AtGate(gate.clone()));
        through(gate, work(&loader)).await;
        drop(loader);
        successors.0.lock().expect("nobody panicked").clone()
    }

    /// Wakes itself and stops, as an executor does that has polled many.
    async fn others_first() {
        let mut has_stopped = false;
        poll_fn(|cx| {
            if has_stopped {
                return Poll::Ready(());
            }
            has_stopped = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn a_level_is_one_batch_and_so_is_the_next() {
        let batches = asked(async |loader| {
            join_all([1, 2, 3].map(async |key| {
                let next = loader.load_one(Quick(key)).await.expect("never fails").expect("found");
                loader.load_one(Quick(next + 10)).await.expect("never fails");
            }))
            .await;
        })
        .await;
        assert_eq!(batches, [vec![1, 2, 3], vec![12, 13, 14]]);
    }

    #[tokio::test]
    async fn a_level_of_many_is_one_batch_although_its_executor_stops_in_between() {
        let batches = asked(async |loader| {
            join_all((0..200).map(async |key| {
                let next = loader.load_one(Quick(key % 100)).await.expect("never fails").expect("found");
                if key % 3 == 0 {
                    others_first().await;
                }
                loader.load_one(Quick(next + 100)).await.expect("never fails");
            }))
            .await;
        })
        .await;
        assert_eq!(batches, [(0..100).collect::<Vec<_>>(), (101..=200).collect()]);
    }

    #[tokio::test]
    async fn what_a_slow_load_and_a_quick_one_lead_to_is_one_batch() {
        let batches = asked(async |loader| {
            let quick = async {
                let next = loader.load_one(Quick(1)).await.expect("never fails").expect("found");
                loader.load_one(Quick(next + 20)).await.expect("never fails");
            };
            let slow = async {
                let next = loader.load_one(Slow(9)).await.expect("never fails").expect("found");
                loader.load_one(Quick(next + 20)).await.expect("never fails");
            };
            futures_util::join!(quick, slow);
        })
        .await;
        assert_eq!(batches.len(), 3, "{batches:?}");
        assert_eq!(batches[2], [22, 30]);
    }

    #[tokio::test]
    async fn an_execution_goes_on_while_a_load_waits_for_what_it_holds() {
        let (gate, held) = (Arc::new(Gate::default()), Arc::new(tokio::sync::Mutex::new(())));
        let (at_gate, wanted) = (AtGate(gate.clone()), held.clone());
        let execution = async {
            let holding = held.lock().await;
            at_gate.spawn_obj(FutureObj::new(Box::new(async move { drop(wanted.lock().await) }))).expect("it asks");
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            drop(holding);
        };
        tokio::time::timeout(Duration::from_secs(5), through(gate, execution)).await.expect("neither waits for ever");
    }
}
