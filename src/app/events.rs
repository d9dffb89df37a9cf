//! The log, read and followed.
//!
//! One log stands behind `events(after:)` and every subscription. A follower reads the table behind its last sequence
//! and, when there is nothing, waits to be woken; who wakes it is only a hint, and it looks again by itself.

use std::time::Duration;

use futures_util::Stream;

use super::{App, AppError};
use crate::domain::event::Event;
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

    /// Follows the log from behind `after`, for ever.
    pub fn follow(
        &self,
        owner: Owner,
        filter: EventFilter,
        after: i64,
    ) -> impl Stream<Item = Result<Event, StoreError>> + Send + use<> {
        let app = self.clone();
        async_stream::stream! {
            let mut head = app.store.heads().watch(&owner.tenant);
            let mut after = after;
            loop {
                head.borrow_and_update();
                let upto = match app.store.event_head(&owner.tenant).await {
                    Ok(upto) => upto,
                    Err(error) => { yield Err(error); return; }
                };
                while after < upto {
                    let events = match app.store.events_after(&owner, &filter, after, BATCH).await {
                        Ok(events) => events,
                        Err(error) => { yield Err(error); return; }
                    };
                    let last = events.last().map_or(upto, |event| event.sequence);
                    let more = events.len() as u64 == BATCH;
                    for event in events {
                        yield Ok(event);
                    }
                    after = if more { last } else { upto.max(last) };
                }
                // A lost hint costs at most this long.
                let _ = tokio::time::timeout(LOOK_AGAIN, head.changed()).await;
            }
        }
    }
}
