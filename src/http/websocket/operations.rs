//! The operations that live on one socket.
//!
//! Each runs in its own task and hands what it has to the connection through one bounded channel, with a serial
//! number. The connection alone knows which serial lives under which id, so nothing of an operation that was
//! completed, and whose id may be in use again, reaches the client.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::close::Close;
use crate::graphql::answer::Answer;

/// Answers that may wait for the connection.
const QUEUE: usize = 32;

/// What an operation has for its client.
#[derive(Debug)]
pub struct Delivery {
    pub id: Arc<str>,
    serial: u64,
    /// None: the operation has ended.
    pub answer: Option<Answer>,
}

/// The live operations of a socket. Dropped, it ends them all; mutations go on in tasks of their own.
#[derive(Debug)]
pub struct Operations {
    live: HashMap<Arc<str>, Live>,
    serials: u64,
    limit: usize,
    /// Boxed, as in the connection's own queue: room for all that may wait is there from the beginning.
    sender: mpsc::Sender<Box<Delivery>>,
}

#[derive(Debug)]
struct Live {
    serial: u64,
    _task: AbortOnDropHandle<()>,
}

impl Operations {
    pub fn new(limit: usize) -> (Self, mpsc::Receiver<Box<Delivery>>) {
        let (sender, deliveries) = mpsc::channel(QUEUE);
        (Self { live: HashMap::new(), serials: 0, limit, sender }, deliveries)
    }

    /// Whether an operation may begin under this id.
    pub fn admit(&self, id: &str) -> Result<(), Close> {
        if self.live.contains_key(id) {
            return Err(Close::DuplicateId);
        }
        if self.live.len() >= self.limit { Err(Close::TooManyOperations) } else { Ok(()) }
    }

    /// Begins an operation that was admitted.
    pub fn begin(&mut self, id: String, answers: BoxStream<'static, Answer>) {
        self.serials += 1;
        let id = Arc::<str>::from(id);
        let task = tokio::spawn(deliver(Arc::clone(&id), self.serials, answers, self.sender.clone()));
        self.live.insert(id, Live { serial: self.serials, _task: AbortOnDropHandle::new(task) });
    }

    /// Ends an operation; an unknown id is passed over.
    pub fn end(&mut self, id: &str) {
        self.live.remove(id);
    }

    /// Whether a delivery is from the operation that lives under its id now.
    pub fn is_live(&self, delivery: &Delivery) -> bool {
        self.live.get(&delivery.id).is_some_and(|live| live.serial == delivery.serial)
    }
}

/// Hands over every answer and then the end; stops when the connection is gone.
async fn deliver(
    id: Arc<str>,
    serial: u64,
    mut answers: BoxStream<'static, Answer>,
    sender: mpsc::Sender<Box<Delivery>>,
) {
    loop {
        let answer = answers.next().await;
        let is_last = answer.is_none();
        let delivered = sender.send(Box::new(Delivery { id: Arc::clone(&id), serial, answer })).await;
        if is_last || delivered.is_err() {
            return;
        }
    }
}
