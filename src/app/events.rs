//! The log, read and followed.
//!
//! One log stands behind `events(after:)` and every subscription. A follower reads the table behind its last sequence
//! and, when there is nothing, waits to be woken; who wakes it is only a hint, and it looks again by itself. What all
//! followers of a tenant are at is read once for all of them ([`super::tail`]).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::told::Told;
use super::{App, AppError};
use crate::store::{EventFilter, Owner, StoreError};

/// How many events are read at once.
const BATCH: u64 = 200;
/// How long a follower waits for a hint before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// From where a follower reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From what comes now.
    Now,
    /// From the oldest that is kept.
    Oldest,
    /// From behind this sequence.
    After(i64),
}

/// Why a follower looks at the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// It was told how far the log goes.
    Told,
    /// The database began another life.
    BeginsAnew,
    /// Nobody told it anything.
    ByItself,
}

/// What a follower is woken by: hints, or a time without any. The timer is set anew when it goes off, not with each
/// hint.
struct Hints {
    head: watch::Receiver<i64>,
    timer: Pin<Box<Sleep>>,
}

impl Hints {
    fn new(head: watch::Receiver<i64>) -> Self {
        Self { head, timer: Box::pin(tokio::time::sleep(LOOK_AGAIN)) }
    }

    /// How far the log goes, as far as was heard.
    fn heard(&mut self) -> i64 {
        *self.head.borrow_and_update()
    }

    /// A lost hint costs at most [`LOOK_AGAIN`].
    async fn next(&mut self) -> Woken {
        let give_up = Instant::now() + LOOK_AGAIN;
        loop {
            tokio::select! {
                biased;
                told = self.head.changed() => return if told.is_ok() { Woken::Told } else { Woken::BeginsAnew },
                () = &mut self.timer => {}
            }
            if Instant::now() >= give_up {
                return Woken::ByItself;
            }
            self.timer.as_mut().reset(give_up);
        }
    }
}

impl App {
    /// Where a follower begins; refuses what is older than the oldest kept.
    pub async fn event_start(&self, owner: &Owner, start: Start) -> Result<i64, AppError> {
        match start {
            Start::Now => Ok(self.store.event_head(&owner.tenant).await?),
            Start::Oldest | Start::After(0) => Ok(0),
            Start::After(after) => {
                let oldest = self.store.oldest_event(&owner.tenant).await?;
                if after.saturating_add(1) < oldest { Err(AppError::ResyncRequired(oldest)) } else { Ok(after) }
            }
        }
    }

    /// Follows the log from behind `after`, for ever. Where the database begins another life, whose log does not go as
    /// far, it goes on from that log's end.
    pub fn follow(
        &self,
        owner: Owner,
        filter: EventFilter,
        after: i64,
    ) -> impl Stream<Item = Result<Arc<Told>, StoreError>> + Send + use<> {
        let app = self.clone();
        async_stream::stream! {
            let mut hints = Hints::new(app.store.heads().watch(&owner.tenant));
            let tail = app.tails.of(&owner.tenant);
            let mut after = after;
            // What was heard before it began says nothing of what was missed.
            let mut woken = Woken::ByItself;
            loop {
                let heard = hints.heard();
                let upto = match tail.reach(&app.store, (woken == Woken::Told).then_some(heard)).await {
                    Ok(upto) => upto,
                    Err(error) => { yield Err(error); return; }
                };
                if woken == Woken::BeginsAnew {
                    after = after.min(upto);
                }
                while after < upto {
                    if let Some(events) = tail.take(after, upto, |event| filter.wants(&owner, event)) {
                        for event in events {
                            yield Ok(event);
                        }
                        after = upto;
                        continue;
                    }
                    let events = match app.store.events_after(&owner, &filter, after, BATCH).await {
                        Ok(events) => events,
                        Err(error) => { yield Err(error); return; }
                    };
                    let last = events.last().map_or(upto, |event| event.sequence);
                    let more = events.len() as u64 == BATCH;
                    for event in events {
                        yield Ok(Arc::new(Told::for_one(event)));
                    }
                    after = if more { last } else { upto.max(last) };
                }
                woken = hints.next().await;
                if woken == Woken::BeginsAnew {
                    hints.head = app.store.heads().watch(&owner.tenant);
                }
            }
        }
    }
}
