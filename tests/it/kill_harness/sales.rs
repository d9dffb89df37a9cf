//! How the wishes for a ware ended: so a run shows where hardly anything was bought.

/// What became of the wishes for one ware.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sales {
    pub(super) made: usize,
    pub(super) refused: usize,
    /// Nobody was told.
    pub(super) given_up: usize,
}

/// What came of one wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Made,
    Refused,
    GivenUp,
}

impl Sales {
    pub(super) fn add(&mut self, more: Self) {
        self.made += more.made;
        self.refused += more.refused;
        self.given_up += more.given_up;
    }

    pub(super) fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Made => self.made += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::GivenUp => self.given_up += 1,
        }
    }
}
