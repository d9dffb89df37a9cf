//! Pages of a log, read once for all who are further behind than its tail reaches.
//!
//! Purpose: that a past event, too, costs its followers one reading and one answer, where several are about there.
//! Mechanism: page *n* is what stands from sequence 200 *n* + 1 on, up to 200 events. Whoever comes to a page first
//! has it read, in a task of its own; who comes meanwhile waits for that, and who comes soon after takes what was
//! read. A page is kept a few seconds after its last use, and [`MOST_PAGES`] at once, so that who replays a long
//! history alone holds next to nothing. Guarantee: a page has no gap; what cannot be read so is asked of the table by
//! each for himself. Rows of a log never change, so that a page may be told as long as the log is the one it was read
//! from: whoever begins to follow has each page's end compared with the table ([`Pages::check`]), and a tail that is
//! begun anew forgets them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::told::Told;
use crate::domain::event::Event;

/// Sequences of a page.
pub const PAGE: i64 = 200;
/// Pages that are kept of one log at once: 1,600 events.
const MOST_PAGES: usize = 8;
/// A page that nobody has asked for between two looks, so far apart, is forgotten.
const LINGER: Duration = Duration::from_secs(2);

/// The pages of one log that are asked for.
#[derive(Debug, Default)]
pub struct Pages(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Entry>,
    /// How often a page was asked for.
    turns: u64,
    /// Whether a task looks after what is not used any more.
    is_swept: bool,
}

/// A page that is there, is being read, or could not be read.
#[derive(Debug)]
struct Entry {
    number: i64,
    /// When it was asked for last, in turns.
    turn: u64,
    was_used: bool,
    page: Reading,
}

/// The reading of a page; one that failed ends without it.
type Reading = watch::Receiver<Option<Arc<Page>>>;

/// Events of a log without a gap, never none.
#[derive(Debug)]
pub struct Page {
    first: i64,
    last: Arc<Told>,
    events: Vec<Arc<Told>>,
}

impl Page {
    /// Of what was read behind a sequence; None where it does not follow that, or not each the one before.
    fn of(from: i64, read: Vec<Event>) -> Option<Self> {
        let has_no_gap = read.iter().zip(from + 1..).all(|(event, sequence)| event.sequence == sequence);
        if !has_no_gap {
            return None;
        }
        let events: Vec<_> = read.into_iter().map(|event| Arc::new(Told::new(event))).collect();
        Some(Self { first: from + 1, last: Arc::clone(events.last()?), events })
    }

    /// The last sequence.
    pub fn last(&self) -> i64 {
        self.last.event.sequence
    }

    /// What stands behind a sequence.
    pub fn behind(&self, after: i64) -> &[Arc<Told>] {
        let skipped = usize::try_from(after.saturating_add(1).saturating_sub(self.first)).unwrap_or_default();
        self.events.get(skipped..).unwrap_or_default()
    }
}

impl Entry {
    fn is_being_read(&self) -> bool {
        self.page.has_changed().is_ok() && self.page.borrow().is_none()
    }

    /// Whether it has, or may come to have, what stands behind a sequence of its page. A page that was read when the
    /// log went less far is read again; so is one that could not be read.
    fn may_go_behind(&self, after: i64) -> bool {
        let known = self.page.borrow().as_ref().map(|page| page.last() > after);
        known.unwrap_or_else(|| self.page.has_changed().is_ok())
    }
}

impl Pages {
    /// The page with what stands behind a sequence, as it is kept or as `read` reads it: up to [`PAGE`] events behind
    /// the sequence that it is given. None: to be read by oneself.
    pub async fn behind<F>(self: &Arc<Self>, after: i64, read: impl FnOnce(i64) -> F) -> Option<Arc<Page>>
    where
        F: Future<Output = Option<Vec<Event>>> + Send + 'static,
    {
        let page = found(self.look(after, read)?).await?;
        (page.last() > after).then_some(page)
    }

    fn look<F>(self: &Arc<Self>, after: i64, read: impl FnOnce(i64) -> F) -> Option<Reading>
    where
        F: Future<Output = Option<Vec<Event>>> + Send + 'static,
    {
        let number = after.div_euclid(PAGE);
        let mut kept = self.lock();
        kept.turns += 1;
        let turn = kept.turns;
        kept.entries.retain(|entry| entry.number != number || entry.may_go_behind(after));
        if let Some(entry) = kept.entries.iter_mut().find(|entry| entry.number == number) {
            (entry.turn, entry.was_used) = (turn, true);
            return Some(entry.page.clone());
        }
        kept.make_room()?;
        let (ended, page) = watch::channel(None);
        kept.entries.push(Entry { number, turn, was_used: true, page: page.clone() });
        let is_first = !std::mem::replace(&mut kept.is_swept, true);
        drop(kept);
        if is_first {
            drop(tokio::spawn(sweep(Arc::downgrade(self))));
        }
        let from = after - after.rem_euclid(PAGE);
        let reading = read(from);
        drop(tokio::spawn(async move {
            if let Some(page) = reading.await.and_then(|read| Page::of(from, read)) {
                ended.send_replace(Some(Arc::new(page)));
            }
        }));
        Some(page)
    }

    /// Forgets the pages whose ends do not stand in the table as they were read. `read` is given their sequences, and
    /// answers None where it failed. What is being read is waited for, since nobody knows from which log it comes.
    pub async fn check<F>(&self, read: impl FnOnce(Vec<i64>) -> F)
    where
        F: Future<Output = Option<HashMap<i64, Event>>>,
    {
        let readings: Vec<_> = self.lock().entries.iter().map(|entry| entry.page.clone()).collect();
        let mut ends = Vec::with_capacity(readings.len());
        for reading in readings {
            if let Some(page) = found(reading.clone()).await {
                ends.push((reading, page));
            }
        }
        if ends.is_empty() {
            return;
        }
        let stands = read(ends.iter().map(|(_, page)| page.last()).collect()).await.unwrap_or_default();
        ends.retain(|(_, page)| stands.get(&page.last()) != Some(&*page.last.event));
        let is_false = |entry: &Entry| ends.iter().any(|(reading, _)| reading.same_channel(&entry.page));
        self.lock().entries.retain(|entry| !is_false(entry));
    }

    /// Forgets all, also what is being read.
    pub fn clear(&self) {
        self.lock().entries.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Forgets the page that was not asked for the longest, where as many are kept as may be; None where all of them
    /// are being read.
    fn make_room(&mut self) -> Option<()> {
        if self.entries.len() < MOST_PAGES {
            return Some(());
        }
        let there = self.entries.iter().filter(|entry| !entry.is_being_read());
        let oldest = there.map(|entry| entry.turn).min()?;
        self.entries.retain(|entry| entry.turn != oldest);
        Some(())
    }

    /// Forgets what was not asked for since the last time; answers whether anything is left.
    fn sweep(&mut self) -> bool {
        self.entries.retain_mut(|entry| std::mem::take(&mut entry.was_used) || entry.is_being_read());
        self.is_swept = !self.entries.is_empty();
        self.is_swept
    }
}

/// Looks after the pages as long as there are any.
async fn sweep(pages: Weak<Pages>) {
    loop {
        tokio::time::sleep(LINGER).await;
        let is_left = pages.upgrade().is_some_and(|pages| pages.lock().sweep());
        if !is_left {
            return;
        }
    }
}

/// Waits for a page; None where it could not be read.
async fn found(mut reading: Reading) -> Option<Arc<Page>> {
    reading.wait_for(Option::is_some).await.ok()?.clone()
}

#[cfg(test)]
mod tests;
