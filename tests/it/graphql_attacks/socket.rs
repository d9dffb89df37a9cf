//! A socket on which a client may say what it likes, the upgrade included, which clients of others refuse to do.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::support::{TestApp, text};

/// The protocol that is served.
pub const PROTOCOL: &str = "graphql-transport-ws";
/// How long the next frame may take: longer than the server waits for `connection_init`.
const PATIENCE: Duration = Duration::from_secs(20);

/// The client's end.
pub struct Socket {
    inner: WebSocketStream<TcpStream>,
}

/// Where the server listens.
pub fn address(app: &TestApp) -> SocketAddr {
    let url = app.url("");
    url.trim_start_matches("http://").parse().unwrap_or_else(|error| panic!("{error}: {url}"))
}

impl Socket {
    /// Upgrades a connection, offering this subprotocol or none.
    pub async fn upgrade(mut stream: TcpStream, protocol: Option<&str>) -> Self {
        let offered = protocol.map(|name| format!("sec-websocket-protocol: {name}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /graphql HTTP/1.1\r\nhost: billpay\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offered}\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        // Byte by byte, for what follows the head are frames.
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, stream.read_u8()).await.expect("an answer in time");
            head.push(byte.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&head))));
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        Self { inner: WebSocketStream::from_raw_socket(stream, Role::Client, None).await }
    }

    /// Connects and says nothing yet.
    pub async fn connect(app: &TestApp, protocol: Option<&str>) -> Self {
        Self::upgrade(TcpStream::connect(address(app)).await.expect("connected"), protocol).await
    }

    /// Connects, and is acknowledged.
    pub async fn open(app: &TestApp, token: &str) -> Self {
        let mut socket = Self::connect(app, Some(PROTOCOL)).await;
        socket.init(token).await;
        let answer = socket.hear().await;
        assert_eq!(answer["type"], "connection_ack", "{answer}");
        socket
    }

    /// Says who it is.
    pub async fn init(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.say(&json!({ "type": "connection_init", "payload": payload })).await;
    }

    /// Begins an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(&json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    /// Says something.
    pub async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Sends any frame.
    pub async fn send(&mut self, message: Message) {
        self.inner.send(message).await.expect("sent");
    }

    /// The next message that is no heartbeat.
    pub async fn hear(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            assert!(frame.is_text(), "no message: {frame:?}");
            let message: Value = serde_json::from_str(frame.to_text().expect("UTF-8")).expect("JSON");
            if text(&message, "/type") != "ping" {
                return message;
            }
        }
    }

    /// The code and the reason with which the server closes. What it says before is passed over.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.frame().await {
                let frame = frame.expect("a code");
                return (u16::from(frame.code), frame.reason.as_str().to_owned());
            }
        }
    }

    async fn frame(&mut self) -> Message {
        let frame = timeout(PATIENCE, self.inner.next()).await.expect("a frame in time");
        frame.expect("an open socket").expect("a frame")
    }
}
