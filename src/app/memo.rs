//! What is found out once, for all who ask it at about the same time.
//!
//! Purpose: that an answer costs as much for many as for one. Mechanism: whoever asks first has it found out, in a
//! task of its own, since nobody knows when an asker is polled again; who comes meanwhile waits for that, and who comes
//! later takes what was found. Guarantee: nothing is told that was begun to be found out more than [`FRESH`] ago; what
//! failed is not kept, and each who waited for it asks by itself, so that no row of failures stands before anybody.
//! Memory is bounded: no more than [`MOST_KEPT`] questions at once, each forgotten when it is no longer fresh, asked
//! again or not.

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
struct Finding<K, V> {
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
        let (sender, answer) = watch::channel(None);
        let since = since.unwrap_or(now);
        entries.push(Entry { key: key.clone(), since, answer: answer.clone() });
        drop(entries);
        let finding = Finding { memo: Arc::downgrade(self), answer: sender };
        drop(tokio::spawn(run(finding, find_out(), self.life)));
        Some(Found::Soon(since, answer))
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
