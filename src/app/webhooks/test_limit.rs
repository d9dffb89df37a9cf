//! How many tests may be sent in a minute.
//!
//! A test is a signed request that goes out at once, to whatever public URL a tenant wrote; without a limit of its own
//! this server would be a means to flood others. So one endpoint, and all of a tenant's together, are sent so many a
//! minute, which may be taken at once and then come back evenly. What one endpoint may not be sent costs the tenant
//! nothing; what the tenant may not send has been counted for the endpoint. Each process counts for itself. Endpoints
//! and tenants are forgotten once their allowance is whole again.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::domain::ids::WebhookEndpointId;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::TenantId;
use crate::ports::clock::Clock;
use crate::ports::pace::{Pace, whole_seconds};

/// The most tests that one endpoint is sent in a minute.
const ENDPOINT_TESTS_PER_MINUTE: u32 = 10;
/// The most tests that a tenant sends in a minute, to all its endpoints.
const TENANT_TESTS_PER_MINUTE: u32 = 60;
/// Tests after which those whose allowance is whole again are forgotten.
const SWEEP_INTERVAL: u32 = 1024;

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, Pace, NoOpMiddleware<Duration>>;

/// The allowances of all endpoints and tenants.
pub struct TestLimit {
    pace: Pace,
    endpoints: Limiter<WebhookEndpointId>,
    tenants: Limiter<TenantId>,
    tests: AtomicU32,
}

impl TestLimit {
    /// Nothing was sent yet.
    pub fn new(clock: &Clock) -> Self {
        let pace = Pace::new(clock.clone());
        Self {
            endpoints: Limiter::hashmap_with_clock(quota(ENDPOINT_TESTS_PER_MINUTE), pace.clone()),
            tenants: Limiter::hashmap_with_clock(quota(TENANT_TESTS_PER_MINUTE), pace.clone()),
            pace,
            tests: AtomicU32::new(0),
        }
    }

    /// Takes one test of a tenant's endpoint from both allowances, or says when to try again.
    pub(super) fn admit(&self, endpoint: WebhookEndpointId, tenant: &TenantId) -> Result<(), Refusal> {
        self.sweep();
        take(&self.endpoints, &endpoint, &self.pace).map_err(|seconds| {
            let most = format!("one webhook endpoint is sent at most {ENDPOINT_TESTS_PER_MINUTE} tests a minute");
            refused(&most, seconds)
        })?;
        take(&self.tenants, tenant, &self.pace).map_err(|seconds| {
            let most = format!("a tenant sends at most {TENANT_TESTS_PER_MINUTE} tests a minute");
            refused(&most, seconds)
        })
    }

    fn sweep(&self) {
        if self.tests.fetch_add(1, Ordering::Relaxed) % SWEEP_INTERVAL == SWEEP_INTERVAL - 1 {
            self.endpoints.retain_recent();
            self.tenants.retain_recent();
        }
    }
}

fn quota(per_minute: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN))
}

/// One of a key's allowance, or after how many seconds to try again.
fn take<K: Clone + Eq + Hash>(limiter: &Limiter<K>, key: &K, pace: &Pace) -> Result<(), u64> {
    let now = || governor::clock::Clock::now(pace);
    limiter.check_key(key).map_err(|until| whole_seconds(until.wait_time_from(now())))
}

fn refused(most: &str, seconds: u64) -> Refusal {
    Refusal::new(ErrorCode::Overloaded, format!("{most}; nothing was sent: try again in {seconds} s"))
}

impl fmt::Debug for TestLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestLimit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(number: u8) -> WebhookEndpointId {
        WebhookEndpointId::from_parts(1, &[number; 10])
    }

    fn tenant(name: &str) -> TenantId {
        TenantId::try_new(name).expect("a tenant")
    }

    /// How many of more tests than a tenant may send are admitted, each to the endpoint that is said for it.
    fn admitted(limit: &TestLimit, whose: &str, to: impl Fn(u32) -> u8) -> usize {
        let tenant = tenant(whose);
        (0..100).filter(|number| limit.admit(endpoint(to(*number)), &tenant).is_ok()).count()
    }

    #[test]
    fn one_endpoint_is_sent_ten_and_they_come_back_evenly() {
        let clock = Clock::default();
        let limit = TestLimit::new(&clock);
        assert_eq!(admitted(&limit, "acme", |_| 1), 10);
        let refusal = limit.admit(endpoint(1), &tenant("acme")).expect_err("a refusal");
        assert_eq!(refusal.code, ErrorCode::Overloaded);
        assert!(refusal.message.ends_with("try again in 6 s"), "{}", refusal.message);
        clock.advance(Duration::from_secs(6));
        assert_eq!(admitted(&limit, "acme", |_| 1), 1);
    }

    #[test]
    fn a_tenant_sends_sixty_wherever_they_go() {
        let limit = TestLimit::new(&Clock::default());
        assert_eq!(admitted(&limit, "acme", |_| 1), 10, "and those refused cost it nothing");
        assert_eq!(admitted(&limit, "acme", |number| u8::try_from(number).unwrap_or_default() + 2), 50);
        let refusal = limit.admit(endpoint(200), &tenant("acme")).expect_err("a refusal");
        assert!(refusal.message.contains("a tenant sends at most 60"), "{}", refusal.message);
        assert_eq!(limit.admit(endpoint(201), &tenant("umbrella")), Ok(()), "another tenant is not held up");
    }

    #[test]
    fn who_sends_no_more_is_forgotten() {
        let clock = Clock::default();
        let limit = TestLimit::new(&clock);
        assert_eq!(admitted(&limit, "acme", |number| u8::try_from(number).unwrap_or_default()), 60);
        clock.advance(Duration::from_secs(120));
        for _ in 0..SWEEP_INTERVAL {
            // Refused or not, each counts towards the sweep.
            let _ = limit.admit(endpoint(200), &tenant("umbrella"));
        }
        assert_eq!((limit.endpoints.len(), limit.tenants.len()), (1, 1));
    }
}
