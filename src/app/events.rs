//! The log, read and followed.
//!
//! One log stands behind `events(after:)` and every subscription. A follower reads the table behind its last sequence
//! and, when there is nothing, waits to be woken; who wakes it is only a hint, and it looks again by itself. What all
//! followers of a tenant are at is read once for all of them ([`super::tail`]). Of what lies further back a follower
//! reads pages with others who are about there ([`super::pages`]) as long as he wants a quarter of it at least;
//! otherwise, as of one customer or one payment, the table is asked for what he wants.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::pages::Page;
use super::tail::Tail;
use super::told::{Told, Turn};
use super::{App, AppError};
use crate::domain::event::Event;
use crate::store::{EventFilter, Owner, Store, StoreError};

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
            // Boxed: what asks for it, and then follows, would have room for it as long as it lives.
            Start::Now => Ok(Box::pin(self.store.event_head(&owner.tenant)).await?),
            Start::Oldest | Start::After(0) => Ok(0),
            Start::After(after) => {
                let oldest = Box::pin(self.store.oldest_event(&owner.tenant)).await?;
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
    ) -> impl Stream<Item = Result<Turn, StoreError>> + Send + use<> {
        let app = self.clone();
        async_stream::stream! {
            let mut hints = Hints::new(app.store.heads().watch(&owner.tenant));
            let tail = app.tails.of(&owner.tenant);
            let mut reader = Reader::new(&app, Arc::clone(&tail), owner.clone(), filter);
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
                    let read = match reader.behind(after, upto).await {
                        Ok(read) => read,
                        Err(error) => { yield Err(error); return; }
                    };
                    for turn in Turn::of_each(read.events) {
                        yield Ok(turn);
                    }
                    after = read.reached;
                }
                woken = hints.next().await;
                if woken == Woken::BeginsAnew {
                    hints.head = app.store.heads().watch(&owner.tenant);
                }
            }
        }
    }
}

/// What a follower wants of some of the log.
struct Read {
    events: Vec<Arc<Told>>,
    /// The last sequence of which it is known whether it is wanted.
    reached: i64,
}

/// How one follower reads: what is kept of the log's end, or else a page with others, or else the table by himself.
struct Reader {
    store: Store,
    tail: Arc<Tail>,
    owner: Owner,
    filter: EventFilter,
    /// Whether enough of the log is wanted to read all of it.
    is_wide: bool,
}

impl Reader {
    /// Who asks neither for one customer's nor for one object's events is taken to want many, until it is known.
    fn new(app: &App, tail: Arc<Tail>, owner: Owner, filter: EventFilter) -> Self {
        let is_wide = owner.customer.is_none() && filter.subject_id.is_none();
        Self { store: app.store.clone(), tail, owner, filter, is_wide }
    }

    /// Some of what stands behind `after`, which goes up to `upto` at least.
    async fn behind(&mut self, after: i64, upto: i64) -> Result<Read, StoreError> {
        if let Some(events) = self.tail.take(after, upto, |event| self.wants(event)) {
            return Ok(Read { events, reached: upto });
        }
        // Boxed, as what comes else: a follower is seldom behind.
        let page = if self.is_wide { Box::pin(self.tail.page_behind(&self.store, after)).await } else { None };
        let read = match page {
            Some(page) => self.of_page(&page, after),
            None => Box::pin(self.alone(after, upto)).await?,
        };
        self.is_wide = is_wide(read.events.len(), read.reached - after);
        Ok(read)
    }

    /// What others are told, too.
    fn of_page(&self, page: &Page, after: i64) -> Read {
        let events = page.behind(after).iter().filter(|told| self.wants(&told.event)).cloned().collect();
        Read { events, reached: page.last() }
    }

    /// What is wanted alone, from the table.
    async fn alone(&self, after: i64, upto: i64) -> Result<Read, StoreError> {
        let events = self.store.events_after(&self.owner, &self.filter, after, BATCH).await?;
        let last = events.last().map_or(upto, |event| event.sequence);
        let more = events.len() as u64 == BATCH;
        let events = events.into_iter().map(|event| Arc::new(Told::for_one(event))).collect();
        Ok(Read { events, reached: if more { last } else { upto.max(last) } })
    }

    fn wants(&self, event: &Event) -> bool {
        self.filter.wants(&self.owner, event)
    }
}

/// Whether of so many events, of which some were wanted, all are to be read to find the wanted ones: a quarter of
/// them at least. Who wants less has the table look for it.
fn is_wide(wanted: usize, of: i64) -> bool {
    i64::try_from(wanted).unwrap_or(i64::MAX).saturating_mul(4) >= of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_a_quarter_of_the_log_reads_all_of_it() {
        assert!(is_wide(200, 200) && is_wide(50, 200) && is_wide(1, 4));
        assert!(!is_wide(49, 200) && !is_wide(0, 1) && !is_wide(200, 801));
    }
}
