//! A small HTTP/1.1 server that answers by a script, and can misbehave in the ways in which networks and hosts do.
//!
//! Every answer closes its connection, so that each request has a connection of its own and nothing is pooled: what is
//! counted is what was sent.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// The bytes of a body that nobody should read to its end.
pub const FLOOD_BYTES: usize = 64 << 20;

const CHUNK_BYTES: usize = 64 << 10;
/// By how much a length is too long.
const LACKING_BYTES: usize = 100;
/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_secs(120);

/// One answer, whole.
#[derive(Clone, Debug)]
pub struct Whole {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What the server does with a request that it has read.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It answers.
    Whole(Whole),
    /// It claims to answer more than it does, and closes.
    Short(Whole),
    /// It never answers.
    Silence,
    /// It closes.
    HangUp,
    /// It sends blanks without an end.
    Flood,
}

/// What the server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It reads and replies.
    Attentive,
    /// It accepts and never reads.
    Deaf,
    /// It closes without having read, which resets the connection.
    Rude,
}

/// What is replied to the requests for one path; the last reply also to all that come after.
#[derive(Debug)]
pub struct Rule {
    method: &'static str,
    path: String,
    replies: Vec<Reply>,
    met: AtomicUsize,
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The server. Dropped, it stops.
#[derive(Debug)]
pub struct Scripted {
    address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    rules: Vec<Rule>,
    mood: Mutex<Mood>,
    heard: Mutex<Vec<Heard>>,
    connections: AtomicUsize,
    flooded: AtomicUsize,
}

impl Rule {
    /// For a path; one that ends in `*` is for all that begin so.
    pub fn new(method: &'static str, path: impl Into<String>, replies: Vec<Reply>) -> Self {
        Self { method, path: path.into(), replies, met: AtomicUsize::new(0) }
    }

    /// That always answers the same.
    pub fn always(method: &'static str, path: impl Into<String>, answer: Whole) -> Self {
        Self::new(method, path, vec![Reply::Whole(answer)])
    }

    fn is_for(&self, heard: &Heard) -> bool {
        let is_path = match self.path.strip_suffix('*') {
            Some(beginning) => heard.path.starts_with(beginning),
            None => heard.path == self.path,
        };
        is_path && (self.method == "*" || heard.method == self.method)
    }

    fn next(&self) -> Option<Reply> {
        let met = self.met.fetch_add(1, Ordering::Relaxed);
        self.replies.get(met).or_else(|| self.replies.last()).cloned()
    }
}

impl Scripted {
    /// Starts a server; of several rules for a path the first counts.
    pub async fn start(rules: Vec<Rule>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            rules,
            mood: Mutex::new(Mood::Attentive),
            heard: Mutex::default(),
            connections: AtomicUsize::new(0),
            flooded: AtomicUsize::new(0),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, serving }
    }

    /// Its URL, without a path.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From the next connection on it behaves so.
    pub fn turn(&self, mood: Mood) {
        *lock(&self.state.mood) = mood;
    }

    /// Stops listening. The port stays taken for as long as the answer is held, so that nobody else listens there.
    pub async fn leave(&mut self) -> Option<TcpSocket> {
        self.serving.abort();
        let _ = (&mut self.serving).await;
        let socket = TcpSocket::new_v4().ok()?;
        socket.set_reuseaddr(true).ok()?;
        socket.bind(self.address).ok()?;
        Some(socket)
    }

    /// All requests that were read.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.state.heard).clone()
    }

    /// How many requests were read for a path.
    pub fn count(&self, method: &str, path: &str) -> usize {
        lock(&self.state.heard).iter().filter(|heard| heard.method == method && heard.path == path).count()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// How many bytes of floods were taken off it.
    pub fn flooded(&self) -> usize {
        self.state.flooded.load(Ordering::Relaxed)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    /// What comes next for a request, which is remembered. What no rule is for is not found.
    fn reply(&self, heard: Heard) -> Reply {
        let reply = self.rules.iter().find(|rule| rule.is_for(&heard)).and_then(Rule::next);
        lock(&self.heard).push(heard);
        reply.unwrap_or(Reply::Whole(Whole { status: 404, headers: Vec::new(), body: b"no such path".to_vec() }))
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(converse(stream, Arc::clone(&state)));
    }
}

async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let mood = *lock(&state.mood);
    match mood {
        Mood::Attentive => {
            if let Some(heard) = read(&mut stream).await {
                let reply = state.reply(heard);
                // The caller may hang up first.
                let _ = write(&mut stream, reply, &state).await;
            }
        }
        Mood::Deaf => tokio::time::sleep(FOR_EVER).await,
        // What has come and was not read makes the close a reset.
        Mood::Rude => {
            let _ = stream.readable().await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes: Vec<u8> = Vec::new();
    let head_bytes = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_bytes]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let path = target.split('?').next()?.to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    while bytes.len() < head_bytes + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Heard { method, path, headers, body: bytes.split_off(head_bytes) })
}

async fn write(stream: &mut TcpStream, reply: Reply, state: &State) -> std::io::Result<()> {
    match reply {
        Reply::Whole(answer) => {
            stream.write_all(&head(&answer, answer.body.len())).await?;
            stream.write_all(&answer.body).await?;
        }
        Reply::Short(answer) => {
            stream.write_all(&head(&answer, answer.body.len() + LACKING_BYTES)).await?;
            stream.write_all(&answer.body).await?;
        }
        Reply::Silence => tokio::time::sleep(FOR_EVER).await,
        Reply::HangUp => {}
        Reply::Flood => {
            let answer = Whole { status: 200, headers: Vec::new(), body: Vec::new() };
            stream.write_all(&head(&answer, FLOOD_BYTES)).await?;
            let chunk = vec![b' '; CHUNK_BYTES];
            for _ in 0..FLOOD_BYTES / CHUNK_BYTES {
                stream.write_all(&chunk).await?;
                state.flooded.fetch_add(CHUNK_BYTES, Ordering::Relaxed);
            }
        }
    }
    stream.shutdown().await
}

fn head(answer: &Whole, length: usize) -> Vec<u8> {
    let named = |name: &str| answer.headers.iter().any(|(told, _)| told.eq_ignore_ascii_case(name));
    let mut head = format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\ncontent-length: {length}\r\n", answer.status);
    if !named("content-type") {
        head.push_str("content-type: application/json\r\n");
    }
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
