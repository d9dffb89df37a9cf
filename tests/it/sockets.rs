//! Many idle sockets: what a server holds for clients that are connected and wait.
//!
//! `make sockets` runs it. The server is a process of its own, so that the clients' memory is not counted in. A socket
//! is settled when it has answered a heartbeat: by then all that it needs to live is there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::support::app::{TENANT, USER};
use crate::support::program::Program;
use crate::support::{Db, TestApp};

const SOCKETS: usize = 5_000;
/// What they may cost together.
const MOST_BYTES: i128 = 60_000_000;
/// As the server is set: more than there are sockets, all of which come from one address.
const MOST_CONNECTIONS: &str = "6000";
/// Open files of the tests' process and of the server's, each: a socket is one.
const FILES: u64 = 6_000;
/// How many connect at once.
const AT_ONCE: usize = 64;
/// The client's buffer of each socket; its library would take 128 KiB.
const BUFFER: usize = 2 * 1024;
/// How long all of them may take to connect and to answer a heartbeat.
const PATIENCE: Duration = Duration::from_secs(120);

type Socket = WebSocketStream<TcpStream>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "opens 5,000 sockets, and judges a release build: make sockets"]
async fn a3_five_thousand_idle_sockets_cost_less_than_60_mb() {
    raise_the_limit_of_open_files();
    let app = TestApp::start(Db::Sqlite, &[("BILLPAY_WORKER__ENABLED", "false")]).await;
    let program = Program::serve(&app, &[("BILLPAY_HTTP__MAX_CONNECTIONS_PER_IP", MOST_CONNECTIONS)]).await;
    let before = program.rss_kib();
    let sockets = settle(program.address, &app.token(TENANT, USER)).await;
    let after = program.rss_kib();
    let cost = (after - before) * 1024;
    println!("{SOCKETS} idle sockets: memory {before} to {after} KiB, {} bytes each", cost / SOCKETS as i128);
    assert_all_open(sockets);
    assert!(cost < MOST_BYTES, "{SOCKETS} idle sockets cost {cost} bytes");
    drop(program);
    app.stop().await;
}

/// The server's process has this process's limit.
fn raise_the_limit_of_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.is_none_or(|maximum| maximum >= FILES);
    assert!(allowed, "needs {FILES} open files, and {:?} are allowed: see ulimit -Hn", limit.maximum);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("up to the hard limit anyone may");
}

/// Opens all sockets and waits until each has answered a heartbeat. They stay open as long as the set is kept.
async fn settle(address: SocketAddr, token: &str) -> JoinSet<()> {
    let (token, turns) = (Arc::<str>::from(token), Arc::new(Semaphore::new(AT_ONCE)));
    let (unsettled, mut settled) = mpsc::channel(1);
    let mut sockets = JoinSet::new();
    for _ in 0..SOCKETS {
        sockets.spawn(idle(address, token.clone(), turns.clone(), unsettled.clone()));
    }
    drop(unsettled);
    let nothing = timeout(PATIENCE, settled.recv()).await.expect("all sockets are settled in time");
    assert!(nothing.is_none(), "nobody says anything here: each only lets go");
    sockets
}

/// A client that does nothing but live; it lets go of `unsettled` with its first heartbeat.
async fn idle(address: SocketAddr, token: Arc<str>, turns: Arc<Semaphore>, unsettled: mpsc::Sender<()>) {
    let turn = turns.acquire().await.expect("a semaphore that stays open");
    let mut socket = open(address, &token).await;
    drop(turn);
    answer_heartbeat(&mut socket).await;
    drop(unsettled);
    loop {
        answer_heartbeat(&mut socket).await;
    }
}

async fn open(address: SocketAddr, token: &str) -> Socket {
    let mut request = format!("ws://{address}/graphql").into_client_request().expect("a request");
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let stream = TcpStream::connect(address).await.expect("a connection");
    let config = WebSocketConfig::default().read_buffer_size(BUFFER);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await.expect("a WebSocket");
    say(&mut socket, json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } }))
        .await;
    let answer = hear(&mut socket).await;
    assert_eq!(answer["type"], "connection_ack", "{answer}");
    socket
}

async fn answer_heartbeat(socket: &mut Socket) {
    let message = hear(socket).await;
    assert_eq!(message["type"], "ping", "{message}");
    say(socket, json!({ "type": "pong" })).await;
}

async fn hear(socket: &mut Socket) -> Value {
    let frame = socket.next().await.expect("an open socket").expect("a frame");
    assert!(frame.is_text(), "no message: {frame:?}");
    serde_json::from_str(frame.to_text().expect("UTF-8")).expect("JSON")
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.expect("sent");
}

/// A socket whose task has ended was closed.
fn assert_all_open(mut sockets: JoinSet<()>) {
    let ended = sockets.try_join_next();
    assert!(ended.is_none(), "a socket did not stay open: {ended:?}");
}
