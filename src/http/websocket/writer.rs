//! The task that writes to a socket.
//!
//! It takes messages from a bounded queue, and those that wait behind each other, where they are short, go out in one
//! write. A client that does not take in time what is written at once is slow for all its operations: the task ends,
//! its queue closes, and the connection with it.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;

/// Messages that may wait for the client.
pub const QUEUE: usize = 32;
/// To what is written at once another message is added as long as it is no longer than this: a client that takes what
/// it is sent slowly, but does take it, is not to be asked for more at once than one message may need anyway.
const TOGETHER_BYTES: usize = 8 * 1024;

/// Writes until the queue is closed, the client is gone, or what is written at once is not taken in time.
pub async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<Box<Message>>,
    send_timeout: Duration,
) {
    while let Some(message) = queue.recv().await {
        let sending = send(&mut sink, *message, &mut queue);
        if !matches!(tokio::time::timeout(send_timeout, sending).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// Sends a message with those that wait behind it.
async fn send(
    sink: &mut SplitSink<WebSocket, Message>,
    message: Message,
    queue: &mut mpsc::Receiver<Box<Message>>,
) -> Result<(), axum::Error> {
    let mut bytes = length(&message);
    sink.feed(message).await?;
    while bytes <= TOGETHER_BYTES {
        let Ok(next) = queue.try_recv() else { break };
        bytes += length(&next);
        sink.feed(*next).await?;
    }
    sink.flush().await
}

fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}
