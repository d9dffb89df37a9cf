//! Serves connections: HTTP/1.1 with upgrades, each request's head within a time, until the server stops.
//!
//! axum's own loop waits for a head for ever, so that whoever sends a byte now and then holds a connection for nothing.
//! Here a head must be whole [`Patience::head`] after its first byte, or it is answered 408; between two requests a
//! connection may be quiet for [`Patience::idle`], longer than the proxies before a server keep theirs, so that none is
//! closed under a request that is on its way. hyper knows one time for both: it is asked for the longer one, and its
//! timer ([`HeadTimer`]) shortens it when the first byte has come. Bodies have their own limits, where they are read.
//!
//! A client may say nothing more and wait for its answer: what it asked for is answered to the half that is open, and
//! then the connection ends. Only an [`Endless`] answer ends with the client's half. Whoever takes nothing of an answer
//! for [`Patience::reader`] is cut off.
//!
//! A stop comes in two steps ([`Stop`]). Balancers and clients need a moment to hear that a server leaves: until the
//! second step it takes connections and requests as ever, but each answer says that it is the last of its connection.
//!
//! Every request carries the address that it came from ([`Peer`]).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use axum::serve::Listener;
use futures_util::TryFutureExt;
use hyper::body::Incoming;
use hyper::rt::{Sleep, Timer};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::callback_limit::Peer;
use super::listener::{CappedListener, Counted, READER_PATIENCE};

#[cfg(test)]
mod tests;

/// What is answered to a head that does not come to its end. It carries no body, for nobody knows what is accepted.
const HEAD_TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long the client may take to take that.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long a connection is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the last answer, or the beginning, to the next request.
    pub idle: Duration,
    /// While nothing of what is written is taken.
    pub reader: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), idle: Duration::from_secs(75), reader: READER_PATIENCE }
    }
}

/// In an answer's extensions: it goes on for as long as somebody listens, and has no end of its own to wait for.
#[derive(Clone, Copy, Debug)]
pub struct Endless;

/// How a server is told to stop.
#[derive(Clone, Debug)]
pub struct Stop {
    /// It is about to: whoever is answered goes elsewhere with the next request.
    pub leaving: CancellationToken,
    /// It does. Then it is also leaving.
    pub shutdown: CancellationToken,
}

impl Default for Stop {
    fn default() -> Self {
        let shutdown = CancellationToken::new();
        Self { leaving: shutdown.child_token(), shutdown }
    }
}

/// Serves until the shutdown; then takes no more connections, and ends when those that are open have been answered.
pub async fn serve(mut listener: CappedListener, routes: Router, patience: Patience, stop: Stop) {
    // The state is given once for all requests, instead of for each of them.
    let routes: Router = routes.with_state(());
    let connections = TaskTracker::new();
    while let Some((stream, address)) = stop.shutdown.run_until_cancelled(listener.accept()).await {
        let wait = Wait { patience, stop: stop.clone() };
        connections.spawn(connection(stream, Peer(address.ip()), routes.clone(), wait));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// What ends a connection from our side.
struct Wait {
    patience: Patience,
    stop: Stop,
}

async fn connection(mut stream: Counted, peer: Peer, routes: Router, wait: Wait) {
    stream.wait_for_reader(wait.patience.reader);
    let endless = stream.endless();
    let is_leaving = Arc::<AtomicBool>::default();
    let is_last = Arc::clone(&is_leaving);
    let timer = HeadTimer { heard: stream.heard(), patience: wait.patience.head };
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        endless.store(false, Ordering::Relaxed);
        let (endless, is_last) = (Arc::clone(&endless), Arc::clone(&is_last));
        let note = move |mut answer: Response| {
            endless.store(answer.extensions().get::<Endless>().is_some(), Ordering::Relaxed);
            if is_last.load(Ordering::Relaxed) {
                say_that_it_is_the_last(&mut answer);
            }
            answer
        };
        routes.clone().call(request).map_ok(note)
    });
    let mut connection = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(wait.patience.idle)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut ended = wait.stop.leaving.run_until_cancelled(&mut connection).await;
    if ended.is_none() {
        is_leaving.store(true, Ordering::Relaxed);
        ended = wait.stop.shutdown.run_until_cancelled(&mut connection).await;
    }
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let Err(error) = ended else { return };
    tracing::debug!(%error, "a connection broke off");
    if error.is_timeout()
        && let Some(parts) = connection.into_parts()
        && !parts.read_buf.is_empty()
    {
        refuse(parts.io.into_inner()).await;
    }
}

/// What follows an upgrade is no request, and ends in its own way.
fn say_that_it_is_the_last(answer: &mut Response) {
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Nothing else is being written then: a head is read only when what came before it was answered.
async fn refuse(mut stream: Counted) {
    let telling = async {
        stream.write_all(HEAD_TOO_SLOW).await?;
        stream.shutdown().await
    };
    // Whoever does not take it is closed without it.
    let _ = tokio::time::timeout(LAST_WORDS, telling).await;
}

/// hyper's timer for the head of each request of one connection.
struct HeadTimer {
    heard: Arc<AtomicU64>,
    patience: Duration,
}

/// Waits until its deadline, or until a head has been on its way for too long.
struct HeadSleep {
    until: Pin<Box<tokio::time::Sleep>>,
    heard: Arc<AtomicU64>,
    /// What had been heard when the wait began.
    before: u64,
    has_begun: bool,
    patience: Duration,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(HeadSleep {
            until: Box::pin(tokio::time::sleep_until(deadline.into())),
            heard: Arc::clone(&self.heard),
            before: self.heard.load(Ordering::Relaxed),
            has_begun: false,
            patience: self.patience,
        })
    }
}

impl Sleep for HeadSleep {}

/// hyper polls it whenever it has read and the head is still not whole.
impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.has_begun && self.heard.load(Ordering::Relaxed) != self.before {
            self.has_begun = true;
            let deadline = tokio::time::Instant::now() + self.patience;
            self.until.as_mut().reset(deadline);
        }
        self.until.as_mut().poll(cx)
    }
}
