//! The parts of which a scenario is made. A script is data, so that the table of scenarios can be read as a table;
//! [`super::create`] and [`super::collect`] carry it out.

use super::super::fault::Fault;

/// What happens to the making of one control number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation {
    /// The number is made.
    Made(Making),
    /// HTTP 400 with these words; no number is made.
    Refused(&'static str),
    /// HTTP 403 with these words; no number is made.
    Forbidden(&'static str),
    /// The first call goes wrong and makes no number; the same sent again is taken.
    InterruptedFirst(Interruption),
}

/// How a number is made, and what the client hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Making {
    Plain,
    /// Answered after a while.
    Slow,
    /// For one shilling more than was asked.
    ForMore,
    /// Somebody pays it, exactly, a while later.
    PaidSoon,
    /// Made, but the answer goes wrong.
    Unheard(Fault),
}

/// What goes wrong before a number is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    Lost(Fault),
    /// The token is called expired.
    ExpiredToken,
    /// There were too many calls.
    Throttled,
}

/// What happens to one payment of a control number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// Where the payment stands as soon as the payer has paid.
    pub first: Standing,
    /// What follows, in the background.
    pub then: &'static [Step],
}

/// One step of a payment's later life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Waits for the sandbox's "later".
    Wait,
    /// The status changes.
    Become(Standing),
    /// A webhook says the status as it is.
    Tell(Seal),
}

/// How a webhook is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    Right,
    /// With another key, as a stranger would.
    Forged,
    Missing,
}

/// Where a payment stands, in the provider's statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Pending,
    Processing,
    OnHold,
    /// Received, and not settled yet.
    Success,
    Settled,
    Failed,
    /// Returned before it was settled.
    Refunded,
    /// Returned after it was settled.
    Reversed,
}

impl Script {
    pub(super) const fn new(first: Standing, then: &'static [Step]) -> Self {
        Self { first, then }
    }

    /// Whether money comes in, now or later.
    pub(super) fn collects(&self) -> bool {
        self.first.has_collected() || self.then.iter().any(Step::collects)
    }
}

impl Step {
    fn collects(&self) -> bool {
        match self {
            Self::Become(standing) => standing.has_collected(),
            Self::Wait | Self::Tell(_) => false,
        }
    }
}

impl Standing {
    /// The provider's name of it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::OnHold => "ON-HOLD",
            Self::Success => "SUCCESS",
            Self::Settled => "SETTLED",
            Self::Failed => "FAILED",
            Self::Refunded => "REFUNDED",
            Self::Reversed => "REVERSED",
        }
    }

    /// Whether the money has come in, even if it was returned since.
    pub(super) const fn has_collected(self) -> bool {
        match self {
            Self::Success | Self::Settled | Self::Refunded | Self::Reversed => true,
            Self::Pending | Self::Processing | Self::OnHold | Self::Failed => false,
        }
    }

    /// Whether nothing follows.
    pub(super) const fn is_final(self) -> bool {
        match self {
            Self::Failed | Self::Refunded | Self::Reversed => true,
            Self::Pending | Self::Processing | Self::OnHold | Self::Success | Self::Settled => false,
        }
    }

    /// Where a payment stands once its money is returned; nowhere where there is none to return.
    pub(super) const fn returned(self) -> Option<Self> {
        match self {
            Self::Success => Some(Self::Refunded),
            Self::Settled => Some(Self::Reversed),
            Self::Pending | Self::Processing | Self::OnHold | Self::Failed | Self::Refunded | Self::Reversed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_collects_if_money_comes_in_at_some_time() {
        assert!(Script::new(Standing::Success, &[]).collects());
        assert!(Script::new(Standing::OnHold, &[Step::Wait, Step::Become(Standing::Success)]).collects());
        assert!(!Script::new(Standing::Failed, &[Step::Tell(Seal::Right)]).collects());
        assert!(!Script::new(Standing::Pending, &[]).collects());
    }

    #[test]
    fn money_is_returned_once() {
        for (from, to) in [(Standing::Success, Standing::Refunded), (Standing::Settled, Standing::Reversed)] {
            assert_eq!(from.returned(), Some(to));
            assert!(to.is_final() && to.has_collected() && to.returned().is_none());
        }
    }
}
