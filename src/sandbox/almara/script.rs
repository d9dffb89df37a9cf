//! The parts of which a scenario is made: how a call is entered and answered, and how a payment goes on from there.
//!
//! A [`Script`] is data, so that the table of scenarios can be read as a table; [`super::pay`] carries it out.

use rust_decimal::Decimal;

use super::super::fault::Fault;

/// What happens to one payment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub entry: Entry,
    pub answer: Answer,
    /// Where the payment stands as soon as it is captured.
    pub first: Standing,
    /// What follows, in the background.
    pub then: &'static [Step],
}

/// Whether a submission is captured.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    Capture,
    /// Answered as a business failure, with its reason.
    Refuse(&'static str),
    /// Lost before it is captured, the first time; the same id sent again is paid at once.
    LoseFirst(Fault),
}

/// How a captured submission is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Accepted,
    /// In the form of 2021, where -1 means "not known yet".
    AcceptedOlder,
    /// As `Accepted`, after a while.
    AcceptedSlowly,
    Faulty(Fault),
}

/// One step of a payment's later life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Waits for the sandbox's "later".
    Wait,
    /// The status changes.
    Become(Standing),
    /// A callback says the status as it is.
    Tell,
    /// A callback says a status that is not the payment's.
    TellStale(Standing),
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Pending,
    /// An undocumented status, with result code 14.
    Inconclusive,
    /// Result code 16: still to be looked up again.
    Unavailable,
    Completed,
    /// Completed with one shilling more than was asked.
    CompletedWithMore,
    /// Result code 1.
    InsufficientFunds,
    /// Result code 17.
    Suspected,
}

/// What a look-up finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookUp {
    Bill(BillForm),
    UnknownAccount,
    Faulty(Fault),
}

/// How a bill differs from the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BillForm {
    Plain,
    Inactive,
    NothingDue,
    /// The due date as `2021-10-18T00:00:00`.
    DueAtT,
    /// The due date as `2021-10-18 00:00:00`.
    DueAtSpace,
}

impl Script {
    /// Captured, paid and told at once.
    pub(super) const PAID: Self = Self::captured(Standing::Completed, &[Step::Tell]);

    /// Captured and accepted; where it then stands, and what follows.
    pub(super) const fn captured(first: Standing, then: &'static [Step]) -> Self {
        Self { entry: Entry::Capture, answer: Answer::Accepted, first, then }
    }

    /// Paid at once, whatever the client hears.
    pub(super) const fn answered(answer: Answer) -> Self {
        Self { answer, ..Self::PAID }
    }

    /// Paid at once, if it is captured at all.
    pub(super) const fn entered(entry: Entry) -> Self {
        Self { entry, ..Self::PAID }
    }

    /// The money that this script moves, once captured, for a payment of `asked`.
    pub(super) fn amount_moved(&self, asked: Decimal) -> Option<Decimal> {
        let later = self.then.iter().filter_map(Step::standing);
        std::iter::once(self.first).chain(later).find_map(|standing| standing.amount_paid(asked))
    }
}

impl Step {
    fn standing(&self) -> Option<Standing> {
        match self {
            Self::Become(standing) => Some(*standing),
            Self::Wait | Self::Tell | Self::TellStale(_) => None,
        }
    }
}

impl Standing {
    /// What has been paid for a payment of `asked`; nothing where it is not paid.
    pub(super) fn amount_paid(self, asked: Decimal) -> Option<Decimal> {
        match self {
            Self::Completed => Some(asked),
            Self::CompletedWithMore => Some(asked + Decimal::ONE),
            Self::Pending | Self::Inconclusive | Self::Unavailable | Self::InsufficientFunds | Self::Suspected => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_paid_moves_money() {
        let fifteen = Decimal::new(15, 0);
        let moved = |first, then| Script::captured(first, then).amount_moved(fifteen);
        assert_eq!(Script::PAID.amount_moved(fifteen), Some(fifteen));
        assert_eq!(moved(Standing::Pending, &[Step::Wait, Step::Become(Standing::Completed)]), Some(fifteen));
        assert_eq!(moved(Standing::CompletedWithMore, &[]), Some(Decimal::new(16, 0)));
        assert_eq!(moved(Standing::Pending, &[]), None);
        assert_eq!(moved(Standing::Pending, &[Step::TellStale(Standing::Completed)]), None);
        assert_eq!(moved(Standing::Pending, &[Step::Become(Standing::Suspected)]), None);
    }
}
