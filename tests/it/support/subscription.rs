//! A client of `graphql-transport-ws` with one subscription on one socket.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http::HeaderValue};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::text;

/// How long the next message may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A subscription. Dropped, it hangs up as a phone in a tunnel does.
pub struct Subscription {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Subscription {
    /// Connects, authenticates and subscribes.
    pub async fn open(address: SocketAddr, token: &str, document: &str, variables: Value) -> Self {
        let mut request = format!("ws://{address}/graphql").into_client_request().expect("a request");
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (socket, _) = connect_async(request).await.expect("a WebSocket");
        let mut subscription = Self { socket };
        let authorization = format!("Bearer {token}");
        subscription.say(json!({ "type": "connection_init", "payload": { "authorization": authorization } })).await;
        let answer = subscription.hear().await;
        assert_eq!(answer["type"], "connection_ack", "{answer}");
        let payload = json!({ "query": document, "variables": variables });
        subscription.say(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        subscription
    }

    /// The data of the next event.
    pub async fn next(&mut self) -> Value {
        let mut message = self.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message.pointer("/payload/errors").is_none(), "{message}");
        message["payload"]["data"].take()
    }

    /// Events until one of their first fields has this status, that one included.
    pub async fn until_status(&mut self, field: &str, status: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await[field].take();
            let is_last = text(&event, "/status") == status;
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    /// The errors with which the subscription is refused.
    pub async fn refusal(&mut self) -> Value {
        let mut message = self.hear().await;
        match message["type"].as_str() {
            Some("error") => message["payload"].take(),
            Some("next") => message["payload"]["errors"].take(),
            _ => panic!("no refusal: {message}"),
        }
    }

    /// The next message that is no heartbeat.
    async fn hear(&mut self) -> Value {
        loop {
            let frame = timeout(PATIENCE, self.socket.next()).await.expect("a message in time");
            let frame = frame.expect("an open socket").expect("a frame");
            assert!(!frame.is_close(), "the server closed: {frame:?}");
            if !frame.is_text() {
                continue;
            }
            let message: Value = serde_json::from_str(frame.to_text().expect("UTF-8")).expect("JSON");
            match text(&message, "/type") {
                "ping" => self.say(json!({ "type": "pong" })).await,
                "pong" => {}
                _ => return message,
            }
        }
    }

    async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("sent");
    }
}
