//! Providers, and what each can do. The difference between providers is data, read by the schema and by the engine.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use uuid::Uuid;

use super::ids::ProviderId;

/// One of the companies behind the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderCode {
    /// Click, Saudi Arabia.
    Click,
    /// Almara Pay, Kenya.
    Almara,
    /// BILL, United States.
    Bill,
    /// ClickPesa, Tanzania.
    Clickpesa,
}

/// A code that names no provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a provider of billpay")]
pub struct UnknownProvider;

impl ProviderCode {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Click, Self::Almara, Self::Bill, Self::Clickpesa];

    /// The word in settings, paths, rows and the schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Almara => "almara",
            Self::Bill => "bill",
            Self::Clickpesa => "clickpesa",
        }
    }

    /// The company's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Click => "Click",
            Self::Almara => "Almara Pay",
            Self::Bill => "BILL",
            Self::Clickpesa => "ClickPesa",
        }
    }

    /// The same id in every installation, so that a client may keep it.
    pub const fn id(self) -> ProviderId {
        let last = match self {
            Self::Click => 1,
            Self::Almara => 2,
            Self::Bill => 3,
            Self::Clickpesa => 4,
        };
        ProviderId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | last))
    }
}

impl fmt::Display for ProviderCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProviderCode {
    type Err = UnknownProvider;

    fn from_str(code: &str) -> Result<Self, UnknownProvider> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == code).ok_or(UnknownProvider)
    }
}

/// What a provider, or a biller through it, can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Tells what an account owes.
    LookUp,
    /// Tells whether an account exists.
    Validate,
    /// Keeps bill numbers and reminds of them.
    SaveBillNumber,
    /// Pays.
    Pay,
    /// Holds a payment until its day.
    Schedule,
    /// Pays several bills, all or none.
    Bulk,
    /// Puts several bills of one biller into one payment.
    Combine,
    /// Delivers faster.
    Faster,
    /// Cancels a payment that it holds.
    Cancel,
    /// Takes back a payment that it made.
    Void,
    /// Tells later how a payment went.
    Status,
    /// Calls when a payment changes.
    Callback,
    /// Issues numbers that a payer pays.
    ControlNumber,
}

/// How a provider guards against the same request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Not at all.
    None,
    /// By a reference or key of ours, which it remembers for `life`.
    Key {
        /// How long a repeated key is known for sure.
        life: Duration,
        /// How much earlier we stop relying on it.
        margin: Duration,
    },
}

/// How a payment is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// It is not.
    None,
    /// By our own reference, once `consistent_after` has passed since the request.
    ByOurReference {
        /// How long a fresh request may still be invisible.
        consistent_after: Duration,
    },
    /// By the provider's reference, so not before one is known.
    ByProviderReference,
}

/// What a provider's callbacks are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callbacks {
    /// There are none.
    None,
    /// Their origin is proven by a signature: they are evidence.
    Signed,
    /// Anyone could send them: they are a hint to look up.
    Unsigned,
}

/// What the engine reads to decide what is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safety {
    /// How a repeated request is recognised.
    pub idempotency: Idempotency,
    /// How a payment is found again.
    pub look_up: LookUp,
    /// What a callback is worth.
    pub callbacks: Callbacks,
    /// The longest time after which the provider may still execute a request that it accepted.
    pub max_request_life: Duration,
    /// Whether what is settled may be less than what was asked, by a fee that it names.
    pub may_deduct_fee: bool,
}

/// The four classes of `Safety`, by what may be done after an unclear answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SafetyClass {
    /// Key and look-up: look up, and send the same again where it is not known.
    A,
    /// Key only: send the same again.
    B,
    /// Look-up only: look up; never send again.
    C,
    /// Neither: a person decides.
    D,
}

impl Safety {
    /// Which class this is. A look-up that needs the provider's reference is none before one is known.
    pub const fn class(&self, provider_reference_known: bool) -> SafetyClass {
        let findable = match self.look_up {
            LookUp::None => false,
            LookUp::ByOurReference { .. } => true,
            LookUp::ByProviderReference => provider_reference_known,
        };
        match (self.idempotency, findable) {
            (Idempotency::Key { .. }, true) => SafetyClass::A,
            (Idempotency::Key { .. }, false) => SafetyClass::B,
            (Idempotency::None, true) => SafetyClass::C,
            (Idempotency::None, false) => SafetyClass::D,
        }
    }
}

/// How well the way to a provider works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderState {
    /// Calls are answered.
    Healthy,
    /// Calls fail; submissions wait, look-ups go on.
    Degraded,
    /// Our credentials or our contract with it are refused; an operator must act.
    Misconfigured,
    /// No base URL is set.
    Off,
}

impl ProviderState {
    /// The word in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Degraded => "DEGRADED",
            Self::Misconfigured => "MISCONFIGURED",
            Self::Off => "OFF",
        }
    }
}
