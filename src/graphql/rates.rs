//! How much a tenant may ask for in a minute: points, which are the complexity that `extensions.cost` tells, and things
//! made.
//!
//! Both are counted by operation before it runs, and never by request, so that neither aliases nor batches of items
//! come cheaper. The allowance of a whole minute may be taken at once; it then comes back evenly (the generic cell rate
//! algorithm). An operation that asks for more than a whole minute's allowance takes all of it. A subscription is
//! charged when it begins; a mutation that repeats an idempotency key is charged like the first. What is refused for
//! its things made is not charged; what is refused for its points has been charged for its things made.
//!
//! Each process counts for itself: behind several, a tenant has as many times the allowance. Time is the machine's
//! steady clock, moved by the offset of the injected one, so that a wall clock set back holds nobody up.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::request_error::Fault;
use crate::domain::requester::TenantId;
use crate::ports::clock::Clock;
use crate::ports::pace::{LONGEST_WAIT_SECONDS, Pace, whole_seconds};

/// Charges after which tenants whose allowance is whole again are forgotten.
const SWEEP_INTERVAL: u32 = 1024;

type Limiter = RateLimiter<TenantId, HashMapStateStore<TenantId>, Pace, NoOpMiddleware<Duration>>;

/// What an operation takes of its tenant's allowances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Its complexity.
    pub points: usize,
    /// Things that it makes.
    pub creates: usize,
}

/// The allowances of every tenant; None is without limit.
#[derive(Debug)]
pub struct RateLimits {
    points: Option<Allowance>,
    creates: Option<Allowance>,
    charges: AtomicU32,
}

/// One allowance a minute, counted by tenant.
struct Allowance {
    per_minute: NonZeroU32,
    pace: Pace,
    limiter: Limiter,
}

impl RateLimits {
    /// Limits by so many points and things made a minute.
    pub fn new(points: Option<NonZeroU32>, creates: Option<NonZeroU32>, clock: &Clock) -> Self {
        let allowance = |per_minute| Allowance::new(per_minute, clock.clone());
        Self { points: points.map(allowance), creates: creates.map(allowance), charges: AtomicU32::new(0) }
    }

    /// Takes what an operation costs from its tenant's allowances, or says when to try again.
    pub fn charge(&self, tenant: &TenantId, charge: Charge) -> Result<(), Fault> {
        self.sweep();
        take(self.creates.as_ref(), tenant, charge.creates)?;
        take(self.points.as_ref(), tenant, charge.points)
    }

    fn sweep(&self) {
        if self.charges.fetch_add(1, Ordering::Relaxed) % SWEEP_INTERVAL == SWEEP_INTERVAL - 1 {
            self.points.iter().chain(&self.creates).for_each(|allowance| allowance.limiter.retain_recent());
        }
    }
}

fn take(allowance: Option<&Allowance>, tenant: &TenantId, count: usize) -> Result<(), Fault> {
    allowance.map_or(Ok(()), |allowance| allowance.take(tenant, count))
}

impl Allowance {
    fn new(per_minute: NonZeroU32, clock: Clock) -> Self {
        let pace = Pace::new(clock);
        let limiter = Limiter::hashmap_with_clock(Quota::per_minute(per_minute), pace.clone());
        Self { per_minute, pace, limiter }
    }

    fn take(&self, tenant: &TenantId, count: usize) -> Result<(), Fault> {
        let Some(count) = NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)) else { return Ok(()) };
        match self.limiter.check_key_n(tenant, count.min(self.per_minute)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(governor::clock::Clock::now(&self.pace));
                Err(Fault::RateLimited { retry_after_seconds: whole_seconds(wait) })
            }
            // More than the limiter can hold at all, which the cut to the allowance rules out.
            Err(_) => Err(Fault::RateLimited { retry_after_seconds: LONGEST_WAIT_SECONDS }),
        }
    }
}

impl fmt::Debug for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allowance").field("per_minute", &self.per_minute).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::try_new(name).unwrap()
    }

    fn points(points: usize) -> Charge {
        Charge { points, creates: 0 }
    }

    fn wait(charged: Result<(), Fault>) -> u64 {
        match charged {
            Err(Fault::RateLimited { retry_after_seconds }) => retry_after_seconds,
            other => panic!("not limited: {other:?}"),
        }
    }

    #[test]
    fn a_minutes_points_may_be_taken_at_once_and_come_back_evenly() {
        let clock = Clock::default();
        let limits = RateLimits::new(NonZeroU32::new(60), None, &clock);
        let acme = tenant("acme");
        assert_eq!(limits.charge(&acme, points(40)), Ok(()));
        assert_eq!(limits.charge(&acme, points(20)), Ok(()));
        let seconds = wait(limits.charge(&acme, points(10)));
        assert!((9..=10).contains(&seconds), "{seconds}");
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(limits.charge(&acme, points(10)), Ok(()));
        assert!(limits.charge(&acme, points(10)).is_err());
    }

    #[test]
    fn one_tenant_does_not_take_from_another() {
        let limits = RateLimits::new(NonZeroU32::new(10), None, &Clock::default());
        assert_eq!(limits.charge(&tenant("acme"), points(10)), Ok(()));
        assert!(limits.charge(&tenant("acme"), points(5)).is_err());
        assert_eq!(limits.charge(&tenant("umbrella"), points(10)), Ok(()));
    }

    #[test]
    fn what_costs_more_than_a_minute_takes_the_whole_minute() {
        let clock = Clock::default();
        let limits = RateLimits::new(NonZeroU32::new(10), None, &clock);
        let acme = tenant("acme");
        assert_eq!(limits.charge(&acme, points(usize::MAX)), Ok(()));
        assert!(wait(limits.charge(&acme, points(usize::MAX))) <= 60);
        clock.advance(Duration::from_secs(60));
        assert_eq!(limits.charge(&acme, points(usize::MAX)), Ok(()));
    }

    #[test]
    fn things_made_have_an_allowance_of_their_own() {
        let limits = RateLimits::new(None, NonZeroU32::new(3), &Clock::default());
        let acme = tenant("acme");
        assert_eq!(limits.charge(&acme, Charge { points: 1_000_000, creates: 3 }), Ok(()));
        assert!(limits.charge(&acme, Charge { points: 1, creates: 1 }).is_err());
        assert_eq!(limits.charge(&acme, points(1)), Ok(()));
    }

    #[test]
    fn without_limits_nothing_is_counted() {
        let limits = RateLimits::new(None, None, &Clock::default());
        for _ in 0..10_000 {
            assert_eq!(limits.charge(&tenant("acme"), Charge { points: 5_000, creates: 50 }), Ok(()));
        }
    }

    #[test]
    fn tenants_are_forgotten_once_their_allowance_is_whole() {
        let clock = Clock::default();
        let limits = RateLimits::new(NonZeroU32::new(10), None, &clock);
        let known = || limits.points.as_ref().unwrap().limiter.len();
        (0..100).for_each(|number| limits.charge(&tenant(&format!("t{number}")), points(1)).unwrap());
        assert_eq!(known(), 100);
        clock.advance(Duration::from_secs(120));
        for _ in 0..SWEEP_INTERVAL {
            // Refused or not, each charge counts towards the sweep.
            let _ = limits.charge(&tenant("acme"), points(1));
        }
        assert_eq!(known(), 1);
    }
}
