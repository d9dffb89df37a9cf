//! What is asked about control numbers and the money that is paid to them, and what is answered.

use std::fmt;

use jiff::Timestamp;

use crate::domain::collection::CollectionStatus;
use crate::domain::control_number::{ControlNumberKind, ControlNumberMode, Customer};
use crate::domain::money::Money;

/// A control number to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct ControlNumberRequest {
    /// Our reference, which becomes the number: letters and digits, at most 20.
    pub reference: String,
    /// Whether it takes one payment or many.
    pub kind: ControlNumberKind,
    /// Which amounts it takes; none without an amount.
    pub mode: Option<ControlNumberMode>,
    /// What is asked for.
    pub amount: Option<Money>,
    /// The most that it takes in all.
    pub max_amount: Option<Money>,
    /// What for.
    pub description: Option<String>,
    /// Whose it is, for a number of a customer.
    pub customer: Option<Customer>,
}

impl fmt::Debug for ControlNumberRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlNumberRequest").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A control number as the provider keeps it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ControlNumberAnswer {
    /// What is paid.
    pub number: String,
    /// Which amounts it takes, where told.
    pub mode: Option<ControlNumberMode>,
    /// What is asked for, where told.
    pub amount: Option<Money>,
    /// The most that it takes, where told.
    pub max_amount: Option<Money>,
    /// What for, where told.
    pub description: Option<String>,
    /// Whether it takes payments, where told.
    pub active: Option<bool>,
    /// Of the answer.
    pub http_status: Option<u16>,
}

impl fmt::Debug for ControlNumberAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlNumberAnswer").field("active", &self.active).finish_non_exhaustive()
    }
}

/// What became of one number of a batch.
pub type ControlNumberOutcome = Result<ControlNumberAnswer, super::ProviderError>;

/// What is to be changed of a number; what is absent stays. Absolute values: the same change twice is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlNumberChange {
    /// What is asked for.
    pub amount: Option<Money>,
    /// Which amounts it takes.
    pub mode: Option<ControlNumberMode>,
    /// The most that it takes in all.
    pub max_amount: Option<Money>,
    /// What for.
    pub description: Option<String>,
    /// Whether it takes payments.
    pub active: Option<bool>,
}

/// A page of what was paid to any number, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionPage {
    /// What can be used of it.
    pub told: Vec<CollectionAnswer>,
    /// Whether nothing stands behind it, told or not.
    pub is_last: bool,
}

/// Money that was paid to a number, as the provider tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct CollectionAnswer {
    /// What the provider calls this payment: unique.
    pub reference: String,
    /// The number that was paid.
    pub number: String,
    /// Where it stands.
    pub status: CollectionStatus,
    /// How much, where the provider told in a currency that is known.
    pub amount: Option<Money>,
    /// Who paid.
    pub payer: Option<Customer>,
    /// By which way.
    pub channel: Option<String>,
    /// The reference of the payer's own payment.
    pub payment_reference: Option<String>,
    /// The provider's words.
    pub message: Option<String>,
    /// When the provider last changed it.
    pub updated_at: Option<Timestamp>,
}

impl fmt::Debug for CollectionAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectionAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}
