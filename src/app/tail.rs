//! The ends of the tenants' logs, read once for all who follow them.
//!
//! Purpose: that an event costs its tenant's followers one reading, however many they are. Mechanism: whoever is
//! woken first has the log read on, for all; the others wait for that reading, which wakes them together, and take
//! what they want from memory, where the last 1,024 events stay, each with what was found out to tell it ([`Told`]).
//! The log is read in a task of its own, since nobody knows when a follower is polled again: one whose client takes
//! nothing must not hold the others up. Who is further behind reads [`super::pages`], or the table itself. Guarantee:
//! what is kept has no gap, and goes on from what the table held when it was read on; a log that went back, or that
//! changed at its end, is begun anew (a backup was restored, or a replica promoted): whoever begins to follow has the
//! last event compared with the table's, though the log goes no further, and the pages' ends too. A tenant that
//! nobody follows costs nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use super::pages::{PAGE, Page, Pages};
use super::told::Told;
use crate::domain::event::Event;
use crate::domain::requester::TenantId;
use crate::store::{EventFilter, Owner, Store, StoreError};

/// Events that are kept of one tenant.
const MOST_EVENTS: usize = 1024;
/// How much further a log may have gone, to be read on instead of begun anew: no more than would be kept.
const LONGEST_STEP: i64 = 1024;
/// How many events are read at once.
const BATCH: u64 = 200;

/// The tails of the tenants that are followed.
#[derive(Debug, Default)]
pub struct Tails(Mutex<HashMap<TenantId, Weak<Tail>>>);

impl Tails {
    /// The tail of a tenant, shared by all who hold it.
    pub fn of(&self, tenant: &TenantId) -> Arc<Tail> {
        let mut tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tail) = tails.get(tenant).and_then(Weak::upgrade) {
            return tail;
        }
        tails.retain(|_, tail| tail.strong_count() > 0);
        let tail = Arc::new(Tail::new(tenant));
        tails.insert(tenant.clone(), Arc::downgrade(&tail));
        tail
    }
}

/// The end of one tenant's log.
#[derive(Debug)]
pub struct Tail {
    everything: Owner,
    /// Held by the task that reads the log on.
    reading: tokio::sync::Mutex<()>,
    kept: Mutex<Kept>,
    pages: Arc<Pages>,
}

#[derive(Debug, Default)]
struct Kept {
    /// How far the log was read; None: never.
    upto: Option<i64>,
    /// The last events up to there, without a gap.
    events: VecDeque<Arc<Told>>,
    /// How often it could not be told how far the log goes.
    failures: u64,
    /// The last reading that followers had begun who heard of something.
    step: Option<Step>,
}

/// A reading of the log: how far it came, once it has ended. One that failed ends without that.
type Step = watch::Receiver<Option<i64>>;

/// What is there for a follower who heard of something.
#[derive(Debug)]
enum Joined {
    /// The log was read that far.
    Reached(i64),
    /// It is being read.
    Reading(Step),
}

/// How far a log is to be read.
#[derive(Clone, Copy, Debug)]
enum Goal {
    /// At least to what was heard of.
    Heard(i64),
    /// To where the table says that it ends.
    Head(i64),
}

impl Tail {
    fn new(tenant: &TenantId) -> Self {
        let everything = Owner { tenant: tenant.clone(), customer: None };
        Self { everything, reading: tokio::sync::Mutex::default(), kept: Mutex::default(), pages: Arc::default() }
    }

    /// Has the log read at least up to `heard`, where that was not done yet; up to its head, where nothing was heard.
    /// Answers how far it was read.
    pub async fn reach(self: &Arc<Self>, store: &Store, heard: Option<i64>) -> Result<i64, StoreError> {
        match heard {
            Some(heard) => self.reach_heard(store, heard).await,
            // Boxed, as all that a follower seldom waits for: it would have room for it as long as it lives.
            None => Box::pin(self.reach_head(store)).await,
        }
    }

    async fn reach_head(self: &Arc<Self>, store: &Store) -> Result<i64, StoreError> {
        self.check_pages(store).await;
        let goal = Goal::Head(self.head(store).await?);
        if let Some(upto) = self.lock().reached(goal) {
            return Ok(upto);
        }
        let reading = Arc::clone(self).read_to(goal, store.clone());
        match tokio::spawn(reading).await {
            Ok(reached) => reached,
            // It panicked, or the process ends: whoever asks reads the table itself.
            Err(_) => self.head(store).await,
        }
    }

    /// One reading is enough for all who heard, but for those who heard after it had begun.
    async fn reach_heard(self: &Arc<Self>, store: &Store, heard: i64) -> Result<i64, StoreError> {
        let mut reached = None;
        for _the_one_under_way_and_the_next in 0..2 {
            let mut step = match self.join(store, heard) {
                Joined::Reached(upto) => return Ok(upto),
                Joined::Reading(step) => step,
            };
            reached = step.wait_for(Option::is_some).await.ok().and_then(|upto| *upto);
            if reached.is_none() {
                break;
            }
        }
        match reached {
            Some(upto) => Ok(upto),
            // It failed, it panicked, or the process ends: whoever asks reads the table itself.
            None => Box::pin(self.head(store)).await,
        }
    }

    /// Joins the reading that is under way, or begins one.
    fn join(self: &Arc<Self>, store: &Store, heard: i64) -> Joined {
        let goal = Goal::Heard(heard);
        let mut kept = self.lock();
        if let Some(upto) = kept.reached(goal) {
            return Joined::Reached(upto);
        }
        if let Some(step) = kept.step.as_ref().filter(|step| is_under_way(step)) {
            return Joined::Reading(step.clone());
        }
        let (ended, step) = watch::channel(None);
        kept.step = Some(step.clone());
        drop(kept);
        let reading = Arc::clone(self).read_to(goal, store.clone());
        drop(tokio::spawn(async move {
            if let Ok(upto) = reading.await {
                ended.send_replace(Some(upto));
            }
        }));
        Joined::Reading(step)
    }

    /// What is wanted of the events behind `after` up to `upto`; None where they are not all kept.
    pub fn take(&self, after: i64, upto: i64, wanted: impl Fn(&Event) -> bool) -> Option<Vec<Arc<Told>>> {
        let kept = self.lock();
        let first = kept.events.front().filter(|_| kept.upto >= Some(upto))?.event.sequence;
        let skipped = usize::try_from(after.saturating_add(1).checked_sub(first)?).ok()?;
        let behind = kept.events.range(skipped.min(kept.events.len())..);
        let behind = behind.take_while(|told| told.event.sequence <= upto);
        Some(behind.filter(|told| wanted(&told.event)).cloned().collect())
    }

    /// The page with what stands behind `after`; None where the log is to be read by oneself.
    pub async fn page_behind(&self, store: &Store, after: i64) -> Option<Arc<Page>> {
        let (store, everything) = (store.clone(), self.everything.clone());
        let read = move |from: i64| async move {
            store.events_after(&everything, &EventFilter::default(), from, PAGE.unsigned_abs()).await.ok()
        };
        self.pages.behind(after, read).await
    }

    /// Forgets the pages that are of another log.
    async fn check_pages(&self, store: &Store) {
        let read = move |ends: Vec<i64>| async move { store.events_at(&self.everything.tenant, &ends).await.ok() };
        self.pages.check(read).await;
    }

    /// How far the log goes, by the table.
    async fn head(&self, store: &Store) -> Result<i64, StoreError> {
        store.event_head(&self.everything.tenant).await
    }

    /// Reads on, unless another task came far enough meanwhile. Of those who waited for one that failed, none is held
    /// up by the next: each asks the table itself.
    async fn read_to(self: Arc<Self>, goal: Goal, store: Store) -> Result<i64, StoreError> {
        let failures = self.lock().failures;
        let reading = self.reading.lock().await;
        if let Some(upto) = self.lock().reached(goal) {
            return Ok(upto);
        }
        let has_failed = self.lock().failures != failures;
        if has_failed {
            drop(reading);
            return self.head(&store).await;
        }
        self.read_on(&store).await.inspect_err(|_| self.lock().failures += 1)
    }

    /// Reads from where it was left to the head. Where that is too far, or an event cannot be read, it goes on from the
    /// head: then nothing is kept of what lies between.
    async fn read_on(&self, store: &Store) -> Result<i64, StoreError> {
        let head = self.head(store).await?;
        let left_at = self.lock().upto;
        let is_near = |upto: &i64| (0..=LONGEST_STEP).contains(&head.saturating_sub(*upto));
        let Some(mut after) = left_at.filter(is_near) else { return Ok(self.begin_at(head)) };
        if after == head && !self.still_ends_as_kept(store).await {
            return Ok(self.begin_at(head));
        }
        while after < head {
            let Some(reached) = self.read_behind(store, after).await else { return Ok(self.begin_at(head)) };
            after = reached;
        }
        Ok(after)
    }

    /// Whether the last event that is kept, if any is, stands in the table as it was read.
    async fn still_ends_as_kept(&self, store: &Store) -> bool {
        let Some(last) = self.last() else { return true };
        let read = store.events_after(&self.everything, &EventFilter::default(), last.sequence - 1, 1).await;
        read.is_ok_and(|read| read.first() == Some(&*last))
    }

    /// Reads some of what stands behind `after`, and answers how far it came; None where it cannot be read, or does not
    /// go on from the last event that is kept.
    async fn read_behind(&self, store: &Store, after: i64) -> Option<i64> {
        let last = self.last();
        let from = last.as_ref().map_or(after, |last| last.sequence - 1);
        let read = store.events_after(&self.everything, &EventFilter::default(), from, BATCH).await.ok()?;
        let mut read = read.into_iter();
        if last.is_some_and(|last| read.next().as_ref() != Some(&*last)) {
            return None;
        }
        let reached = read.as_slice().last()?.sequence;
        self.lock().add(read);
        Some(reached)
    }

    /// Forgets what is kept: the log was read up to here, and nothing of it is known.
    fn begin_at(&self, head: i64) -> i64 {
        self.pages.clear();
        let mut kept = self.lock();
        kept.upto = Some(head);
        kept.events.clear();
        head
    }

    /// The last event that is kept.
    fn last(&self) -> Option<Arc<Event>> {
        self.lock().events.back().map(|told| Arc::clone(&told.event))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a reading goes on; behind one that has ended, or failed, whoever comes begins another.
fn is_under_way(step: &Step) -> bool {
    step.has_changed().is_ok() && step.borrow().is_none()
}

impl Kept {
    /// How far the log was read, where that is as far as is wanted, and nothing of what is kept is in doubt.
    fn reached(&self, goal: Goal) -> Option<i64> {
        let upto = self.upto?;
        let is_far_enough = match goal {
            Goal::Heard(heard) => upto >= heard,
            // Further would be a log that has gone back; and one that goes as far may have gone back and grown again.
            Goal::Head(head) => upto == head && self.events.is_empty(),
        };
        is_far_enough.then_some(upto)
    }

    fn add(&mut self, read: impl Iterator<Item = Event>) {
        for event in read {
            if self.events.back().is_some_and(|last| last.event.sequence + 1 != event.sequence) {
                self.events.clear();
            }
            if self.events.len() == MOST_EVENTS {
                self.events.pop_front();
            }
            self.upto = Some(event.sequence);
            self.events.push_back(Arc::new(Told::new(event)));
        }
    }
}

#[cfg(test)]
mod tests;
