//! The receiver of webhooks of a run: an endpoint of the tenant's that is never killed and takes all that it is sent.
//!
//! In the end it must have heard every event since its making, each under one `webhook-id` and as the log has it. What
//! comes again must come under that id with the same bytes; what is new must be newer than all that came before. Only
//! a short note is kept of each webhook, since a long run makes hundreds of thousands.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::api::Api;
use super::audit::Harm;
use super::rows::EventRow;
use crate::support::receiver::{Received, Receiver};

/// How long nothing that is new may come while something is missing: a lane whose holder died waits for its lease, and
/// an attempt that went wrong for the next.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(250);

/// A receiver at work.
pub(super) struct Hooks {
    /// It is told of what comes behind this sequence.
    told_from: u64,
    came: Arc<Mutex<Vec<Option<Note>>>>,
    listening: JoinHandle<()>,
}

/// What is kept of a webhook.
#[derive(Clone, Copy, Debug)]
struct Note {
    sequence: u64,
    /// Prints of its id, of all its bytes, and of what it says of its event.
    id: u64,
    bytes: u64,
    says: u64,
}

/// What came, held against the log.
#[derive(Clone, Debug, Default)]
pub(super) struct Delivered {
    /// How many events were to be told.
    pub(super) wanted: usize,
    pub(super) webhooks: usize,
    /// Told again, as is allowed.
    pub(super) repeated: usize,
    pub(super) missing: usize,
    /// Told for the first time after a later one.
    pub(super) out_of_order: usize,
    /// Events with two ids, and ids with two events.
    pub(super) ids_amiss: usize,
    /// Told otherwise than the log has it, or than before.
    pub(super) different: usize,
    /// No webhooks of the log's, or about what was before the endpoint.
    pub(super) strange: usize,
}

impl Hooks {
    /// Makes the endpoint. What happens from now on is told.
    pub(super) async fn begin(api: &Api) -> Self {
        let receiver = Receiver::start().await;
        let told_from = api.head().await.parse().expect("a sequence");
        api.create_webhook(&receiver.url("/hooks")).await;
        let came = Arc::<Mutex<Vec<Option<Note>>>>::default();
        let noted = Arc::clone(&came);
        let listening = tokio::spawn(async move {
            loop {
                let received = receiver.take_next().await;
                lock(&noted).extend(received.iter().map(Note::read));
            }
        });
        Self { told_from, came, listening }
    }

    /// Waits until all of the log was told, or nothing comes any more, and compares what came with it.
    pub(super) async fn end(self, log: &[EventRow]) -> Delivered {
        let behind = log.iter().filter_map(|event| Some((event.sequence.parse::<u64>().ok()?, says_of(event))));
        let wanted: BTreeMap<u64, u64> = behind.filter(|(sequence, _)| *sequence > self.told_from).collect();
        let (mut known, mut give_up) = (0, Instant::now() + PATIENCE);
        while known < wanted.len() && Instant::now() < give_up {
            let heard = self.heard_of(&wanted);
            if heard > known {
                (known, give_up) = (heard, Instant::now() + PATIENCE);
            }
            if known < wanted.len() {
                tokio::time::sleep(GLANCE).await;
            }
        }
        Delivered::of(&lock(&self.came), &wanted)
    }

    /// Of how many of these it has heard.
    fn heard_of(&self, wanted: &BTreeMap<u64, u64>) -> usize {
        let came = lock(&self.came);
        let sequences: BTreeSet<u64> = came.iter().flatten().map(|note| note.sequence).collect();
        sequences.iter().filter(|sequence| wanted.contains_key(*sequence)).count()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Note {
    /// None where it is no webhook about an event of the log.
    fn read(received: &Received) -> Option<Self> {
        let told: Value = serde_json::from_slice(&received.body).ok()?;
        let (_, id) = received.headers.iter().find(|(name, _)| name == "webhook-id")?;
        let sequence = told.pointer("/data/sequence")?.as_str()?.parse().ok()?;
        let subject = told.pointer("/data/subject/id")?.as_str()?;
        let version = told.pointer("/data/version").and_then(Value::as_u64);
        let says = print(&(told["type"].as_str()?, subject, version));
        Some(Self { sequence, id: print(id), bytes: print(&received.body), says })
    }
}

impl Delivered {
    fn of(came: &[Option<Note>], wanted: &BTreeMap<u64, u64>) -> Self {
        let mut found = Self { wanted: wanted.len(), webhooks: came.len(), ..Self::default() };
        let (mut firsts, mut newest) = (BTreeMap::<u64, Note>::new(), 0);
        for note in came {
            let Some(note) = note else {
                found.strange += 1;
                continue;
            };
            match firsts.entry(note.sequence) {
                Entry::Vacant(place) => {
                    place.insert(*note);
                    found.out_of_order += usize::from(note.sequence < newest);
                    newest = newest.max(note.sequence);
                }
                Entry::Occupied(place) => {
                    found.repeated += 1;
                    found.ids_amiss += usize::from(place.get().id != note.id);
                    found.different += usize::from(place.get().bytes != note.bytes);
                }
            }
        }
        let ids: BTreeSet<u64> = firsts.values().map(|note| note.id).collect();
        found.ids_amiss += firsts.len() - ids.len();
        found.different +=
            firsts.values().filter(|note| wanted.get(&note.sequence).is_some_and(|says| *says != note.says)).count();
        // What is newer than the log was when it was read is no harm.
        let last = wanted.keys().next_back().copied().unwrap_or_default();
        found.strange += firsts.keys().filter(|sequence| **sequence <= last && !wanted.contains_key(*sequence)).count();
        found.missing = wanted.keys().filter(|sequence| !firsts.contains_key(*sequence)).count();
        found
    }

    /// What is wrong, in a sentence.
    pub(super) fn faults(&self) -> Option<(Harm, String)> {
        let Self { wanted: _, webhooks: _, repeated: _, missing, out_of_order, ids_amiss, different, strange } = self;
        let harms = [missing, out_of_order, ids_amiss, different, strange];
        let is_wrong = harms.into_iter().any(|count| *count > 0);
        is_wrong.then(|| (Harm::Webhook, format!("a receiver heard something else than the log: {self}")))
    }
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, webhooks, repeated, missing, out_of_order, ids_amiss, different, strange } = self;
        write!(f, "webhooks: {wanted} events, {webhooks} came, {repeated} of them again; {missing} missing, ")?;
        write!(f, "{out_of_order} out of order, {ids_amiss} ids amiss, {different} different, {strange} strange")
    }
}

/// The print of what a webhook is to say of an event.
fn says_of(event: &EventRow) -> u64 {
    print(&(event.kind.as_str(), event.subject.id.as_str(), event.version))
}

fn print<T: Hash + ?Sized>(told: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    told.hash(&mut hasher);
    hasher.finish()
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(sequence: u64) -> Option<Note> {
        Some(Note { sequence, id: sequence + 100, bytes: sequence + 200, says: sequence + 300 })
    }

    fn delivered(came: &[Option<Note>], last: u64) -> Delivered {
        let wanted = (1..=last).map(|sequence| (sequence, sequence + 300)).collect();
        Delivered::of(came, &wanted)
    }

    fn counts(came: &[Option<Note>], last: u64) -> [usize; 6] {
        let found = delivered(came, last);
        assert_eq!(found.faults().map(|(harm, _)| harm), Some(Harm::Webhook), "{found:?}");
        [found.repeated, found.missing, found.out_of_order, found.ids_amiss, found.different, found.strange]
    }

    #[test]
    fn all_of_it_in_order_is_right_and_so_is_what_comes_again_as_it_was() {
        assert!(delivered(&[note(1), note(2), note(3)], 3).faults().is_none());
        assert!(delivered(&[note(1), note(2), note(1), note(2), note(3)], 3).faults().is_none());
    }

    #[test]
    fn each_lack_is_counted() {
        let as_another = |change: fn(&mut Note)| {
            note(2).map(|mut note| {
                change(&mut note);
                note
            })
        };
        assert_eq!(counts(&[note(1), note(3)], 3), [0, 1, 0, 0, 0, 0]);
        assert_eq!(counts(&[note(1), note(3), note(2)], 3), [0, 0, 1, 0, 0, 0]);
        assert_eq!(counts(&[note(1), note(2), as_another(|note| note.id = 1)], 2), [1, 0, 0, 1, 0, 0]);
        assert_eq!(counts(&[note(1), as_another(|note| note.id = 101)], 2), [0, 0, 0, 1, 0, 0]);
        assert_eq!(counts(&[note(1), note(2), as_another(|note| note.bytes = 1)], 2), [1, 0, 0, 0, 1, 0]);
        assert_eq!(counts(&[note(1), as_another(|note| note.says = 1)], 2), [0, 0, 0, 0, 1, 0]);
        assert_eq!(counts(&[note(0), note(1), None, note(2), note(3)], 2), [0, 0, 0, 0, 0, 2]);
    }
}
