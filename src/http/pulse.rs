//! What goes out on an answer that streams: answers, heartbeats, and the end.
//!
//! The events of a subscription are mixed with a heartbeat that carries the head of the tenant's log, so that a
//! client that missed something learns it while nothing happens. The stream ends with its events, with the token, or
//! with the server; in the last case without a word, so that clients come back. The answers are made in a task of
//! their own, which may hold a connection of the database: nobody knows when a client, or a heartbeat that needs a
//! connection too, lets it go on otherwise. Little is produced ahead of the reader: what a client that does not read
//! holds is bounded by [`AHEAD`]; of what waits there, several go out in one write.

use std::pin::Pin;

use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Interval, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tokio_util::task::AbortOnDropHandle;

use super::graphql::{Edge, HeadOf};
use crate::domain::requester::{Requester, TenantId};
use crate::graphql::answer::Answer;

/// Answers that may wait for the client.
const AHEAD: usize = 8;

/// One thing to write to a client.
#[derive(Debug)]
pub enum Pulse {
    Answer(Answer),
    /// The last sequence of the tenant's log, where it is known.
    Heartbeat(Option<i64>),
    /// The token has ended; nothing follows.
    TokenEnded,
    /// The operation has ended; nothing follows.
    Complete,
}

struct Heart {
    answers: mpsc::Receiver<Answer>,
    _making: AbortOnDropHandle<()>,
    tenant: TenantId,
    head_of: HeadOf,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    beats: Interval,
    token_end: Pin<Box<Sleep>>,
    has_ended: bool,
}

/// Mixes answers with heartbeats, of which the first goes out at once.
pub fn pulses(edge: &Edge, requester: &Requester, made: BoxStream<'static, Answer>) -> BoxStream<'static, Pulse> {
    let (answer, answers) = mpsc::channel(AHEAD);
    let heart = Heart {
        answers,
        _making: AbortOnDropHandle::new(tokio::spawn(hand_over(made, answer))),
        tenant: requester.tenant.clone(),
        head_of: edge.head_of.clone(),
        // A token of its own: at one that all waited for, each would wait for the others at every answer.
        stop: Box::pin(edge.shutdown.child_token().cancelled_owned()),
        beats: tokio::time::interval(edge.limits.heartbeat),
        token_end: Box::pin(tokio::time::sleep(edge.authenticator.time_left(requester))),
        has_ended: false,
    };
    stream::unfold(heart, |mut heart| async move { heart.beat().await.map(|pulse| (pulse, heart)) }).boxed()
}

/// Hands over every answer; stops when nobody takes them any more.
async fn hand_over(mut made: BoxStream<'static, Answer>, answers: mpsc::Sender<Answer>) {
    while let Some(answer) = made.next().await {
        if answers.send(answer).await.is_err() {
            return;
        }
    }
}

impl Heart {
    async fn beat(&mut self) -> Option<Pulse> {
        if self.has_ended {
            return None;
        }
        let pulse = tokio::select! {
            biased;
            () = &mut self.stop => None,
            () = &mut self.token_end => Some(Pulse::TokenEnded),
            answer = self.answers.recv() => Some(answer.map_or(Pulse::Complete, Pulse::Answer)),
            _ = self.beats.tick() => Some(Pulse::Heartbeat((self.head_of)(self.tenant.clone()).await)),
        };
        self.has_ended = !matches!(pulse, Some(Pulse::Answer(_) | Pulse::Heartbeat(_)));
        pulse
    }
}
