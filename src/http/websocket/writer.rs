//! The task that writes to a socket.
//!
//! It takes messages from a bounded queue. A client that does not take a message in time is slow for all its
//! operations: the task ends, its queue closes, and the connection with it.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;

/// Messages that may wait for the client.
pub const QUEUE: usize = 32;

/// Writes until the queue is closed, the client is gone, or a message is not taken in time.
pub async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<Message>,
    send_timeout: Duration,
) {
    while let Some(message) = queue.recv().await {
        let sent = tokio::time::timeout(send_timeout, sink.send(message)).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}
