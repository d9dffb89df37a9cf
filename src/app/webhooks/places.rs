//! Places: which callbacks may be under way beside each other, so that a receiver that is silent stops nobody else.
//!
//! Purpose: a `callbackUrl` is said by whoever pays, which may be one customer of a tenant, and each call to a host that
//! does not answer keeps its place for as long as an answer is waited for. Mechanism: a turn has a number of places, of
//! which one host, and the payments of one customer, have only a part; and nobody is called of whom an answer took
//! longer in this turn than the turn still lasts. Guarantee: one silent host, or one customer with however many of them,
//! leaves places to all others, and does not prolong turn after turn, at whose end the others would wait.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::requester::CustomerId;

/// How many calls are under way at once.
pub(super) const AT_ONCE: usize = 32;
/// How many of them to one host.
const AT_ONCE_OF_HOST: usize = 4;
/// How many of them for one customer, to whatever hosts.
const AT_ONCE_OF_CUSTOMER: usize = 8;

/// Whose place a call takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    /// The host that is called, and its port, as a URL that was read says them.
    Host(String, Option<u16>),
    /// Whose payment it is.
    Customer(CustomerId),
}

/// The places of a turn.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: usize,
    known: HashMap<Party, Known>,
}

/// What is known of a party in this turn.
#[derive(Debug, Default)]
struct Known {
    calls: usize,
    longest: Duration,
}

impl Party {
    const fn share(&self) -> usize {
        match self {
            Self::Host(..) => AT_ONCE_OF_HOST,
            Self::Customer(_) => AT_ONCE_OF_CUSTOMER,
        }
    }
}

impl Places {
    /// Whether there is no place for anybody.
    pub(super) const fn are_taken(&self) -> bool {
        self.taken >= AT_ONCE
    }

    /// Whether a party may be called once more in a turn that lasts so long from now.
    pub(super) fn admit(&self, party: &Party, left: Duration) -> bool {
        self.known.get(party).is_none_or(|known| known.calls < party.share() && known.longest <= left)
    }

    /// A call begins.
    pub(super) fn take(&mut self, parties: &[Party]) {
        self.taken += 1;
        for party in parties {
            self.known.entry(party.clone()).or_default().calls += 1;
        }
    }

    /// A call has ended, after so long.
    pub(super) fn give_back(&mut self, parties: &[Party], took: Duration) {
        self.taken = self.taken.saturating_sub(1);
        for party in parties {
            if let Some(known) = self.known.get_mut(party) {
                known.calls = known.calls.saturating_sub(1);
                known.longest = known.longest.max(took);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: Duration = Duration::from_secs(20);

    fn host(name: &str) -> Party {
        Party::Host(name.to_owned(), Some(443))
    }

    fn customer(name: &str) -> Party {
        Party::Customer(CustomerId::try_new(name).expect("a customer"))
    }

    /// Takes places until there is none for one of the parties; how many that were.
    fn taken(places: &mut Places, of: impl Fn(usize) -> Vec<Party>) -> usize {
        for number in 0..=AT_ONCE {
            let parties = of(number);
            if places.are_taken() || !parties.iter().all(|party| places.admit(party, TURN)) {
                return number;
            }
            places.take(&parties);
        }
        panic!("there is no end of places");
    }

    #[test]
    fn a3_one_host_has_a_part_of_the_places_and_others_the_rest() {
        let mut places = Places::default();
        assert_eq!(taken(&mut places, |_| vec![host("silent.example")]), AT_ONCE_OF_HOST);
        assert!(places.admit(&host("well.example"), TURN) && !places.are_taken());
        places.give_back(&[host("silent.example")], Duration::ZERO);
        assert!(places.admit(&host("silent.example"), TURN), "the next begins whenever one has ended");
    }

    #[test]
    fn a3_one_customer_with_many_hosts_has_a_part_of_the_places() {
        let mut places = Places::default();
        let many = |number: usize| vec![host(&format!("{number}.example")), customer("mallory")];
        assert_eq!(taken(&mut places, many), AT_ONCE_OF_CUSTOMER);
        assert!(!places.admit(&customer("mallory"), TURN));
        assert!(places.admit(&customer("alice"), TURN) && !places.are_taken());
    }

    #[test]
    fn no_more_than_all_places_are_taken() {
        let mut places = Places::default();
        assert_eq!(taken(&mut places, |number| vec![host(&format!("{number}.example"))]), AT_ONCE);
        assert!(places.are_taken());
    }

    #[test]
    fn whoever_took_long_is_not_called_so_late_that_others_would_wait_for_the_end() {
        let mut places = Places::default();
        let slow = [host("slow.example")];
        places.take(&slow);
        places.give_back(&slow, Duration::from_secs(15));
        places.take(&slow);
        places.give_back(&slow, Duration::from_millis(5));
        assert!(places.admit(&slow[0], Duration::from_secs(15)));
        assert!(!places.admit(&slow[0], Duration::from_secs(14)));
        assert!(places.admit(&host("new.example"), Duration::from_millis(1)));
    }
}
