//! What something costs, read again and again until the figure is its own.
//!
//! The figure counts a whole process: what else the process does can only add to it, about two statements a second. So
//! the least of several readings is taken, once it was seen as often as [`SEEN`]; or the first that is no more than what
//! is allowed.

const MOST: usize = 30;
const SEEN: usize = 2;

/// The readings of one figure.
#[derive(Debug)]
pub struct Readings {
    costs: Vec<i64>,
    allowed: Option<i64>,
}

impl Readings {
    /// Those of something that may cost so much; as many as it takes to know the figure, where nothing is said.
    pub fn allowing(allowed: Option<i64>) -> Self {
        Self { costs: Vec::new(), allowed }
    }

    pub fn are_enough(&self) -> bool {
        let least = self.least();
        let is_known = match self.allowed {
            Some(allowed) => least <= allowed,
            None => self.costs.iter().filter(|cost| **cost == least).count() >= SEEN,
        };
        is_known || self.costs.len() >= MOST
    }

    pub fn push(&mut self, cost: i64) {
        self.costs.push(cost);
    }

    pub fn least(&self) -> i64 {
        self.costs.iter().copied().min().unwrap_or(i64::MAX)
    }
}
