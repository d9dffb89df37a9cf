//! What is found out once, for all who ask it at about the same time.
//!
//! Purpose: that an answer costs as much for many as for one. Mechanism: whoever asks first has it found out, in a
//! task of its own, since nobody knows when an asker is polled again; who comes meanwhile waits for that, and who
//! comes later takes what was found. Several questions may be found out together, each told to those who ask it.
//! Guarantee: nothing is told that was begun to be found out more than [`FRESH`] ago; what failed is not kept, and
//! each who waited for it asks by itself, so that no row of failures stands before anybody. Memory is bounded: no
//! more than [`MOST_KEPT`] questions at once, each forgotten when it is no longer fresh, asked again or not.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::ports::clock::Clock;

/// How long it may be told what was found out.
pub const FRESH: Duration = Duration::from_millis(250);
/// Questions that are kept at once. Who asks another one meanwhile asks by itself.
const MOST_KEPT: usize = 16;

/// Answers by their questions.
pub struct Memo<K, V> {
    life: Duration,
    entries: Mutex<Vec<Entry<K, V>>>,
}

/// A question that was asked.
struct Entry<K, V> {
    key: K,
    since: Timestamp,
    /// None until it is found out.
    answer: watch::Receiver<Option<V>>,
}

/// What was found out, and when that was begun: it is at least as new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aged<V> {
    /// What was found out.
    pub value: V,
    /// The moment before.
    pub since: Timestamp,
}

/// What is there for one who asks.
enum Found<V> {
    Known(Aged<V>),
    /// It is being found out.
    Soon(Timestamp, watch::Receiver<Option<V>>),
}

/// One finding out. When it ends, and however it ends, its question is forgotten.
pub struct Finding<K, V> {
    memo: Weak<Memo<K, V>>,
    answer: watch::Sender<Option<V>>,
}

impl<K, V> Drop for Finding<K, V> {
    fn drop(&mut self) {
        if let Some(memo) = self.memo.upgrade() {
            let own = self.answer.subscribe();
            memo.lock().retain(|entry| !entry.answer.same_channel(&own));
        }
    }
}

/// Without what is kept, which belongs to clients.
impl<K, V> fmt::Debug for Memo<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

/// Without what is asked and found, which belongs to clients.
impl<K, V> fmt::Debug for Finding<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding").finish_non_exhaustive()
    }
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self::lasting(FRESH)
    }
}

impl<K, V> Memo<K, V> {
    fn lasting(life: Duration) -> Self {
        Self { life, entries: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry<K, V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Memo<K, V>
where
    K: Clone + Eq + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// What is known, or what `find_out` finds: it is called where nobody has asked for this lately, and answers None
    /// where it failed. `since`: where it stands on something older, how old that is. None: to be asked by oneself.
    pub async fn get<F>(
        self: &Arc<Self>,
        key: &K,
        clock: &Clock,
        since: Option<Timestamp>,
        find_out: impl FnOnce() -> F,
    ) -> Option<Aged<V>>
    where
        F: Future<Output = Option<V>> + Send + 'static,
    {
        match self.look(key, clock, since, find_out)? {
            Found::Known(known) => Some(known),
            Found::Soon(since, answer) => found(answer).await.map(|value| Aged { value, since }),
        }
    }

    fn look<F>(
        self: &Arc<Self>,
        key: &K,
        clock: &Clock,
        since: Option<Timestamp>,
        find_out: impl FnOnce() -> F,
    ) -> Option<Found<V>>
    where
        F: Future<Output = Option<V>> + Send + 'static,
    {
        let mut entries = self.lock();
        let now = clock.now();
        entries.retain(|entry| is_within(self.life, entry.since, now));
        if let Some(entry) = entries.iter().find(|entry| entry.key == *key) {
            return Some(entry.found());
        }
        if entries.len() >= MOST_KEPT {
            return None;
        }
        let since = since.unwrap_or(now);
        let finding = self.enter(&mut entries, key, since);
        drop(entries);
        let answer = finding.answer.subscribe();
        drop(tokio::spawn(run(finding, find_out(), self.life)));
        Some(Found::Soon(since, answer))
    }

    /// What is known, where somebody has found it out lately.
    pub fn known(&self, key: &K, clock: &Clock) -> Option<Aged<V>> {
        let (entries, now) = (self.lock(), clock.now());
        let entry = entries.iter().find(|entry| entry.key == *key && is_within(self.life, entry.since, now))?;
        let value = entry.answer.borrow().clone()?;
        Some(Aged { value, since: entry.since })
    }

    /// Takes on to find out what will be asked soon, to be told with [`tell`]; dropped before, it is told to nobody.
    /// `since`: where it stands on something older, how old that is. None: somebody has asked for it lately, or so much
    /// else was asked.
    pub fn take_on(self: &Arc<Self>, key: &K, clock: &Clock, since: Option<Timestamp>) -> Option<Finding<K, V>> {
        let mut entries = self.lock();
        let now = clock.now();
        entries.retain(|entry| is_within(self.life, entry.since, now));
        let is_free = entries.len() < MOST_KEPT && entries.iter().all(|entry| entry.key != *key);
        is_free.then(|| self.enter(&mut entries, key, since.unwrap_or(now)))
    }

    fn enter(self: &Arc<Self>, entries: &mut Vec<Entry<K, V>>, key: &K, since: Timestamp) -> Finding<K, V> {
        let (sender, answer) = watch::channel(None);
        entries.push(Entry { key: key.clone(), since, answer });
        Finding { memo: Arc::downgrade(self), answer: sender }
    }
}

/// Tells what was found out together to all who wait for any of it, and keeps it as long as it is fresh.
pub fn tell<K, V>(found: Vec<(Finding<K, V>, V)>)
where
    K: Send + 'static,
    V: Send + Sync + 'static,
{
    let mut findings = Vec::with_capacity(found.len());
    for (finding, value) in found {
        finding.answer.send_replace(Some(value));
        findings.push(finding);
    }
    if !findings.is_empty() {
        drop(tokio::spawn(async move {
            tokio::time::sleep(FRESH).await;
            drop(findings);
        }));
    }
}

impl<K, V: Clone> Entry<K, V> {
    fn found(&self) -> Found<V> {
        let known = self.answer.borrow().clone();
        match known {
            Some(value) => Found::Known(Aged { value, since: self.since }),
            None => Found::Soon(self.since, self.answer.clone()),
        }
    }
}

/// Whether what was begun then may be told now. A clock that was set back by as much has it begun anew as well.
fn is_within(life: Duration, since: Timestamp, now: Timestamp) -> bool {
    u128::from(now.as_microsecond().abs_diff(since.as_microsecond())) <= life.as_micros()
}

/// Waits for an answer; None where there will be none.
async fn found<V: Clone>(mut answer: watch::Receiver<Option<V>>) -> Option<V> {
    answer.wait_for(Option::is_some).await.ok()?.clone()
}

/// Finds it out, tells it to all who wait, and keeps it as long as it is fresh.
async fn run<K, V>(finding: Finding<K, V>, finding_out: impl Future<Output = Option<V>>, life: Duration) {
    let answer = finding_out.await;
    if answer.is_some() {
        finding.answer.send_replace(answer);
        tokio::time::sleep(life).await;
    }
    drop(finding);
}

#[cfg(test)]
mod tests;
