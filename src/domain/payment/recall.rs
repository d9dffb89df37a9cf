//! Recalls: asking the provider to cancel a payment that it holds, or to void one that it has begun to make.
//!
//! A recall is a wish, kept as a row of its own. It changes no payment: only the provider's evidence does. After an
//! unclear answer the payment is looked up, and the recall is never sent again by itself.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::status::words;
use crate::domain::ids::PaymentId;

words! {
    /// What is asked for.
    RecallKind {
        /// To cancel a payment that is not under way.
        Cancel = "CANCEL",
        /// To stop a payment that is under way, or to take it back.
        Void = "VOID",
    }
}

words! {
    /// What becomes of the money of a voided payment.
    VoidKind {
        /// The payment is stopped, nothing else.
        VoidOnly = "VOID_ONLY",
        /// The money is credited to the payer.
        VoidAndCredit = "VOID_AND_CREDIT",
    }
}

words! {
    /// How far a recall has come.
    RecallState {
        /// It is stored and will be sent.
        Requested = "REQUESTED",
        /// A call is in the air.
        Sending = "SENDING",
        /// The provider took it. Whether the payment was stopped, its status tells.
        Accepted = "ACCEPTED",
        /// The provider refused it.
        Refused = "REFUSED",
        /// No answer is known. The payment's status tells what came of it.
        Unknown = "UNKNOWN",
    }
}

/// One recall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// Its id.
    pub id: Uuid,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// What is asked for.
    pub kind: RecallKind,
    /// What becomes of the money; for a void only.
    pub void_kind: Option<VoidKind>,
    /// Why.
    pub reason: Option<String>,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// How far it has come.
    pub state: RecallState,
    /// The provider's words, where it said any.
    pub provider_message: Option<String>,
}

impl RecallState {
    /// Whether another recall of the same kind must wait for this one.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Requested | Self::Sending | Self::Accepted | Self::Unknown => true,
            Self::Refused => false,
        }
    }
}
