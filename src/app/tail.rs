//! The ends of the tenants' logs, read once for all who follow them.
//!
//! Purpose: that an event costs its tenant's followers one reading, however many they are. Mechanism: whoever is woken
//! first has the log read on, for all; the others wait for that and take what they want from memory, where the last
//! 1,024 events stay. The log is read in a task of its own, since nobody knows when a follower is polled again: one
//! whose client takes nothing must not hold the others up. Who is further behind than what is kept reads the table
//! itself, and so do all where an event cannot be read. Guarantee: what is kept has no gap, and goes on from what the
//! table held when it was read on; a log that went back, or that changed at its end, is begun anew (a backup was
//! restored, or a replica promoted): whoever begins to follow has the last event compared with the table's, though the
//! log goes no further. A tenant that nobody follows costs nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

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
}

#[derive(Debug, Default)]
struct Kept {
    /// How far the log was read; None: never.
    upto: Option<i64>,
    /// The last events up to there, without a gap.
    events: VecDeque<Arc<Event>>,
    /// How often it could not be told how far the log goes.
    failures: u64,
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
        Self { everything, reading: tokio::sync::Mutex::default(), kept: Mutex::default() }
    }

    /// Has the log read at least up to `heard`, where that was not done yet; up to its head, where nothing was heard.
    /// Answers how far it was read.
    pub async fn reach(self: &Arc<Self>, store: &Store, heard: Option<i64>) -> Result<i64, StoreError> {
        let goal = match heard {
            Some(heard) => Goal::Heard(heard),
            None => Goal::Head(self.head(store).await?),
        };
        if let Some(upto) = self.reached(goal) {
            return Ok(upto);
        }
        let reading = Arc::clone(self).read_to(goal, store.clone());
        match tokio::spawn(reading).await {
            Ok(reached) => reached,
            // It panicked, or the process ends: whoever asks reads the table itself.
            Err(_) => self.head(store).await,
        }
    }

    /// What is wanted of the events behind `after` up to `upto`; None where they are not all kept.
    pub fn take(&self, after: i64, upto: i64, wanted: impl Fn(&Event) -> bool) -> Option<Vec<Arc<Event>>> {
        let kept = self.lock();
        let first = kept.events.front().filter(|_| kept.upto >= Some(upto))?.sequence;
        let skipped = usize::try_from(after.saturating_add(1).checked_sub(first)?).ok()?;
        let behind = kept.events.iter().skip(skipped).take_while(|event| event.sequence <= upto);
        Some(behind.filter(|event| wanted(event)).cloned().collect())
    }

    /// How far the log goes, by the table.
    async fn head(&self, store: &Store) -> Result<i64, StoreError> {
        store.event_head(&self.everything.tenant).await
    }

    /// How far the log was read, where that is as far as is wanted, and nothing of what is kept is in doubt.
    fn reached(&self, goal: Goal) -> Option<i64> {
        let kept = self.lock();
        let upto = kept.upto?;
        let is_far_enough = match goal {
            Goal::Heard(heard) => upto >= heard,
            // Further would be a log that has gone back; and one that goes as far may have gone back and grown again.
            Goal::Head(head) => upto == head && kept.events.is_empty(),
        };
        is_far_enough.then_some(upto)
    }

    /// Reads on, unless another task came far enough meanwhile. Of those who waited for one that failed, none is held up
    /// by the next: each asks the table itself.
    async fn read_to(self: Arc<Self>, goal: Goal, store: Store) -> Result<i64, StoreError> {
        let failures = self.lock().failures;
        let reading = self.reading.lock().await;
        if let Some(upto) = self.reached(goal) {
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
        let mut kept = self.lock();
        kept.upto = Some(head);
        kept.events.clear();
        head
    }

    /// The last event that is kept.
    fn last(&self) -> Option<Arc<Event>> {
        self.lock().events.back().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, read: impl Iterator<Item = Event>) {
        for event in read {
            if self.events.back().is_some_and(|last| last.sequence + 1 != event.sequence) {
                self.events.clear();
            }
            if self.events.len() == MOST_EVENTS {
                self.events.pop_front();
            }
            self.upto = Some(event.sequence);
            self.events.push_back(Arc::new(event));
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::event::{EventType, SubjectKind};

    fn event(sequence: i64) -> Event {
        Event {
            sequence,
            subject_kind: SubjectKind::Payment,
            subject_id: Uuid::nil(),
            subject_version: 1,
            customer: None,
            status: None,
            kind: EventType::PaymentCreated,
            actor: "test".to_owned(),
            reason: None,
            failure: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn tail(sequences: impl IntoIterator<Item = i64>) -> Tail {
        let tail = Tail::new(&TenantId::try_new("acme").expect("a tenant"));
        tail.lock().add(sequences.into_iter().map(event));
        tail
    }

    fn taken(tail: &Tail, after: i64, upto: i64) -> Option<Vec<i64>> {
        let events = tail.take(after, upto, |_| true)?;
        Some(events.iter().map(|event| event.sequence).collect())
    }

    #[test]
    fn what_is_taken_has_no_gap_and_no_repetition() {
        let tail = tail(5..=9);
        assert_eq!(taken(&tail, 4, 9), Some(vec![5, 6, 7, 8, 9]));
        assert_eq!(taken(&tail, 6, 8), Some(vec![7, 8]));
        assert_eq!(taken(&tail, 9, 9), Some(vec![]));
        assert_eq!(taken(&tail, 3, 9), None, "the fourth is not kept");
        let some = tail.take(4, 9, |event| event.sequence % 2 == 0).expect("they are kept");
        assert_eq!(some.iter().map(|event| event.sequence).collect::<Vec<_>>(), [6, 8]);
    }

    #[test]
    fn behind_a_gap_it_begins_anew() {
        let tail = tail([1, 2, 5, 6]);
        assert_eq!(taken(&tail, 2, 6), None);
        assert_eq!(taken(&tail, 4, 6), Some(vec![5, 6]));
    }

    #[test]
    fn nothing_is_taken_that_was_not_read() {
        let tail = tail(5..=9);
        assert_eq!(taken(&tail, 4, 10), None, "the tenth was not read");
        assert_eq!(tail.begin_at(7), 7);
        assert_eq!(taken(&tail, 4, 7), None, "what was kept is of another log");
        assert_eq!((tail.reached(Goal::Head(7)), tail.reached(Goal::Heard(6))), (Some(7), Some(7)));
        assert_eq!((tail.reached(Goal::Head(6)), tail.reached(Goal::Heard(8))), (None, None));
    }

    #[test]
    fn what_is_kept_is_in_doubt_however_far_the_log_goes() {
        let tail = tail(5..=9);
        assert_eq!(tail.reached(Goal::Head(9)), None, "another ninth may stand there");
        assert_eq!(tail.reached(Goal::Heard(9)), Some(9));
    }

    #[test]
    fn the_number_is_bounded() {
        let most = MOST_EVENTS as i64;
        let tail = tail(1..=most + 10);
        assert_eq!(tail.lock().events.len(), MOST_EVENTS);
        assert_eq!(taken(&tail, 9, most + 10), None);
        assert_eq!(taken(&tail, 10, 12), Some(vec![11, 12]));
    }

    #[test]
    fn a_tail_lasts_as_long_as_it_is_followed() {
        let tails = Tails::default();
        let tenant = |name| TenantId::try_new(name).expect("a tenant");
        let (one, same) = (tails.of(&tenant("acme")), tails.of(&tenant("acme")));
        assert!(Arc::ptr_eq(&one, &same));
        drop((one, same));
        let _other = tails.of(&tenant("umbrella"));
        assert_eq!(tails.0.lock().unwrap().len(), 1);
    }
}
