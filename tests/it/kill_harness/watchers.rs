//! The watchers: each listens to the log at any server, hangs up at random instants, and comes back with the last
//! sequence that it heard. In the end each must have heard every sequence once, in order.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::api::Api;

/// How long a watcher listens before it hangs up.
const LISTENS_MS: Range<u64> = 50..3_000;
/// How long it stays away.
const AWAY_MS: Range<u64> = 0..300;
/// How long the last events may take to be heard once all has come to rest.
const PATIENCE: Duration = Duration::from_secs(60);
/// No log is so long.
const NOT_YET: u64 = u64::MAX;

/// Watchers at work.
pub(super) struct Watchers {
    tasks: JoinSet<Heard>,
    /// The last sequence of the log, once it is known.
    last: Arc<AtomicU64>,
}

/// What one of them heard, or all together.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    pub(super) watchers: usize,
    /// How often they came, the first time included.
    pub(super) connections: u64,
    pub(super) events: u64,
    pub(super) missing: u64,
    /// Heard again, or after a later one.
    pub(super) out_of_order: u64,
}

impl Watchers {
    /// Lets so many begin, from the first event on.
    pub(super) fn begin(apis: &[Api], count: u32, seed: u64) -> Self {
        Self::impatient(apis, count, seed, LISTENS_MS)
    }

    /// The same; each hangs up after so long.
    pub(super) fn impatient(apis: &[Api], count: u32, seed: u64, listens_ms: Range<u64>) -> Self {
        let last = Arc::new(AtomicU64::new(NOT_YET));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let rng = StdRng::seed_from_u64(seed.rotate_left(32).wrapping_add(u64::from(number)));
            tasks.spawn(watch(apis.to_vec(), rng, listens_ms.clone(), Arc::clone(&last)));
        }
        Self { tasks, last }
    }

    /// Lets each hear the log to its end and go.
    pub(super) async fn end(mut self, last: u64) -> Heard {
        self.last.store(last, Ordering::Relaxed);
        let mut all = Heard::default();
        while let Some(one) = self.tasks.join_next().await {
            all.add(&one.expect("a watcher does not panic"));
        }
        all
    }
}

impl Heard {
    fn of(connections: u64, sequences: &[u64], last: u64) -> Self {
        let in_order = sequences.iter().zip(sequences.iter().skip(1)).filter(|(one, next)| one < next).count();
        let in_order = in_order + usize::from(!sequences.is_empty());
        let mut distinct = sequences.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let known = distinct.iter().filter(|sequence| (1..=last).contains(*sequence)).count();
        Self {
            watchers: 1,
            connections,
            events: sequences.len() as u64,
            missing: last - known as u64,
            out_of_order: (sequences.len() - in_order) as u64,
        }
    }

    fn add(&mut self, more: &Self) {
        self.watchers += more.watchers;
        self.connections += more.connections;
        self.events += more.events;
        self.missing += more.missing;
        self.out_of_order += more.out_of_order;
    }

    /// What is wrong, in sentences.
    pub(super) fn faults(&self) -> Option<String> {
        let is_whole = self.missing == 0 && self.out_of_order == 0;
        (!is_whole).then(|| format!("watchers heard something else than the log: {self:?}"))
    }
}

/// Comes back until the last event was heard, or patience with it ends.
async fn watch(apis: Vec<Api>, mut rng: StdRng, listens_ms: Range<u64>, last: Arc<AtomicU64>) -> Heard {
    let (mut sequences, mut connections, mut give_up) = (Vec::<u64>::new(), 0, None);
    loop {
        let end = last.load(Ordering::Relaxed);
        let after = sequences.iter().copied().max().unwrap_or_default();
        if end != NOT_YET && (after >= end || Instant::now() >= *give_up.get_or_insert(Instant::now() + PATIENCE)) {
            return Heard::of(connections, &sequences, end);
        }
        let until = Instant::now() + Duration::from_millis(rng.random_range(listens_ms.clone()));
        connections += 1;
        let api = &apis[rng.random_range(0..apis.len())];
        api.listen(after, until, |sequence| {
            sequences.push(sequence);
            sequence < last.load(Ordering::Relaxed)
        })
        .await;
        tokio::time::sleep(Duration::from_millis(rng.random_range(AWAY_MS))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_comes_twice_is_counted() {
        let heard = Heard::of(3, &[1, 2, 4, 3, 3, 6], 6);
        assert_eq!((heard.missing, heard.out_of_order), (1, 2));
        assert!(heard.faults().is_some());
        assert!(Heard::of(1, &[1, 2], 2).faults().is_none());
        assert_eq!(Heard::of(1, &[], 2).missing, 2);
    }
}
