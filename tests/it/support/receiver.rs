//! A receiver of webhooks: a real HTTP server on loopback that remembers what it was sent and answers as the test says.
//!
//! It speaks just as much HTTP/1.1 as a request with a length needs, so that it can also break off, hang, and answer
//! without end. Signatures are checked with the library that receivers use.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a test waits for a webhook.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much an answer that is too large would hold.
const HUGE: u64 = 1024 * 1024 * 1024;
/// The pause between two bytes of an answer that drips.
const DRIP: Duration = Duration::from_millis(50);

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This status, with a short body.
    Status(u16),
    /// 204, but only after so long.
    Slow(Duration),
    /// This status, and that so many seconds are to pass.
    RetryAfter(u16, u64),
    /// 307, to this place.
    Redirect(String),
    /// Nothing, while the connection stays open.
    Hang,
    /// Nothing, and the connection is closed.
    Reset,
    /// 200 with a gigabyte behind it.
    Huge,
    /// 200 with a byte now and then behind it, for ever.
    Drip,
}

/// One request that came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Where it went, such as `/hooks`.
    pub path: String,
    /// Its headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// What it was answered.
    pub reply: Reply,
}

/// The receiver of one test. It stops with the value.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    next: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Reply>,
    count: watch::Sender<usize>,
    written: AtomicU64,
}

impl Received {
    /// A header; fails where there is none.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or_else(|| panic!("no header {name}: {:?}", self.headers), |(_, value)| value)
    }

    /// The `webhook-id`.
    #[track_caller]
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    /// The sequence of its event.
    #[track_caller]
    pub fn sequence(&self) -> i64 {
        let told = self.json();
        let sequence = told["data"]["sequence"].as_str().and_then(|text| text.parse().ok());
        sequence.unwrap_or_else(|| panic!("no sequence: {told}"))
    }

    /// Whether one of its signatures is what the library makes with this secret.
    #[track_caller]
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let at = self.header("webhook-timestamp").parse().expect("seconds");
        let library = Webhook::new(secret).expect("a secret");
        let expected = library.sign(self.id(), at, &self.body).expect("a signature");
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }

    /// Whether it was answered 2xx.
    pub fn was_taken(&self) -> bool {
        matches!(self.reply, Reply::Status(200..=299) | Reply::Slow(_))
    }
}

impl Receiver {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            next: Mutex::default(),
            otherwise: Mutex::new(Reply::Status(204)),
            count: watch::Sender::new(0),
            written: AtomicU64::new(0),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { address, shared, serving }
    }

    /// The URL of a path of it, such as `/hooks`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the next request is answered, wherever it goes. Of several, the first is followed first.
    pub fn next(&self, reply: Reply) {
        lock(&self.shared.next).push_back(reply);
    }

    /// What every request is answered of which nothing else was said.
    pub fn always(&self, reply: Reply) {
        *lock(&self.shared.otherwise) = reply;
    }

    /// All that came, oldest first.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// What came and was answered 2xx, oldest first.
    pub fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::was_taken).collect()
    }

    /// Takes out what has come since it was last taken, oldest first, once there is something. For whoever hears so much
    /// that it cannot all be kept; nobody else finds it again.
    pub async fn take_next(&self) -> Vec<Received> {
        let mut count = self.shared.count.subscribe();
        loop {
            let received = std::mem::take(&mut *lock(&self.shared.received));
            if !received.is_empty() {
                return received;
            }
            count.changed().await.expect("the receiver is there");
        }
    }

    /// Waits until so many requests came; answers all that did.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        self.wait_until(&format!("{count} webhooks"), |received| received.len() >= count).await
    }

    /// Waits until what came is as wanted; answers all of it.
    pub async fn wait_until(&self, what: &str, mut wanted: impl FnMut(&[Received]) -> bool) -> Vec<Received> {
        let mut count = self.shared.count.subscribe();
        let grown = count.wait_for(|_| wanted(&lock(&self.shared.received)));
        let waited = tokio::time::timeout(PATIENCE, grown).await.map(drop);
        let received = self.received();
        assert!(waited.is_ok(), "waited in vain for {what}; {} came", received.len());
        received
    }

    /// How many bytes of large answers could be written before the sender had enough of them.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // Whoever sends may go away at any time.
        connections.spawn(async move { answer(stream, &shared).await.ok() });
    }
}

async fn answer(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some((path, headers, body)) = read(&mut stream).await? else { return Ok(()) };
    let reply = lock(&shared.next).pop_front().unwrap_or_else(|| lock(&shared.otherwise).clone());
    let received = Received { path, headers, body, reply: reply.clone() };
    let count = {
        let mut all = lock(&shared.received);
        all.push(received);
        all.len()
    };
    shared.count.send_replace(count);
    write(stream.into_inner(), reply, shared).await
}

/// The path, the headers and the body of a request; nothing where the connection was only opened.
async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<(String, Vec<(String, String)>, Vec<u8>)>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Some((path, headers, body)))
}

async fn write(mut stream: TcpStream, reply: Reply, shared: &Shared) -> std::io::Result<()> {
    let head = |status: u16, more: &str, length: u64| {
        format!("HTTP/1.1 {status} Told\r\nconnection: close\r\n{more}content-length: {length}\r\n\r\n")
    };
    // Some have no body at all.
    let bare = |status: u16| format!("HTTP/1.1 {status} Told\r\nconnection: close\r\n\r\n");
    match reply {
        Reply::Status(status @ (204 | 304)) => stream.write_all(bare(status).as_bytes()).await,
        Reply::Slow(pause) => {
            tokio::time::sleep(pause).await;
            stream.write_all(bare(204).as_bytes()).await
        }
        Reply::Status(status) => stream.write_all(format!("{}noted", head(status, "", 5)).as_bytes()).await,
        Reply::RetryAfter(status, seconds) => {
            let head = head(status, &format!("retry-after: {seconds}\r\n"), 0);
            stream.write_all(head.as_bytes()).await
        }
        Reply::Redirect(place) => stream.write_all(head(307, &format!("location: {place}\r\n"), 0).as_bytes()).await,
        Reply::Hang => std::future::pending().await,
        Reply::Reset => Ok(()),
        Reply::Huge => {
            stream.write_all(head(200, "", HUGE).as_bytes()).await?;
            let part = vec![b'x'; 64 * 1024];
            while shared.written.load(Ordering::Relaxed) < HUGE {
                let written = stream.write(&part).await?;
                shared.written.fetch_add(written as u64, Ordering::Relaxed);
            }
            Ok(())
        }
        Reply::Drip => {
            stream.write_all(head(200, "", HUGE).as_bytes()).await?;
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(DRIP).await;
            }
        }
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
