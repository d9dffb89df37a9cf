//! The clock, as an argument: business dates, token ends and reminders read it, and tests can move it.
//!
//! Leases do not: they go by the database's clock (plus this clock's offset, so that tests move both) and, just before a
//! byte is sent, by [`Deadline`], which goes on counting while the machine is suspended.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// The system's clock, moved by an offset that is zero in production.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_micros: Arc<AtomicI64>,
    /// How far it is wrong, of which the leases know nothing.
    step_micros: i64,
}

impl Clock {
    /// A clock that is wrong by so many microseconds, while the database's is right.
    pub fn wrong_by(step_micros: i64) -> Self {
        Self { step_micros, ..Self::default() }
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    pub fn now(&self) -> Timestamp {
        let moved = self.offset_micros().saturating_add(self.step_micros);
        let moved = Timestamp::now().as_microsecond().saturating_add(moved);
        Timestamp::from_microsecond(moved).unwrap_or(Timestamp::MAX)
    }

    /// How far this clock is ahead of the system's, in microseconds.
    pub fn offset_micros(&self) -> i64 {
        self.offset_micros.load(Ordering::Relaxed)
    }

    /// Moves the clock ahead, for tests.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.offset_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// A moment on the clock that counts suspended time too, after which nothing may be sent any more.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Duration);

impl Deadline {
    /// The deadline `from_now`.
    pub fn after(from_now: Duration) -> Self {
        Self(since_boot() + from_now)
    }

    /// The earlier of this and the deadline `from_now`.
    #[must_use]
    pub fn at_most(self, from_now: Duration) -> Self {
        Self(self.0.min(since_boot() + from_now))
    }

    /// How much time is left; nothing once it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_sub(since_boot())
    }
}

fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
