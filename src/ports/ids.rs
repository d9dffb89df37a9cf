//! Ids and other random values, from a clock and a source of randomness that the start decides.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::clock::Clock;
use crate::domain::ids::Id;

/// Makes ids. Cheap to clone; clones share the source.
#[derive(Clone)]
pub struct Ids {
    clock: Clock,
    random: Arc<Mutex<StdRng>>,
}

impl Ids {
    /// From the operating system's randomness.
    pub fn from_system(clock: Clock) -> Self {
        Self { clock, random: Arc::new(Mutex::new(StdRng::from_os_rng())) }
    }

    /// A new id, sortable by its time.
    pub fn next<K>(&self) -> Id<K> {
        let millis = self.clock.now().as_millisecond().unsigned_abs();
        Id::from_parts(millis, &self.random())
    }

    /// A reference for a provider: a random UUID.
    pub fn reference(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random()).into_uuid()
    }

    /// What a secret is made of: 256 random bits.
    pub fn secret(&self) -> [u8; 32] {
        self.random()
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes[..]);
        bytes
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ids").finish_non_exhaustive()
    }
}
