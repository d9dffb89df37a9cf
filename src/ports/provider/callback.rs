//! What a provider sends to us.

use super::control_number::CollectionAnswer;
use super::payment::PaymentAnswer;

/// A callback, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackNotice {
    /// What makes a repetition recognisable: the provider's event id, where it has one.
    pub event_id: Option<String>,
    /// Our reference, where it carries it.
    pub our_reference: Option<String>,
    /// The provider's reference, where it carries it.
    pub provider_reference: Option<String>,
    /// What it says, where its origin is proven; a hint says nothing.
    pub answer: Option<PaymentAnswer>,
    /// Money that was paid to a control number, where its origin is proven.
    pub collection: Option<CollectionAnswer>,
    /// Whether its origin is proven.
    pub verified: bool,
    /// The control number that it speaks of, proven or not.
    pub control_number: Option<String>,
}

/// Why a callback is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// It is not what this provider sends.
    #[error("the body cannot be read")]
    Unreadable,
    /// Its signature is absent or wrong.
    #[error("the signature does not hold")]
    Forged,
}
