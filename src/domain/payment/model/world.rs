//! One state of the world: what the database holds, what the workers are at, and what the provider has done.

use super::case::{MOST_SENDS, Tick};
use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::fold::State;
use crate::domain::payment::status::PaymentStatus;

/// Everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) now: Tick,
    pub(super) payment: State,
    pub(super) row: Row,
    pub(super) workers: [Worker; 2],
    pub(super) provider: Provider,
    /// Whether the database was lost and restored.
    pub(super) is_restored: bool,
}

/// The submission's row, and of its attempts' rows what is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// How often it was claimed.
    pub(super) claims: u8,
    /// In which tick it was claimed; the lease ends with that tick.
    pub(super) leased_at: Option<Tick>,
    pub(super) next_action_at: Option<Tick>,
    /// How many attempts to submit bear a number.
    pub(super) attempts: usize,
    pub(super) submits: u8,
    pub(super) last_submit_at: Option<Tick>,
    /// Whether the last answer to a submission was a refusal: no other answer is told apart.
    pub(super) was_declined: bool,
    pub(super) key_first_used_at: Option<Tick>,
    /// Whether it was looked up since the last submission; how often makes no difference in ticks.
    pub(super) was_looked_up: bool,
    pub(super) last_look_up: Option<(Verdict, Tick)>,
    pub(super) look_up_requests: u8,
    pub(super) look_up_requests_met: u8,
    /// Which attempts were sent and never proven not to have been processed: SENDING, UNKNOWN or ACKNOWLEDGED.
    pub(super) undetermined: [bool; MOST_SENDS],
}

/// What a worker is at. `holds` tells whether its fence is still that of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Worker {
    /// It has nothing, or died and was started again.
    Idle,
    /// It has decided to submit, having seen the payment so.
    Willing { holds: bool, seen: PaymentStatus },
    /// Its mark is committed; nothing was sent.
    Marked { holds: bool, attempt: usize, at: Tick },
    /// It has sent, and waits for the answer.
    Waiting { holds: bool, attempt: usize },
    /// It has sent without a mark, and waits for the answer.
    Unmarked { holds: bool, attempt: usize },
    /// It has looked up, and not yet stored what it was told.
    Told { holds: bool, said: Verdict, began: Tick, met: u8 },
    /// Its mark was committed in the life of the database that was lost; it may still send, and can store nothing.
    Ghost { at: Tick },
}

/// What is true at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Provider {
    /// The requests, by attempt.
    pub(super) requests: [Request; MOST_SENDS],
    /// What stands in its books under our reference.
    pub(super) record: Record,
    /// Since when it knows our reference.
    pub(super) known_since: Option<Tick>,
    /// Whether its books may not show yet what stands in them.
    pub(super) is_fresh: bool,
    /// How often money moved.
    pub(super) effects: u8,
    /// Which of ACCEPTED, SUCCEEDED and DECLINED were ever true, so that a callback may say so.
    pub(super) notices: [bool; 3],
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    /// It was not made, was lost, or is over.
    None,
    /// It was sent then, and has not been processed.
    Travelling { since: Tick },
    /// It was processed, and this is the answer to it.
    Answered(Verdict),
}

/// What the provider's books say of our reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Record {
    /// Nothing.
    None,
    /// It is taken and not carried out.
    Held,
    /// It is paid.
    Paid,
    /// It is refused.
    Refused,
}

impl World {
    /// The payment is stored, READY and due.
    pub(super) fn start() -> Self {
        Self {
            now: 0,
            payment: State::of(PaymentStatus::Ready),
            row: Row::new(),
            workers: [Worker::Idle; 2],
            provider: Provider {
                requests: [Request::None; MOST_SENDS],
                record: Record::None,
                known_since: None,
                is_fresh: false,
                effects: 0,
                notices: [false; 3],
            },
            is_restored: false,
        }
    }

    /// The same with a worker at something else.
    #[must_use]
    pub(super) fn with_worker(mut self, place: usize, worker: Worker) -> Self {
        self.workers[place] = worker;
        self
    }

    /// Whether the worker goes on by itself: neither final nor in review.
    pub(super) fn is_open(&self) -> bool {
        !self.payment.status.is_final() && self.payment.status != PaymentStatus::NeedsReview
    }

    /// Whether someone could claim the submission now.
    pub(super) fn is_claimable(&self) -> bool {
        let is_free = self.row.leased_at.is_none_or(|tick| tick < self.now);
        is_free && self.row.next_action_at.is_some_and(|next| next <= self.now)
    }
}

impl Row {
    /// As it is created.
    pub(super) fn new() -> Self {
        Self {
            claims: 0,
            leased_at: None,
            next_action_at: Some(0),
            attempts: 0,
            submits: 0,
            last_submit_at: None,
            was_declined: false,
            key_first_used_at: None,
            was_looked_up: false,
            last_look_up: None,
            look_up_requests: 0,
            look_up_requests_met: 0,
            undetermined: [false; MOST_SENDS],
        }
    }
}

impl Worker {
    /// The same after another claim: its fence is an older one.
    #[must_use]
    pub(super) fn overtaken(self) -> Self {
        match self {
            Self::Idle | Self::Ghost { .. } => self,
            Self::Willing { holds: _, seen } => Self::Willing { holds: false, seen },
            Self::Marked { holds: _, attempt, at } => Self::Marked { holds: false, attempt, at },
            Self::Waiting { holds: _, attempt } => Self::Waiting { holds: false, attempt },
            Self::Unmarked { holds: _, attempt } => Self::Unmarked { holds: false, attempt },
            Self::Told { holds: _, said, began, met } => Self::Told { holds: false, said, began, met },
        }
    }

    /// Whether it waits for the answer to this attempt.
    pub(super) fn awaits(self, number: usize) -> bool {
        match self {
            Self::Waiting { attempt, .. } | Self::Unmarked { attempt, .. } => attempt == number,
            Self::Idle | Self::Willing { .. } | Self::Marked { .. } | Self::Told { .. } | Self::Ghost { .. } => false,
        }
    }
}
