//! How many callbacks one address may send to one provider's path in a minute.
//!
//! Anyone may send to that path, and the signature is the only proof; so whoever sends too much is turned away before
//! a byte of the body is read or verified, whatever it would have proven. The allowance of a whole minute may be taken
//! at once and then comes back evenly. An address of IPv6 counts by its network of 64 bits, since a host has as many
//! addresses in it as it likes. Addresses are forgotten once their allowance is whole again, so that a flood from many
//! fills no memory. Each process counts for itself; a proxy's address is that of all who send through it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::domain::provider::ProviderCode;
use crate::ports::clock::Clock;
use crate::ports::pace::{Pace, whole_seconds};

/// Callbacks after which addresses whose allowance is whole again are forgotten.
const SWEEP_INTERVAL: u32 = 1024;
/// The bits of an address of IPv6 that name its network.
const NETWORK_BITS: u128 = !0 << 64;

type Limiter = RateLimiter<Sender, HashMapStateStore<Sender>, Pace, NoOpMiddleware<Duration>>;

/// Who is at the other end of a connection: every request carries it as `ConnectInfo<Peer>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// An address, as a sender of one provider's callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sender {
    network: IpAddr,
    provider: ProviderCode,
}

/// The allowances of all senders. Clones are the same.
#[derive(Clone)]
pub struct CallbackLimit(Option<Arc<Allowance>>);

struct Allowance {
    pace: Pace,
    limiter: Limiter,
    charges: AtomicU32,
}

impl Peer {
    /// Stands for whoever came by no connection.
    pub(super) const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
}

impl CallbackLimit {
    /// So many callbacks a minute; None is without limit.
    pub fn new(per_minute: Option<NonZeroU32>, clock: &Clock) -> Self {
        Self(per_minute.map(|per_minute| Arc::new(Allowance::new(per_minute, clock))))
    }

    /// Takes one callback from a sender's allowance, or says after how many seconds to try again.
    pub(super) fn admit(&self, Peer(address): Peer, provider: ProviderCode) -> Result<(), u64> {
        let sender = Sender { network: network(address), provider };
        self.0.as_ref().map_or(Ok(()), |allowance| allowance.take(&sender))
    }
}

impl Allowance {
    fn new(per_minute: NonZeroU32, clock: &Clock) -> Self {
        let pace = Pace::new(clock.clone());
        let limiter = Limiter::hashmap_with_clock(Quota::per_minute(per_minute), pace.clone());
        Self { pace, limiter, charges: AtomicU32::new(0) }
    }

    fn take(&self, sender: &Sender) -> Result<(), u64> {
        if self.charges.fetch_add(1, Ordering::Relaxed) % SWEEP_INTERVAL == SWEEP_INTERVAL - 1 {
            self.limiter.retain_recent();
        }
        let now = || governor::clock::Clock::now(&self.pace);
        self.limiter.check_key(sender).map_err(|until| whole_seconds(until.wait_time_from(now())))
    }
}

/// What one sender can hardly have two of.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK_BITS)),
    }
}

impl fmt::Debug for CallbackLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackLimit").field("is_on", &self.0.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(per_minute: u32, clock: &Clock) -> CallbackLimit {
        CallbackLimit::new(NonZeroU32::new(per_minute), clock)
    }

    fn peer(address: &str) -> Peer {
        Peer(address.parse().expect("an address"))
    }

    #[test]
    fn c7_an_address_is_turned_away_until_its_allowance_comes_back() {
        let clock = Clock::default();
        let limit = limit(3, &clock);
        let flooder = peer("192.0.2.1");
        for _ in 0..3 {
            assert_eq!(limit.admit(flooder, ProviderCode::Bill), Ok(()));
        }
        let seconds = limit.admit(flooder, ProviderCode::Bill).expect_err("turned away");
        assert!((1..=20).contains(&seconds), "{seconds}");
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(limit.admit(flooder, ProviderCode::Bill), Ok(()));
        assert!(limit.admit(flooder, ProviderCode::Bill).is_err());
    }

    #[test]
    fn c7_other_addresses_and_other_providers_are_not_held_up() {
        let limit = limit(1, &Clock::default());
        assert_eq!(limit.admit(peer("192.0.2.1"), ProviderCode::Bill), Ok(()));
        assert!(limit.admit(peer("192.0.2.1"), ProviderCode::Bill).is_err());
        assert!(limit.admit(peer("::ffff:192.0.2.1"), ProviderCode::Bill).is_err(), "the same address");
        assert_eq!(limit.admit(peer("192.0.2.1"), ProviderCode::Almara), Ok(()));
        assert_eq!(limit.admit(peer("192.0.2.2"), ProviderCode::Bill), Ok(()));
    }

    #[test]
    fn c7_addresses_of_one_network_of_ipv6_count_as_one() {
        let limit = limit(1, &Clock::default());
        assert_eq!(limit.admit(peer("2001:db8:1:2::1"), ProviderCode::Bill), Ok(()));
        assert!(limit.admit(peer("2001:db8:1:2:ffff::9"), ProviderCode::Bill).is_err());
        assert_eq!(limit.admit(peer("2001:db8:1:3::1"), ProviderCode::Bill), Ok(()));
    }

    #[test]
    fn c7_a_flood_from_many_addresses_fills_no_memory() {
        let clock = Clock::default();
        let limit = limit(60, &clock);
        for host in 0..=u8::MAX {
            assert_eq!(limit.admit(Peer(IpAddr::from([192, 0, 2, host])), ProviderCode::Bill), Ok(()));
        }
        clock.advance(Duration::from_secs(120));
        for _ in 0..SWEEP_INTERVAL {
            // Refused or not, each counts towards the sweep.
            let _ = limit.admit(peer("198.51.100.1"), ProviderCode::Bill);
        }
        let known = limit.0.as_ref().expect("a limit").limiter.len();
        assert_eq!(known, 1);
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limit = limit(0, &Clock::default());
        for _ in 0..10_000 {
            assert_eq!(limit.admit(peer("192.0.2.1"), ProviderCode::Bill), Ok(()));
        }
    }
}
