//! The gate: lets a batch of loads begin when the executor has nothing more to ask for.
//!
//! The library's loader waits a fixed time for more keys, which costs that time at each level and still splits a batch
//! when the executor is slower. The executor polls all objects of a page in one go: once that poll has ended, whatever
//! will be loaded is known. So each request's execution is polled through a gate, and its loaders wait at it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::runtime::Timer;
use futures_util::future::{BoxFuture, FutureExt, poll_fn};
use futures_util::stream::{Stream, StreamExt};
use tokio::sync::Notify;

/// Whether an execution is being polled at this moment.
#[derive(Debug, Default)]
pub struct Gate {
    polling: AtomicBool,
    ended: Notify,
}

impl Gate {
    fn poll<T>(&self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.polling.store(true, Ordering::Release);
        let polled = poll();
        self.polling.store(false, Ordering::Release);
        self.ended.notify_waiters();
        polled
    }

    async fn passed(&self) {
        loop {
            let mut ended = pin!(self.ended.notified());
            // Listens before it looks, so that an end in between is heard.
            ended.as_mut().enable();
            if !self.polling.load(Ordering::Acquire) {
                return;
            }
            ended.await;
        }
    }
}

/// Runs an execution through a gate.
pub async fn through<T>(gate: Arc<Gate>, execution: impl Future<Output = T>) -> T {
    let mut execution = pin!(execution);
    poll_fn(|cx: &mut Context<'_>| gate.poll(|| execution.as_mut().poll(cx))).await
}

/// Runs a stream of executions through a gate.
pub fn stream_through<T>(
    gate: Arc<Gate>,
    stream: impl Stream<Item = T> + Send + 'static,
) -> impl Stream<Item = T> + Send {
    let mut stream = stream.boxed();
    futures_util::stream::poll_fn(move |cx| gate.poll(|| stream.poll_next_unpin(cx)))
}

/// What makes a loader wait at a gate.
#[derive(Debug)]
pub struct AtGate(pub Arc<Gate>);

impl Timer for AtGate {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        let gate = self.0.clone();
        async move { gate.passed().await }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_waits_passes_only_when_the_poll_has_ended() {
        let gate = Arc::new(Gate::default());
        let waiting = gate.clone();
        let done = Arc::new(AtomicBool::new(false));
        let (seen, noted) = (done.clone(), done.clone());
        let execution = poll_fn(move |_| {
            let (waiting, seen) = (waiting.clone(), seen.clone());
            let waiter = tokio::spawn(async move {
                waiting.passed().await;
                assert!(seen.load(Ordering::Acquire), "it passed during the poll");
            });
            std::thread::sleep(Duration::from_millis(20));
            noted.store(true, Ordering::Release);
            Poll::Ready(waiter)
        });
        through(gate, execution).await.await.expect("passed in time");
    }
}
