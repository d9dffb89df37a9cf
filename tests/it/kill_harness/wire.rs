//! A wire that the bench holds: a TCP proxy before the providers or the database, which can be cut, slowed and reset,
//! loses a COMMIT or the word that it was done, and holds a single request back for as long as a test wants.
//!
//! It knows what passes by little: a request line of HTTP; and of PostgreSQL's messages the COMMIT, and the batches of new
//! payments, of marks and of settlements, each stored by one statement that is a transaction of its own. A request that
//! was held back is delivered whether or not its sender still waits, as networks do.

mod pump;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How long something is held up on a slow wire: from nearly nothing to longer than a call may take.
const DELAYS_MS: Range<u64> = 10..1_600;

/// What the wire does to whatever passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Nothing.
    Fair,
    /// It is cut: connections are closed as soon as they are made.
    Cut,
    /// Everything takes long, some of it too long.
    Slow,
    /// Connections are reset, by turns before the request arrives and when its answer comes.
    Resets,
}

/// By which message something is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Commit {
    /// The batch of new payments, whose statement commits itself.
    Create,
    /// The marks or the settlements of plain payments, whose statement commits itself.
    Step,
    /// COMMIT, of any other transaction.
    Other,
}

/// How often commits were cut, each in which way.
pub(super) type Cuts = BTreeMap<(Commit, CommitCut), u32>;

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CommitCut {
    /// It never arrives.
    Before,
    /// It is sent, and the connection is gone at once.
    Sent,
    /// It is done, and nobody is told.
    Done,
}

impl CommitCut {
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::Sent, Self::Done];
}

/// A wire to one address.
pub(super) struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// A request that is held back. Dropped, it is lost.
pub(super) struct Caught {
    delivery: oneshot::Sender<()>,
}

struct Shared {
    far: SocketAddr,
    state: Mutex<State>,
    /// Raised when every connection is to be cut.
    cuts: watch::Sender<u64>,
}

struct State {
    weather: Weather,
    /// How many commits are still to be cut.
    cuts_left: usize,
    /// Those that were.
    cuts: Cuts,
    catches: Vec<Catch>,
    rng: StdRng,
    /// Whether the next reset comes after the answer.
    resets_answer: bool,
}

struct Catch {
    beginning: String,
    caught: oneshot::Sender<Caught>,
}

impl Wire {
    /// Lays one.
    pub(super) async fn lay(far: SocketAddr, rng: StdRng) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            weather: Weather::Fair,
            cuts_left: 0,
            cuts: Cuts::new(),
            catches: Vec::new(),
            rng,
            resets_answer: false,
        };
        let shared = Arc::new(Shared { far, state: Mutex::new(state), cuts: watch::Sender::new(0) });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { address, shared, listening }
    }

    /// Its near end.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this is what it does.
    pub(super) fn turn(&self, weather: Weather) {
        self.shared.state().weather = weather;
        if weather == Weather::Cut {
            self.cut();
        }
    }

    /// Cuts every connection that there is.
    pub(super) fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts the connections of so many of the next commits. Those of each kind are cut in each way by turns.
    pub(super) fn cut_commits(&self, count: usize) {
        self.shared.state().cuts_left += count;
    }

    /// How many of those cuts are still to come.
    pub(super) fn commit_cuts_left(&self) -> usize {
        self.shared.state().cuts_left
    }

    /// The commits that were cut.
    pub(super) fn cuts(&self) -> Cuts {
        self.shared.state().cuts.clone()
    }

    /// Does no more harm.
    pub(super) fn heal(&self) {
        let mut state = self.shared.state();
        state.weather = Weather::Fair;
        state.cuts_left = 0;
        state.catches.clear();
    }

    /// Holds the next request that begins so; it is handed out as soon as it has come.
    pub(super) fn catch(&self, beginning: &str) -> oneshot::Receiver<Caught> {
        let (caught, seen) = oneshot::channel();
        self.shared.state().catches.push(Catch { beginning: beginning.to_owned(), caught });
        seen
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

impl Caught {
    /// Lets it arrive after all.
    pub(super) fn deliver(self) {
        // Where nobody carries it any more the run is over.
        let _ = self.delivery.send(());
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what has come is held back; it is delivered when the receiver says so, and lost where it fails.
    fn catch(&self, bytes: &[u8]) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state();
        let place = state.catches.iter().position(|catch| bytes.starts_with(catch.beginning.as_bytes()))?;
        let (delivery, delivered) = oneshot::channel();
        let is_wanted = state.catches.remove(place).caught.send(Caught { delivery }).is_ok();
        is_wanted.then_some(delivered)
    }

    fn commit_cut(&self, bytes: &[u8]) -> Option<CommitCut> {
        let commit = pump::commit_among(bytes)?;
        let mut state = self.state();
        state.cuts_left = state.cuts_left.checked_sub(1)?;
        let before: u32 = CommitCut::ALL.iter().filter_map(|cut| state.cuts.get(&(commit, *cut))).sum();
        let cut = CommitCut::ALL[before as usize % CommitCut::ALL.len()];
        *state.cuts.entry((commit, cut)).or_default() += 1;
        Some(cut)
    }

    fn delay(&self) -> Option<Duration> {
        let mut state = self.state();
        (state.weather == Weather::Slow).then(|| Duration::from_millis(state.rng.random_range(DELAYS_MS)))
    }

    /// Whether a request is to be reset: `Some(true)` when its answer comes, `Some(false)` at once.
    fn reset(&self) -> Option<bool> {
        let mut state = self.state();
        if state.weather != Weather::Resets || state.rng.random_ratio(1, 2) {
            return None;
        }
        state.resets_answer = !state.resets_answer;
        Some(state.resets_answer)
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // A connection that fails while it is made is its maker's to try again.
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        if shared.state().weather != Weather::Cut {
            tokio::spawn(pump::carry(near, Arc::clone(&shared)));
        }
    }
}
