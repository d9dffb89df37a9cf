//! An event on its way to those who follow a log.
//!
//! What many followers are told of one event, in the same words and with the same rights, is found out once for them
//! ([`Memo`]); that belongs to the event, and goes with it. Where a follower has read its events for itself, it is what
//! is found out of several of them together.

use std::sync::Arc;

use bytes::Bytes;

use super::memo::Memo;
use crate::domain::event::Event;
use crate::domain::payment::Payment;
use crate::domain::requester::Scopes;
use crate::store::Owner;

/// What is asked of an event, and with which rights: all on which an answer depends, beside the event and the time.
/// Whoever finds the answer out is given these rights and nothing else of whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The digest of what is wanted, in an encoding of which no two wishes share one.
    pub what: [u8; 32],
    /// Whose objects are seen.
    pub owner: Owner,
    /// What may be read of them.
    pub scopes: Scopes,
}

/// The answers to what was asked of one event, as JSON.
pub type Answers = Memo<Arc<Asked>, Bytes>;
/// The payment of an event, as each owner sees it.
pub type Payments = Memo<Owner, Option<Arc<Payment>>>;

/// An event, with what was found out for all who follow it.
#[derive(Debug)]
pub struct Told {
    /// The event.
    pub event: Arc<Event>,
    /// What was answered to those who asked about it.
    pub answers: Arc<Answers>,
    /// The payment that was read by those who had to know it.
    pub payments: Arc<Payments>,
}

impl Told {
    /// An event that nobody has asked about.
    pub fn new(event: Event) -> Self {
        Self { event: Arc::new(event), answers: Arc::default(), payments: Arc::default() }
    }
}

/// An event that a follower is told, with those that are at hand to be told next.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The event.
    pub told: Arc<Told>,
    batch: Arc<[Arc<Told>]>,
    place: usize,
}

impl Turn {
    /// The turns of events that are told one after the other.
    pub fn of_each(batch: Vec<Arc<Told>>) -> impl Iterator<Item = Self> + Send {
        let batch = Arc::<[Arc<Told>]>::from(batch);
        (0..batch.len()).map(move |place| Self { told: Arc::clone(&batch[place]), batch: Arc::clone(&batch), place })
    }

    /// Up to so many that are told next.
    pub fn next_ones(&self, most: usize) -> &[Arc<Told>] {
        let behind = self.batch.get(self.place + 1..).unwrap_or_default();
        behind.get(..most).unwrap_or(behind)
    }
}
