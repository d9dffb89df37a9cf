//! Subscribers: many sockets of `graphql-transport-ws`, each with one subscription, in this process.
//!
//! A socket counts what it is told and keeps the last sequence; nothing is parsed that need not be, since the machine is
//! shared with what is measured. The delay of a delivery is from the event's `at`, written within the commit, until the
//! message is here.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::stream::{self, SplitSink, SplitStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::documents;
use crate::failed::{Failed, Outcome, fail};

/// Sockets that are opened at once.
const OPENING: usize = 64;
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(2);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Open sockets. Dropped, they hang up.
#[derive(Debug)]
pub struct Sockets {
    tally: Arc<Tally>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Tally {
    delivered: AtomicU64,
    /// The last sequence that each socket was told.
    reached: Vec<AtomicI64>,
    broken: AtomicU64,
    timing: AtomicBool,
    delays: Mutex<Vec<u64>>,
}

impl Sockets {
    /// Opens so many and subscribes on each.
    pub async fn open(address: SocketAddr, token: &str, count: usize) -> Outcome<Self> {
        let opening = stream::iter(0..count).map(|_| open(address, token)).buffer_unordered(OPENING);
        let sockets: Vec<Socket> = opening.try_collect().await?;
        let tally = Arc::new(Tally {
            delivered: AtomicU64::new(0),
            reached: (0..count).map(|_| AtomicI64::new(0)).collect(),
            broken: AtomicU64::new(0),
            timing: AtomicBool::new(false),
            delays: Mutex::default(),
        });
        let readers = sockets.into_iter().enumerate().map(|(place, socket)| {
            let (tally, (writer, reader)) = (tally.clone(), socket.split());
            tokio::spawn(async move {
                if read(&tally, place, writer, reader).await.is_err() {
                    tally.broken.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let readers = readers.collect();
        Ok(Self { tally, readers })
    }

    /// Events that were delivered so far, over all sockets.
    pub fn delivered(&self) -> u64 {
        self.tally.delivered.load(Ordering::Relaxed)
    }

    /// Waits until every socket was told of this sequence, or of a later one.
    pub async fn wait_for(&self, sequence: i64, patience: Duration) -> Outcome<()> {
        let give_up = Instant::now() + patience;
        while !self.reached(sequence) {
            let broken = self.tally.broken.load(Ordering::Relaxed);
            if broken > 0 {
                return fail(format!("{broken} sockets broke"));
            }
            if Instant::now() > give_up {
                return fail("not every socket was told of every event");
            }
            sleep(GLANCE).await;
        }
        Ok(())
    }

    fn reached(&self, sequence: i64) -> bool {
        self.tally.reached.iter().all(|reached| reached.load(Ordering::Relaxed) >= sequence)
    }

    /// Takes the delay of each delivery from now on.
    pub fn take_times(&self) {
        self.tally.timing.store(true, Ordering::Relaxed);
    }

    /// The delays that were taken, in microseconds, shortest first.
    pub fn delays(&self) -> Vec<u64> {
        self.tally.timing.store(false, Ordering::Relaxed);
        let mut delays = self.tally.delays.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = std::mem::take(&mut *delays);
        taken.sort_unstable();
        taken
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

async fn open(address: SocketAddr, token: &str) -> Outcome<Socket> {
    let opened = timeout(PATIENCE, subscribe(address, token)).await;
    opened.map_err(|_| Failed::new("a socket did not open in time"))?
}

async fn subscribe(address: SocketAddr, token: &str) -> Outcome<Socket> {
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = connect_async(request).await?;
    let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } });
    socket.send(Message::text(init.to_string())).await?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.contains("connection_ack") => break,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return fail("a socket was not accepted"),
            Some(Ok(_)) => {}
        }
    }
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": documents::follow() });
    socket.send(Message::text(subscribe.to_string())).await?;
    Ok(socket)
}

async fn read(
    tally: &Tally,
    place: usize,
    mut writer: SplitSink<Socket, Message>,
    mut reader: SplitStream<Socket>,
) -> Outcome<()> {
    while let Some(message) = reader.next().await {
        let Message::Text(text) = message? else { continue };
        let Some(sequence) = number_behind(&text, "\"sequence\":\"") else {
            if text.contains("\"ping\"") {
                writer.send(Message::text(r#"{"type":"pong"}"#)).await?;
                continue;
            }
            return fail(text.to_string());
        };
        tally.delivered.fetch_add(1, Ordering::Relaxed);
        tally.reached[place].store(sequence, Ordering::Relaxed);
        if tally.timing.load(Ordering::Relaxed) {
            let delay = delay(&text).ok_or_else(|| Failed::new("an event without its time"))?;
            tally.delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        }
    }
    fail("a socket was closed")
}

fn behind<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split_once(name)?.1.split('"').next()
}

fn number_behind(text: &str, name: &str) -> Option<i64> {
    behind(text, name)?.parse().ok()
}

fn delay(text: &str) -> Option<u64> {
    let at: Timestamp = behind(text, "\"at\":\"")?.parse().ok()?;
    u64::try_from(Timestamp::now().as_microsecond() - at.as_microsecond()).ok().or(Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_without_being_parsed() {
        let text = r#"{"type":"next","id":"1","payload":{"data":{"paymentsUpdated":{"sequence":"42","type":"A","at":"2026-11-22T09:30:00Z"}}}}"#;
        assert_eq!(number_behind(text, "\"sequence\":\""), Some(42));
        assert!(delay(text).is_some());
        assert_eq!(number_behind(r#"{"type":"ping"}"#, "\"sequence\":\""), None);
    }
}
