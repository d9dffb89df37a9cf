//! The same by `graphql-transport-ws`, on a WebSocket that may break at any instant.

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http::HeaderValue};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Api;
use super::listen::subscription;
use crate::kill_harness::rows::EventRow;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Api {
    /// As [`Api::listen`]. It hangs up without a farewell.
    pub(in crate::kill_harness) async fn listen_on_socket(
        &self,
        after: u64,
        until: Instant,
        mut heard: impl FnMut(&EventRow) -> bool,
    ) {
        let Ok(Some(mut socket)) = timeout_at(until, self.subscribe(after)).await else { return };
        while let Ok(Some(message)) = timeout_at(until, hear(&mut socket)).await {
            let event = message.pointer("/payload/data/events").map(EventRow::deserialize);
            match event {
                Some(Ok(event)) if !heard(&event) => return,
                Some(Ok(_)) => {}
                // It is over, or refused.
                Some(Err(_)) | None => return,
            }
        }
    }

    /// None where the line breaks before it has begun.
    async fn subscribe(&self, after: u64) -> Option<Socket> {
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().ok()?;
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (mut socket, _) = connect_async(request).await.ok()?;
        let authorization = format!("Bearer {}", self.token);
        let init = json!({ "type": "connection_init", "payload": { "authorization": authorization } });
        say(&mut socket, &init).await?;
        let answer = hear(&mut socket).await?;
        if answer["type"] != "connection_ack" {
            return None;
        }
        let payload = json!({ "query": subscription(), "variables": { "after": after.to_string() } });
        say(&mut socket, &json!({ "type": "subscribe", "id": "1", "payload": payload })).await?;
        Some(socket)
    }
}

/// The next message that is no heartbeat; none where the line breaks.
async fn hear(socket: &mut Socket) -> Option<Value> {
    loop {
        let frame = socket.next().await?.ok()?;
        if !frame.is_text() {
            continue;
        }
        let message: Value = serde_json::from_str(frame.to_text().ok()?).ok()?;
        match message["type"].as_str() {
            Some("ping") => say(socket, &json!({ "type": "pong" })).await?,
            Some("pong") => {}
            Some(_) | None => return Some(message),
        }
    }
}

async fn say(socket: &mut Socket, message: &Value) -> Option<()> {
    socket.send(Message::text(message.to_string())).await.ok()
}
