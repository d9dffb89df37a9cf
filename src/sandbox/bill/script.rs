//! The parts of which a scenario is made: how a call is entered and answered, and how a payment goes on from there.
//!
//! A [`Script`] is data, so that the table of scenarios can be read as a table; [`super::pay`] and [`super::life`]
//! carry it out.

use super::super::fault::Fault;
use super::rejection::Rejection;
use super::status::SingleStatus;

/// What happens to one payment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub entry: Entry,
    pub answer: Answer,
    /// Whether the payment is made for 1.00 more than was asked.
    pub more: bool,
    /// What follows on its process date, in the background.
    pub then: &'static [Step],
}

/// Whether a submission is accepted. What happens to "the first" happens to every other one of equal submissions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    Accept,
    Refuse(fn() -> Rejection),
    /// Lost before it is accepted, the first time.
    LoseFirst(Fault),
    /// Refused the first time.
    RefuseFirst(fn() -> Rejection),
    /// The first time its session is called invalid, and is.
    EndSession,
    /// The first time its session is called untrusted, and is.
    DistrustSession,
}

/// How an accepted submission is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Created,
    /// As `Created`, after a while.
    CreatedSlowly,
    Faulty(Fault),
}

/// One step of a payment's later life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Waits for the sandbox's "later".
    Wait,
    /// Money moves: from here on the payment cannot be cancelled. Ends the script of one that was.
    Pay,
    /// The status changes, and is told.
    Become(SingleStatus),
    /// The status changes, and is not told.
    Quietly(SingleStatus),
    /// One notification of the status, so many times.
    Tell(u8),
    /// A notification of a status that is not the payment's any more.
    TellStale(SingleStatus),
    /// A notification of a status that is not the payment's, with a signature that is not BILL's.
    Forge(SingleStatus),
}

/// What the list of one vendor's bills is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BillList {
    Bills,
    Faulty(Fault),
}

/// Processed, then cleared.
const PAID: &[Step] =
    &[Step::Wait, Step::Pay, Step::Become(SingleStatus::Processed), Step::Wait, Step::Become(SingleStatus::Cleared)];

impl Script {
    /// Accepted, processed and cleared.
    pub(super) const PAID: Self = Self::accepted(PAID);

    /// Accepted; what follows.
    pub(super) const fn accepted(then: &'static [Step]) -> Self {
        Self { entry: Entry::Accept, answer: Answer::Created, more: false, then }
    }

    /// Paid, whatever the client hears.
    pub(super) const fn answered(answer: Answer) -> Self {
        Self { answer, ..Self::PAID }
    }

    /// Paid, if it is accepted at all.
    pub(super) const fn entered(entry: Entry) -> Self {
        Self { entry, ..Self::PAID }
    }
}
