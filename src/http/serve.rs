//! Serves connections: HTTP/1.1 with upgrades, each request's head within a time, until the server stops.
//!
//! axum's own loop waits for a head for ever, so that whoever sends a byte now and then holds a connection for nothing.
//! Here a head must be whole [`Patience::head`] after its first byte, or it is answered 408; between two requests a
//! connection may be quiet for [`Patience::idle`], longer than the proxies before a server keep theirs, so that none is
//! closed under a request that is on its way. hyper knows one time for both: it is asked for the longer one, and its
//! timer ([`HeadTimer`]) shortens it when the first byte has come. Bodies have their own limits, where they are read.
//! Every request carries the address that it came from ([`Peer`]).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
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
use super::listener::{CappedListener, Counted};

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
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), idle: Duration::from_secs(75) }
    }
}

/// Serves until `shutdown`; then takes no more connections, and ends when those that are open have been answered.
pub async fn serve(mut listener: CappedListener, routes: Router, patience: Patience, shutdown: CancellationToken) {
    // The state is given once for all requests, instead of for each of them.
    let routes: Router = routes.with_state(());
    let connections = TaskTracker::new();
    while let Some((stream, address)) = shutdown.run_until_cancelled(listener.accept()).await {
        let wait = Wait { patience, shutdown: shutdown.clone() };
        connections.spawn(connection(stream, Peer(address.ip()), routes.clone(), wait));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// What ends a connection from our side.
struct Wait {
    patience: Patience,
    shutdown: CancellationToken,
}

async fn connection(stream: Counted, peer: Peer, routes: Router, wait: Wait) {
    let timer = HeadTimer { heard: stream.heard(), patience: wait.patience.head };
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().call(request)
    });
    let mut connection = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(wait.patience.idle)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let ended = match wait.shutdown.run_until_cancelled(&mut connection).await {
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_secs(600);
    const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    async fn start(patience: Patience) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let inner = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = inner.local_addr().expect("an address");
        let routes = Router::new().route("/", get(|| async { "here" }));
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve(CappedListener::new(inner, 8), routes, patience, shutdown.clone()));
        (address, shutdown, serving)
    }

    async fn connected(address: SocketAddr) -> TcpStream {
        TcpStream::connect(address).await.expect("connected")
    }

    /// All that comes until the server closes.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut said = String::new();
        let read = timeout(Duration::from_secs(20), stream.read_to_string(&mut said)).await;
        read.expect("closed in time").expect("closed without a reset");
        said
    }

    /// Reads the one answer of the routes.
    async fn answer(stream: &mut TcpStream) {
        let mut said = Vec::new();
        while !said.ends_with(b"here") {
            let read = timeout(Duration::from_secs(20), stream.read_buf(&mut said)).await;
            assert_ne!(read.expect("in time").expect("read"), 0, "{}", String::from_utf8_lossy(&said));
        }
    }

    #[tokio::test]
    async fn g17_a_head_that_drips_is_answered_408() {
        let (address, ..) = start(Patience { head: SHORT, idle: LONG }).await;
        let (mut reading, mut writing) = connected(address).await.into_split();
        let dripping = tokio::spawn(async move {
            let _ = writing.write_all(b"GET / HTTP/1.1\r\nx-drip: ").await;
            while writing.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut said = vec![0; HEAD_TOO_SLOW.len()];
        let read = timeout(Duration::from_secs(20), reading.read_exact(&mut said)).await;
        read.expect("answered in time").expect("an answer");
        assert_eq!(said, HEAD_TOO_SLOW);
        dripping.abort();
    }

    #[tokio::test]
    async fn a_quiet_connection_is_closed_without_a_word_and_later_than_a_slow_one() {
        let (address, ..) = start(Patience { head: LONG, idle: SHORT }).await;
        assert_eq!(rest(&mut connected(address).await).await, "");
        let mut used = connected(address).await;
        used.write_all(WHOLE).await.expect("sent");
        answer(&mut used).await;
        assert_eq!(rest(&mut used).await, "");
    }

    #[tokio::test]
    async fn each_head_has_its_own_time() {
        let (address, ..) = start(Patience { head: SHORT, idle: LONG }).await;
        let mut stream = connected(address).await;
        for _ in 0..3 {
            stream.write_all(WHOLE).await.expect("sent");
            answer(&mut stream).await;
            tokio::time::sleep(SHORT * 2).await;
        }
        stream.write_all(&WHOLE[..10]).await.expect("sent");
        assert_eq!(rest(&mut stream).await.as_bytes(), HEAD_TOO_SLOW);
    }

    #[tokio::test]
    async fn a_stop_closes_what_is_idle_and_ends() {
        let (address, shutdown, serving) = start(Patience { head: LONG, idle: LONG }).await;
        let mut used = connected(address).await;
        used.write_all(WHOLE).await.expect("sent");
        answer(&mut used).await;
        shutdown.cancel();
        assert_eq!(rest(&mut used).await, "");
        timeout(Duration::from_secs(20), serving).await.expect("ended in time").expect("ended well");
    }
}
