//! The clock of allowances that come back evenly, as the limiters read it.
//!
//! It is the machine's steady clock, moved by the offset of the injected one, so that a wall clock set back holds nobody
//! up and tests can move it.

use std::time::{Duration, Instant};

use super::clock::Clock;

/// The longest that anyone is told to wait: by then the allowance of a minute is whole.
pub(crate) const LONGEST_WAIT_SECONDS: u64 = 60;

/// The clock of a limiter.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    started: Instant,
    clock: Clock,
}

impl Pace {
    /// Begins now.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { started: Instant::now(), clock }
    }
}

impl governor::clock::Clock for Pace {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let moved = u64::try_from(self.clock.offset_micros()).unwrap_or_default();
        self.started.elapsed().saturating_add(Duration::from_micros(moved))
    }
}

/// Rounded up, so that whoever waits that long is not refused again.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(begun).clamp(1, LONGEST_WAIT_SECONDS)
}
