//! The watchers: each listens to the log at any server, hangs up at random instants, and comes back with the last
//! sequence that it heard; every other one by Server-Sent Events, the others on WebSockets. In the end each must have
//! heard every event once, in order, and as the log has it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::api::Api;
use super::audit::Harm;
use super::rows::EventRow;

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
    tasks: JoinSet<Told>,
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
    /// Told otherwise than the log has it.
    pub(super) different: u64,
}

/// What one of them was told: the sequence and the print of each event.
#[derive(Default)]
struct Told {
    connections: u64,
    events: Vec<(u64, u64)>,
}

/// How a watcher listens.
#[derive(Clone, Copy)]
enum Way {
    ServerSentEvents,
    WebSocket,
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
            let way = if number.is_multiple_of(2) { Way::ServerSentEvents } else { Way::WebSocket };
            let watcher = Watcher { apis: apis.to_vec(), way, rng, listens_ms: listens_ms.clone() };
            tasks.spawn(watcher.watch(Arc::clone(&last)));
        }
        Self { tasks, last }
    }

    /// Lets each hear the log to its end and go, and compares what they were told with it.
    pub(super) async fn end(mut self, log: &[EventRow], last: u64) -> Heard {
        self.last.store(last, Ordering::Relaxed);
        let log = log.iter().filter_map(|event| Some((event.sequence.parse().ok()?, event.print())));
        let log: BTreeMap<u64, u64> = log.collect();
        let mut all = Heard::default();
        while let Some(one) = self.tasks.join_next().await {
            all.add(&Heard::of(&one.expect("a watcher does not panic"), &log));
        }
        all
    }
}

impl Heard {
    fn of(told: &Told, log: &BTreeMap<u64, u64>) -> Self {
        let sequences: Vec<u64> = told.events.iter().map(|(sequence, _)| *sequence).collect();
        let in_order = sequences.iter().zip(sequences.iter().skip(1)).filter(|(one, next)| one < next).count();
        let in_order = in_order + usize::from(!sequences.is_empty());
        let mut distinct = sequences.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let known = distinct.iter().filter(|sequence| log.contains_key(*sequence)).count();
        let is_different = |(sequence, print): &&(u64, u64)| log.get(sequence) != Some(print);
        Self {
            watchers: 1,
            connections: told.connections,
            events: sequences.len() as u64,
            missing: (log.len() - known) as u64,
            out_of_order: (sequences.len() - in_order) as u64,
            different: told.events.iter().filter(is_different).count() as u64,
        }
    }

    fn add(&mut self, more: &Self) {
        self.watchers += more.watchers;
        self.connections += more.connections;
        self.events += more.events;
        self.missing += more.missing;
        self.out_of_order += more.out_of_order;
        self.different += more.different;
    }

    /// What is wrong, in a sentence.
    pub(super) fn faults(&self) -> Option<(Harm, String)> {
        let harm = match (self.missing, self.out_of_order, self.different) {
            (0, 0, 0) => return None,
            (0, _, _) => Harm::Journal,
            (_, _, _) => Harm::Unheard,
        };
        Some((harm, format!("watchers heard something else than the log: {self:?}")))
    }
}

/// One of them at work.
struct Watcher {
    apis: Vec<Api>,
    way: Way,
    rng: StdRng,
    listens_ms: Range<u64>,
}

impl Watcher {
    /// Comes back until the last event was heard, or patience with it ends.
    async fn watch(mut self, last: Arc<AtomicU64>) -> Told {
        let (mut told, mut give_up) = (Told::default(), None);
        loop {
            let end = last.load(Ordering::Relaxed);
            let after = told.events.iter().map(|(sequence, _)| *sequence).max().unwrap_or_default();
            if end != NOT_YET && (after >= end || Instant::now() >= *give_up.get_or_insert(Instant::now() + PATIENCE)) {
                return told;
            }
            told.connections += 1;
            self.listen(after, &mut told.events, &last).await;
            tokio::time::sleep(Duration::from_millis(self.rng.random_range(AWAY_MS))).await;
        }
    }

    /// Listens once, at any server.
    async fn listen(&mut self, after: u64, events: &mut Vec<(u64, u64)>, last: &AtomicU64) {
        let until = Instant::now() + Duration::from_millis(self.rng.random_range(self.listens_ms.clone()));
        let api = &self.apis[self.rng.random_range(0..self.apis.len())];
        let heard = |event: &EventRow| {
            let sequence = event.sequence.parse().unwrap_or_default();
            events.push((sequence, event.print()));
            sequence < last.load(Ordering::Relaxed)
        };
        match self.way {
            Way::ServerSentEvents => api.listen(after, until, heard).await,
            Way::WebSocket => api.listen_on_socket(after, until, heard).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(sequences: &[u64], last: u64) -> Heard {
        let events = sequences.iter().map(|sequence| (*sequence, sequence * 10)).collect();
        let log = (1..=last).map(|sequence| (sequence, sequence * 10)).collect();
        Heard::of(&Told { connections: 1, events }, &log)
    }

    #[test]
    fn what_is_missing_and_what_comes_twice_is_counted() {
        let some = heard(&[1, 2, 4, 3, 3, 6], 6);
        assert_eq!((some.missing, some.out_of_order, some.different), (1, 2, 0));
        assert_eq!(some.faults().map(|(harm, _)| harm), Some(Harm::Unheard));
        assert!(heard(&[1, 2], 2).faults().is_none());
        assert_eq!(heard(&[], 2).missing, 2);
    }

    #[test]
    fn what_is_told_otherwise_than_the_log_has_it_is_counted() {
        let log = BTreeMap::from([(1, 10), (2, 20)]);
        let told = Told { connections: 1, events: vec![(1, 10), (2, 21)] };
        let some = Heard::of(&told, &log);
        assert_eq!((some.missing, some.different), (0, 1));
        assert_eq!(some.faults().map(|(harm, _)| harm), Some(Harm::Journal));
    }
}
