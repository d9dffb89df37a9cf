//! Subscribers that stop reading: what they cost those beside them, and the server.
//!
//! The server is a process of its own, so that the clients' memory is not counted in. The same readers hear as many
//! events alone as beside subscribers who never take a byte of what they asked for, at the same pace; alone by halves,
//! before and after, since a machine may become busier meanwhile. The stalled ones have small receive buffers, and an
//! event is large, so that the system's buffers are full after a few events and the server itself must hold back. That
//! it did is looked up in the system's table of sockets; without it the test would say nothing. All ask in the same
//! words and with the same rights: what is told is found out once for all, and nobody may wait there for a client.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use billpay::ports::clock::Clock;
use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http::HeaderValue};

use crate::support::app::{ALL, OPERATORS, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::subscription::Subscription;
use crate::support::{Db, TestApp, number, run, text};

/// Half of them by WebSocket, the others by Server-Sent Events; so with the stalled ones.
const READERS: usize = 4;
const STALLED: usize = 16;
/// The first events of a server are slow for reasons of its own.
const WARM_UP: usize = 20;
/// Without stalled subscribers and beside them. At this pace all is told long before one is given up (10 s).
const EVENTS: usize = 200;
const PACE: Duration = Duration::from_millis(25);
/// As small as is wanted; the system has its own least.
const RECEIVE_BUFFER_BYTES: u32 = 4 * 1024;
/// As long as the biller takes it, of characters of four bytes. With as many aliases as a document may have, an event
/// has 13 KB: 200 of them for 16 subscribers are 41 MB.
const LONGEST_DESCRIPTION: usize = 200;
const WIDE: &str = "🏠";
/// What the lag beside stalled ones may be: so many times that without them, and what a busy machine may add.
const MOST_TIMES: u32 = 3;
const BUSY: Duration = Duration::from_millis(250);
const MOST_GROWTH_KIB: i128 = 32 * 1024;
/// How long the next event may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than anybody listens.
const LONGEST: Duration = Duration::from_secs(120);

const SYNC: &str = "mutation { syncBillers(input: {}) { errors { code } } }";
const CREATE: &str = "mutation ($input: CreatePaymentInput!) {
    createPayment(input: $input) { payment { id } errors { code } } }";
const FOLLOW: &str = "subscription ($after: Sequence) { paymentsUpdated(after: $after) { sequence at status payment {
    id status amount { amount currency } description a: description b: description c: description d: description
    e: description f: description g: description h: description i: description j: description k: description
    l: description m: description n: description o: description } } }";

/// One who listens.
enum Reader {
    Socket(Box<Subscription>),
    Stream(Box<Frames>),
}

/// What comes as Server-Sent Events.
struct Frames {
    answer: reqwest::Response,
    pending: Vec<u8>,
}

/// What one reader heard of some events.
struct Heard {
    sequences: Vec<i64>,
    lags: Vec<Duration>,
    bytes: usize,
}

/// Half the lags were no longer than the one, 99 of 100 no longer than the other.
struct Lag {
    p50: Duration,
    p99: Duration,
}

/// What readers and stalled ones talk to.
struct Stage<'a> {
    app: &'a TestApp,
    program: &'a Program,
    client: Client,
    token: String,
    biller: String,
}

impl Reader {
    async fn open(stage: &Stage<'_>, index: usize, after: &str) -> Self {
        let variables = json!({ "after": after });
        if index.is_multiple_of(2) {
            return Self::Socket(Box::new(stage.client.subscribe(FOLLOW, variables).await));
        }
        let request = stage.app.http().post(stage.program.url("/graphql")).bearer_auth(&stage.token);
        let request = request.header("accept", "text/event-stream").timeout(LONGEST);
        let request = request.json(&json!({ "query": FOLLOW, "variables": variables }));
        let answer = request.send().await.expect("an answer");
        Self::Stream(Box::new(Frames { answer, pending: Vec::new() }))
    }

    async fn next(&mut self) -> Value {
        let mut data = match self {
            Self::Socket(subscription) => subscription.next().await,
            Self::Stream(frames) => frames.next().await,
        };
        data["paymentsUpdated"].take()
    }

    /// Listens up to this event.
    async fn listen(&mut self, clock: &Clock, last: i64) -> Heard {
        let mut heard = Heard { sequences: Vec::new(), lags: Vec::new(), bytes: 0 };
        while heard.sequences.last().is_none_or(|sequence| *sequence < last) {
            let event = self.next().await;
            let at: Timestamp = text(&event, "/at").parse().expect("a moment");
            heard.lags.push(clock.now().duration_since(at).unsigned_abs());
            heard.sequences.push(number(&event, "/sequence"));
            heard.bytes += event.to_string().len();
        }
        heard
    }
}

impl Frames {
    /// The data of the next event; heartbeats have none.
    async fn next(&mut self) -> Value {
        loop {
            while let Some(end) = self.pending.windows(2).position(|two| two == b"\n\n") {
                let frame: Vec<u8> = self.pending.drain(..end + 2).collect();
                let frame = String::from_utf8(frame).expect("UTF-8");
                if let Some(told) = frame.lines().find_map(|line| line.strip_prefix("data: ")) {
                    let mut told: Value = serde_json::from_str(told).expect("JSON");
                    assert!(told.get("errors").is_none(), "{told}");
                    return told["data"].take();
                }
            }
            let chunk = timeout(PATIENCE, self.answer.chunk()).await.expect("an event in time");
            self.pending.extend_from_slice(&chunk.expect("a stream").expect("a stream that goes on"));
        }
    }
}

impl Lag {
    fn of(heard: &[Heard]) -> Self {
        let mut lags: Vec<_> = heard.iter().flat_map(|one| one.lags.iter().copied()).collect();
        lags.sort_unstable();
        let at = |percent: usize| lags[(lags.len() - 1) * percent / 100];
        Self { p50: at(50), p99: at(99) }
    }
}

impl Stage<'_> {
    /// Makes so many events, each at its time, however long the others take, while all readers listen; each must hear
    /// each event once and in order.
    async fn play(&self, readers: &mut [Reader], count: usize) -> Vec<Heard> {
        let before: i64 = self.client.head().await.parse().expect("a number");
        let last = before + i64::try_from(count).expect("few events");
        let listening = join_all(readers.iter_mut().map(|reader| reader.listen(self.app.clock(), last)));
        let (heard, ()) = tokio::join!(listening, self.make(before, count));
        for one in &heard {
            assert_eq!(one.sequences, (before + 1..=last).collect::<Vec<_>>(), "each event once, and in order");
        }
        heard
    }

    /// Each payment is of another account.
    async fn make(&self, before: i64, count: usize) {
        let (mut ticks, mut calls) = (tokio::time::interval(PACE), JoinSet::new());
        for index in 0..count {
            ticks.tick().await;
            let mut input = payment_input(&self.biller, &format!("2{before:04}{index:05}"), "15");
            input["wait"] = json!("RECORDED");
            input["description"] = json!(WIDE.repeat(LONGEST_DESCRIPTION));
            let client = self.client.clone();
            calls.spawn(async move { client.data(CREATE, json!({ "input": input })).await });
        }
        for made in calls.join_all().await {
            assert_eq!(made["createPayment"]["errors"], json!([]), "{made}");
        }
    }

    /// Subscribes, and never reads again: the socket is kept, and nobody looks at it.
    async fn stall(&self, index: usize, after: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("a small buffer");
        let stream = socket.connect(self.program.address).await.expect("a connection");
        let payload = json!({ "query": FOLLOW, "variables": { "after": after } });
        if index.is_multiple_of(2) {
            stall_on_socket(self.program.address, stream, &self.token, &payload).await
        } else {
            stall_on_stream(self.program.address, stream, &self.token, &payload).await
        }
    }

    /// The bytes that the system keeps for a client, since it takes none of them; none where the server has hung up.
    fn untaken(&self, client: &TcpStream) -> Option<usize> {
        let ends_with = |port: u16| move |address: &str| address.ends_with(&format!(":{port:04X}"));
        let is_ours = ends_with(self.program.address.port());
        let is_theirs = ends_with(client.local_addr().expect("an address").port());
        let table = fs::read_to_string(self.program.proc_file("net/tcp")).expect("the table of sockets");
        table.lines().find_map(|line| {
            // The local address, the remote one, the state (01: connected), and what waits to be sent and to be read.
            let mut words = line.split_whitespace().skip(1);
            let (local, remote, state, waits) = (words.next()?, words.next()?, words.next()?, words.next()?);
            let is_it = is_ours(local) && is_theirs(remote) && state == "01";
            let (unsent, _unread) = waits.split_once(':').filter(|_| is_it)?;
            usize::from_str_radix(unsent, 16).ok()
        })
    }

    /// All are still connected, and the server holds back most of what there is for each: else nobody was stalled.
    fn assert_held_back(&self, stalled: &[TcpStream], told: usize) {
        for (index, client) in stalled.iter().enumerate() {
            let untaken = self.untaken(client);
            assert!(
                untaken.is_some_and(|bytes| bytes > 0 && bytes < told / 2),
                "subscriber {index} is not stalled: the system keeps {untaken:?} of {told} bytes for it"
            );
        }
    }
}

async fn stall_on_socket(address: SocketAddr, stream: TcpStream, token: &str, payload: &Value) -> TcpStream {
    let mut request = format!("ws://{address}/graphql").into_client_request().expect("a request");
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = client_async(request, stream).await.expect("a WebSocket");
    let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } });
    socket.send(Message::text(init.to_string())).await.expect("sent");
    let answer = timeout(PATIENCE, socket.next()).await.expect("an answer in time");
    let answer = answer.expect("an open socket").expect("a frame");
    assert!(answer.to_text().is_ok_and(|text| text.contains("connection_ack")), "{answer:?}");
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload });
    socket.send(Message::text(subscribe.to_string())).await.expect("sent");
    socket.into_inner()
}

/// The first heartbeat is read, which says that the stream has begun.
async fn stall_on_stream(address: SocketAddr, mut stream: TcpStream, token: &str, payload: &Value) -> TcpStream {
    let body = payload.to_string();
    let length = body.len();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\naccept: text/event-stream\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let (mut answer, mut bytes) = (String::new(), [0; 512]);
    while !answer.contains(": head=") {
        let read = timeout(PATIENCE, stream.read(&mut bytes)).await.expect("an answer in time").expect("an answer");
        assert!(read > 0, "the server closed: {answer}");
        answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stream
}

const SETTINGS: [(&str, &str); 2] =
    [("BILLPAY_WORKER__ENABLED", "false"), ("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "0")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "compares times, which a busy machine bends: make rows"]
async fn f25_who_stops_reading_holds_nobody_up_on_sqlite() {
    run(Db::Sqlite, &SETTINGS, hold_up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "compares times, which a busy machine bends: make rows"]
async fn f25_who_stops_reading_holds_nobody_up_on_postgres() {
    run(Db::Postgres, &SETTINGS, hold_up).await;
}

async fn hold_up(app: TestApp) {
    let program = Program::serve(&app, &[]).await;
    app.client_at(program.address, &app.token(OPERATORS, "operator")).data(SYNC, json!({})).await;
    let token = app.token(TENANT, ALL);
    let client = app.client_at(program.address, &token);
    let biller = client.biller(KPLC).await;
    let stage = Stage { app: &app, program: &program, client, token, biller };
    let mut readers = Vec::new();
    for index in 0..READERS {
        readers.push(Reader::open(&stage, index, "0").await);
    }
    stage.play(&mut readers, WARM_UP).await;
    let mut alone = stage.play(&mut readers, EVENTS / 2).await;
    let (before, head) = (program.rss_kib(), stage.client.head().await);
    let stalled = join_all((0..STALLED).map(|index| stage.stall(index, &head))).await;
    let heard = stage.play(&mut readers, EVENTS).await;
    let (beside, growth) = (Lag::of(&heard), program.rss_kib() - before);
    stage.assert_held_back(&stalled, heard[0].bytes);
    drop(stalled);
    alone.extend(stage.play(&mut readers, EVENTS / 2).await);
    let alone = Lag::of(&alone);
    let url = &app.variables()["BILLPAY_DATABASE__URL"];
    println!(
        "{STALLED} stalled subscribers, {}: lag of {READERS} readers p50 {:?}, p99 {:?} without them; p50 {:?}, \
             p99 {:?} beside them; memory grew by {growth} KiB",
        url.split(':').next().unwrap_or_default(),
        alone.p50,
        alone.p99,
        beside.p50,
        beside.p99
    );
    assert!(beside.p99 <= alone.p99 * MOST_TIMES + BUSY, "p99 {:?} became {:?}", alone.p99, beside.p99);
    assert!(growth < MOST_GROWTH_KIB, "{STALLED} stalled subscribers cost {growth} KiB");
}
