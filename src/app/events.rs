//! The log, read and followed.
//!
//! One log stands behind `events(after:)` and every subscription. A follower reads the table behind its last sequence
//! and, when there is nothing, waits to be woken; who wakes it is only a hint, and it looks again by itself. What all
//! followers of a tenant are at is read once for all of them ([`super::tail`]). Of what lies further back a follower
//! reads pages with others who are about there ([`super::pages`]) as long as he wants a quarter of it at least;
//! otherwise, as of one customer or one payment, the table is asked for what he wants.
//!
//! A backup may be restored, or a replica promoted that had not got the last events. A sequence that clients have heard
//! then stands for nothing, and whoever went on from it would miss what came instead: so a follower who begins at such
//! a place, or stands at one, is told that he is to begin anew. No log gives a sequence again that another life of the
//! database gave (see the store's `epoch`), so that one which stands in it is one that it always had.

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
use crate::domain::requester::TenantId;
use crate::store::{EventFilter, Owner, Store, StoreError};

/// How many events are read at once.
const BATCH: u64 = 200;
/// How long a follower waits for a hint before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// No log goes as much further in a moment, but where another life of the database goes on with it.
const LEAP: i64 = 1_000_000;

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
    /// Where a follower begins; refuses a place from which the log does not go on.
    pub async fn event_start(&self, owner: &Owner, start: Start) -> Result<i64, AppError> {
        match start {
            // Boxed: what asks for it, and then follows, would have room for it as long as it lives.
            Start::Now => Ok(Box::pin(self.store.event_head(&owner.tenant)).await?),
            Start::Oldest | Start::After(0) => Ok(0),
            Start::After(after) => Box::pin(self.require_place(&owner.tenant, after)).await.map(|()| after),
        }
    }

    /// Refuses a place that is older than the oldest kept, beyond the log's end, or of a life of the database that is
    /// forgotten.
    async fn require_place(&self, tenant: &TenantId, after: i64) -> Result<(), AppError> {
        if after == 0 || self.store.log_goes_on_behind(tenant, after).await? {
            return Ok(());
        }
        Err(AppError::ResyncRequired(self.store.oldest_event(tenant).await?))
    }

    /// Follows the log from behind `after`, for ever. Where the database begins another life, to whose log that does not
    /// belong, it ends with an error that says so.
    pub fn follow(
        &self,
        owner: Owner,
        filter: EventFilter,
        after: i64,
    ) -> impl Stream<Item = Result<Turn, AppError>> + Send + use<> {
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
                    Err(error) => { yield Err(AppError::Store(error)); return; }
                };
                if is_in_doubt(woken, after, upto) {
                    // Boxed, as it seldom is.
                    match Box::pin(app.require_place(&owner.tenant, after)).await {
                        Ok(()) => {}
                        Err(error) => { yield Err(error); return; }
                    }
                }
                while after < upto {
                    let read = match reader.behind(after, upto).await {
                        Ok(read) => read,
                        Err(error) => { yield Err(AppError::Store(error)); return; }
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
        let events = events.into_iter().map(|event| Arc::new(Told::new(event))).collect();
        Ok(Read { events, reached: if more { last } else { upto.max(last) } })
    }

    fn wants(&self, event: &Event) -> bool {
        self.filter.wants(&self.owner, event)
    }
}

/// Whether the table is to be asked if its log goes on from where a follower stands: in another life of the database,
/// where the log has gone back, and where it has leapt.
fn is_in_doubt(woken: Woken, after: i64, upto: i64) -> bool {
    let step = upto.saturating_sub(after);
    match woken {
        Woken::BeginsAnew => true,
        Woken::ByItself => !(0..LEAP).contains(&step),
        // What was read for others may go less far than where a follower began.
        Woken::Told => step >= LEAP,
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

    #[test]
    fn a_place_is_in_doubt_where_the_log_went_back_or_leapt_and_in_every_new_life() {
        assert!(is_in_doubt(Woken::ByItself, 8, 4), "the log went back");
        assert!(!is_in_doubt(Woken::Told, 8, 4), "others had not come as far yet");
        assert!(is_in_doubt(Woken::ByItself, 8, 1_790_000_000_000_001), "it leapt");
        assert!(is_in_doubt(Woken::Told, 8, 1_790_000_000_000_001), "it leapt");
        assert!(is_in_doubt(Woken::BeginsAnew, 8, 8), "eight may be another event");
        assert!(!is_in_doubt(Woken::ByItself, 8, 8) && !is_in_doubt(Woken::Told, 8, 9));
    }
}
