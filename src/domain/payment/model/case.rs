//! A case: what the provider can do, how far the search goes, and what is wrong with the engine, if anything.

use std::time::Duration;

use jiff::Timestamp;

use super::flaw::Flaw;
use crate::domain::provider::{Callbacks, Idempotency, LookUp, Safety, SafetyClass};

/// Time, in ticks since the payment was made.
pub(super) type Tick = u8;

/// How long a tick is, in seconds: longer than the longest pause between two tries.
const TICK_SECONDS: i64 = 600;
/// When the payment was made.
const CREATED_AT_SECOND: i64 = 1_795_000_000;
/// How long the provider may execute a request that it has.
pub(super) const REQUEST_LIFE: Tick = 1;
/// For how long a provider remembers a reference for sure, and how much earlier it is relied on no more: a freeze
/// between mark and call, and the life of a request.
pub(super) const KEY_LIFE: Tick = 4;
pub(super) const KEY_MARGIN: Tick = 2;
/// The last tick in which something that was never sent may be sent.
pub(super) const NOT_AFTER: Tick = 1;
/// The most submissions of one payment.
pub(super) const MOST_SENDS: usize = 3;

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Its name in reports.
    pub(super) name: &'static str,
    /// The provider's abilities.
    pub(super) safety: Safety,
    /// How long a worker may be frozen between its mark and its call; nothing where there is no limit. Where a key
    /// protects, the deadline that is checked just before the call is what limits it.
    pub(super) longest_freeze: Option<Tick>,
    /// When patience ends; the search ends with it.
    pub(super) review_at: Tick,
    /// The most claims, in each life of the database.
    pub(super) most_claims: u8,
    /// Whether the database may be lost once, and restored as it was before the first claim.
    pub(super) may_be_restored: bool,
    /// What is wrong with the engine.
    pub(super) flaw: Option<Flaw>,
}

impl Case {
    /// The usual case of a class. Callbacks are signed, so that each is evidence.
    pub(super) fn of(class: SafetyClass) -> Self {
        let (name, has_key, is_findable) = match class {
            SafetyClass::A => ("A, key and look-up", true, true),
            SafetyClass::B => ("B, key only", true, false),
            SafetyClass::C => ("C, look-up only", false, true),
            SafetyClass::D => ("D, neither", false, false),
        };
        let key = Idempotency::Key { life: ticks(KEY_LIFE), margin: ticks(KEY_MARGIN) };
        let find = LookUp::ByOurReference { consistent_after: Duration::from_secs(10) };
        let safety = Safety {
            idempotency: if has_key { key } else { Idempotency::None },
            look_up: if is_findable { find } else { LookUp::None },
            callbacks: Callbacks::Signed,
            max_request_life: ticks(REQUEST_LIFE),
            may_deduct_fee: false,
        };
        assert_eq!(safety.class(false), class);
        Self {
            name,
            safety,
            longest_freeze: has_key.then_some(KEY_MARGIN - REQUEST_LIFE),
            review_at: if has_key { KEY_LIFE + 1 } else { 3 },
            most_claims: 4,
            may_be_restored: false,
            flaw: None,
        }
    }

    /// The same with unsigned callbacks: a callback only causes a look-up.
    pub(super) fn with_hints(self) -> Self {
        let safety = Safety { callbacks: Callbacks::Unsigned, ..self.safety };
        Self { name: "A, callbacks are hints", safety, most_claims: 3, ..self }
    }

    /// The same with a database that may be lost.
    pub(super) fn with_restored_backup(self) -> Self {
        Self { may_be_restored: true, most_claims: 2, ..self }
    }

    /// The same with this flaw.
    pub(super) fn with(self, flaw: Flaw) -> Self {
        Self { flaw: Some(flaw), ..self }
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// Whether the provider recognises a repetition.
    pub(super) fn has_key(&self) -> bool {
        match self.safety.idempotency {
            Idempotency::None => false,
            Idempotency::Key { .. } => true,
        }
    }

    /// Whether the provider can be asked.
    pub(super) fn is_findable(&self) -> bool {
        match self.safety.look_up {
            LookUp::None | LookUp::ByProviderReference => false,
            LookUp::ByOurReference { .. } => true,
        }
    }

    /// Whether a callback is evidence.
    pub(super) fn has_evident_callbacks(&self) -> bool {
        match self.safety.callbacks {
            Callbacks::Signed => true,
            Callbacks::None | Callbacks::Unsigned => false,
        }
    }
}

/// The moment at which a tick begins.
pub(super) fn moment(tick: Tick) -> Timestamp {
    Timestamp::from_second(CREATED_AT_SECOND + i64::from(tick) * TICK_SECONDS).expect("a moment in our time")
}

/// The first tick that is not before a moment.
pub(super) fn tick_at(moment: Timestamp) -> Tick {
    let since = (moment.as_millisecond() - CREATED_AT_SECOND * 1_000).max(0);
    let rounded_up = (since + TICK_SECONDS * 1_000 - 1) / (TICK_SECONDS * 1_000);
    Tick::try_from(rounded_up).unwrap_or(Tick::MAX)
}

fn ticks(count: Tick) -> Duration {
    Duration::from_secs(u64::from(count) * TICK_SECONDS.unsigned_abs())
}
