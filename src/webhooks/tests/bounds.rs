//! Answers that are endless, huge or slow.

use std::time::Duration;

use tokio::time::timeout;

use super::{InTurn, LIMITS, PATIENCE, SendLimits, exchange, request, sender_in, trial};
use crate::ports::webhook_sender::{WebhookAnswer, WebhookSender, WebhookTrouble};
use crate::webhooks::receiver::Receiver;

/// What this host's buffers may take from a receiver that nobody listens to.
const BUFFERS: usize = 32 << 20;
const SHORT: Duration = Duration::from_millis(500);

/// What an answer that goes on for ever comes to. The receiver was hung up on.
async fn flooded(head: &str, more: Vec<u8>) -> WebhookAnswer {
    let receiver = Receiver::bind().await;
    let to = receiver.url();
    let taken = receiver.flood(head.as_bytes(), more);
    let answer = timeout(PATIENCE, trial().send(request(&to))).await.expect("an answer");
    let taken = timeout(PATIENCE, taken).await.expect("an end").expect("a receiver");
    assert!(taken < BUFFERS, "{taken} bytes");
    answer
}

#[tokio::test]
async fn s8_an_endless_body_is_hung_up_on() {
    let chunk = [b"10000\r\n".as_slice(), &[b'a'; 0x10000], b"\r\n"].concat();
    let answer = flooded("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk.clone()).await;
    assert_eq!(answer, WebhookAnswer::Delivered { status: 200 });
    let answer = flooded("HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n", chunk).await;
    assert_eq!(answer, WebhookAnswer::Refused { status: 500, retry_after: None, excerpt: None });
}

#[tokio::test]
async fn s8_a_huge_body_is_hung_up_on() {
    let answer = flooded("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", vec![b'a'; 0x10000]).await;
    assert_eq!(answer, WebhookAnswer::Delivered { status: 200 });
}

#[tokio::test]
async fn s8_a_huge_head_is_hung_up_on() {
    let broken = WebhookAnswer::Failed(WebhookTrouble::Broken);
    assert_eq!(flooded("HTTP/1.1 200 OK\r\nx-a: ", vec![b'a'; 0x10000]).await, broken);
    assert_eq!(flooded("HTTP/1.1 200 OK\r\n", b"x-a: b\r\n".repeat(1_000)).await, broken);
}

#[tokio::test]
async fn s8_a_receiver_that_says_nothing_has_its_time() {
    for part in ["", "HTTP/1.1 200 OK\r\n"] {
        let receiver = Receiver::bind().await;
        let to = receiver.url();
        let stalled = receiver.stall(part.as_bytes());
        let sender = sender_in(true, InTurn::new(Vec::new()), SendLimits { whole: SHORT, ..LIMITS });
        let answer = timeout(PATIENCE, sender.send(request(&to))).await.expect("an answer");
        assert_eq!(answer, WebhookAnswer::Failed(WebhookTrouble::TimedOut));
        timeout(PATIENCE, stalled).await.expect("the caller hung up").expect("a receiver");
    }
}

#[tokio::test]
async fn s8_a_head_that_drips_gains_no_time() {
    let receiver = Receiver::bind().await;
    let to = receiver.url();
    let dripping = receiver.drip(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n", SHORT / 10);
    let sender = sender_in(true, InTurn::new(Vec::new()), SendLimits { whole: SHORT, ..LIMITS });
    let answer = timeout(PATIENCE, sender.send(request(&to))).await.expect("an answer");
    assert_eq!(answer, WebhookAnswer::Failed(WebhookTrouble::TimedOut));
    timeout(PATIENCE, dripping).await.expect("the caller hung up").expect("a receiver");
}

#[tokio::test]
async fn s8_a_body_that_drips_changes_nothing() {
    let receiver = Receiver::bind().await;
    let to = receiver.url();
    let dripping = receiver.drip(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", b"a", SHORT / 10);
    let sender = sender_in(true, InTurn::new(Vec::new()), SendLimits { body: SHORT, ..LIMITS });
    let answer = timeout(PATIENCE / 2, sender.send(request(&to))).await.expect("an answer");
    assert_eq!(answer, WebhookAnswer::Delivered { status: 200 });
    timeout(PATIENCE, dripping).await.expect("the caller hung up").expect("a receiver");
}

#[tokio::test]
async fn s8_no_compression_is_asked_for() {
    let (_, asked) = exchange("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert!(!asked.to_ascii_lowercase().contains("accept-encoding"), "{asked}");
}
