//! Heads that come slowly, readers that are slow or none, and clients that say nothing more.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(600);
const ENDLESSLY: Patience = Patience { head: LONG, idle: LONG, reader: LONG };
const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const CHUNK: &[u8] = &[b'x'; 64 * 1024];
/// 24 MiB: more than the system keeps between the two ends.
const CHUNKS: usize = 384;

async fn start(patience: Patience) -> (SocketAddr, Stop, JoinHandle<()>) {
    start_with(patience, Router::new()).await
}

async fn start_with(patience: Patience, more: Router) -> (SocketAddr, Stop, JoinHandle<()>) {
    let inner = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = inner.local_addr().expect("an address");
    let routes = more.route("/", get(|| async { "here" }));
    let stop = Stop::default();
    let serving = tokio::spawn(serve(CappedListener::new(inner, 8), routes, patience, stop.clone()));
    (address, stop, serving)
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
async fn answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    while !said.ends_with(b"here") {
        let read = timeout(Duration::from_secs(20), stream.read_buf(&mut said)).await;
        assert_ne!(read.expect("in time").expect("read"), 0, "{}", String::from_utf8_lossy(&said));
    }
    String::from_utf8(said).expect("a text")
}

/// Tells when the body that holds it is no more.
struct Held(UnboundedSender<()>);

impl Drop for Held {
    fn drop(&mut self) {
        // The test may have ended.
        let _ = self.0.send(());
    }
}

/// As many chunks as there are, as fast as they are taken.
fn flood(held: Held) -> Body {
    let chunk = move || {
        let _held = &held;
        Ok::<_, Infallible>(Bytes::from_static(CHUNK))
    };
    Body::from_stream(stream::repeat_with(chunk).take(CHUNKS))
}

/// A beginning, and nothing more.
fn quiet(held: Held) -> Body {
    let beginning = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"here"))]);
    let silence = stream::pending::<Result<Bytes, Infallible>>().map(move |chunk| {
        let _held = &held;
        chunk
    });
    Body::from_stream(beginning.chain(silence))
}

/// Routes that answer by these bodies, and what tells that one of them is no more.
fn streams() -> (Router, UnboundedReceiver<()>) {
    let (told, dropped) = unbounded_channel();
    let (for_flood, for_quiet) = (told.clone(), told);
    let flood = move || {
        let held = Held(for_flood.clone());
        async move { flood(held) }
    };
    let quiet = move || {
        let held = Held(for_quiet.clone());
        async move { (Extension(Endless), quiet(held)) }
    };
    let late = || async {
        tokio::time::sleep(SHORT).await;
        "here"
    };
    (Router::new().route("/flood", get(flood)).route("/quiet", get(quiet)).route("/late", get(late)), dropped)
}

/// A connection that has asked for this and wants nothing after it.
async fn asked(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = connected(address).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test]
async fn g17_a_head_that_drips_is_answered_408() {
    let (address, ..) = start(Patience { head: SHORT, ..ENDLESSLY }).await;
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
    let (address, ..) = start(Patience { idle: SHORT, ..ENDLESSLY }).await;
    assert_eq!(rest(&mut connected(address).await).await, "");
    let mut used = connected(address).await;
    used.write_all(WHOLE).await.expect("sent");
    answer(&mut used).await;
    assert_eq!(rest(&mut used).await, "");
}

#[tokio::test]
async fn each_head_has_its_own_time() {
    let (address, ..) = start(Patience { head: SHORT, ..ENDLESSLY }).await;
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
    let (address, stop, serving) = start(ENDLESSLY).await;
    let mut used = connected(address).await;
    used.write_all(WHOLE).await.expect("sent");
    answer(&mut used).await;
    stop.shutdown.cancel();
    assert_eq!(rest(&mut used).await, "");
    timeout(Duration::from_secs(20), serving).await.expect("ended in time").expect("ended well");
}

#[tokio::test]
async fn who_leaves_still_answers_and_says_each_time_that_it_is_the_last() {
    let (address, stop, serving) = start(ENDLESSLY).await;
    let mut used = connected(address).await;
    used.write_all(WHOLE).await.expect("sent");
    assert!(!answer(&mut used).await.contains("connection: close"), "nothing is known of a stop");
    stop.leaving.cancel();
    for mut stream in [used, connected(address).await] {
        stream.write_all(WHOLE).await.expect("sent");
        let said = rest(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("connection: close"), "{said:?}");
    }
    assert!(!serving.is_finished());
    stop.shutdown.cancel();
    timeout(Duration::from_secs(20), serving).await.expect("ended in time").expect("ended well");
}

#[tokio::test]
async fn a3_who_reads_nothing_is_cut_off() {
    let (routes, mut dropped) = streams();
    let (address, ..) = start_with(Patience { reader: SHORT, ..ENDLESSLY }, routes).await;
    let mut stream = asked(address, "/flood").await;
    timeout(Duration::from_secs(20), dropped.recv()).await.expect("cut off in time").expect("word of it");
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut Vec::new())).await.expect("an end in time");
    // Not a close that waits for the reader in its turn.
    assert_eq!(read.expect_err("no whole answer").kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a3_who_reads_slowly_hears_all() {
    let (routes, _dropped) = streams();
    let reader = Duration::from_millis(500);
    let (address, ..) = start_with(Patience { reader, ..ENDLESSLY }, routes).await;
    let mut stream = asked(address, "/flood").await;
    stream.shutdown().await.expect("an end, so that the answer is the last");
    let (mut taken, mut some) = (0, vec![0; 4 * CHUNK.len()]);
    loop {
        let read = timeout(Duration::from_secs(20), stream.read(&mut some)).await;
        match read.expect("in time").expect("not cut off") {
            0 => break,
            read => taken += read,
        }
        // Some four seconds in all, of which the server waits for more than a half.
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert!(taken > CHUNKS * CHUNK.len(), "{taken} bytes with the head");
}

#[tokio::test]
async fn who_says_nothing_more_is_answered_and_then_closed() {
    let (routes, _dropped) = streams();
    let (address, ..) = start_with(ENDLESSLY, routes).await;
    let mut stream = asked(address, "/late").await;
    stream.shutdown().await.expect("said that nothing follows");
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("here"), "{said:?}");
}

#[tokio::test]
async fn an_answer_without_an_end_ends_when_its_client_goes() {
    let (routes, mut dropped) = streams();
    let (address, ..) = start_with(ENDLESSLY, routes).await;
    for says_so in [true, false] {
        let mut stream = asked(address, "/quiet").await;
        // The head has come, and the stream is open.
        stream.read_u8().await.expect("an answer");
        if says_so {
            stream.shutdown().await.expect("said that nothing follows");
        } else {
            drop(stream);
        }
        timeout(Duration::from_secs(20), dropped.recv()).await.expect("ended in time").expect("word of it");
    }
}
