//! How the wishes for a ware ended: so a run shows where hardly anything was bought, and why.

use std::collections::BTreeMap;

/// What became of the wishes for one ware.
#[derive(Clone, Debug, Default)]
pub(super) struct Sales {
    pub(super) made: usize,
    /// By the code of the error.
    pub(super) refused: BTreeMap<&'static str, usize>,
    /// Nobody was told.
    pub(super) given_up: usize,
}

/// What came of one wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Made,
    /// With this error's code.
    Refused(&'static str),
    GivenUp,
}

impl Sales {
    pub(super) fn add(&mut self, more: Self) {
        self.made += more.made;
        for (code, count) in more.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.given_up += more.given_up;
    }

    /// How many were refused, for whichever reason.
    pub(super) fn refusals(&self) -> usize {
        self.refused.values().sum()
    }

    pub(super) fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Made => self.made += 1,
            Outcome::Refused(code) => *self.refused.entry(code).or_default() += 1,
            Outcome::GivenUp => self.given_up += 1,
        }
    }
}
