//! Recalls: what was asked of the provider about a payment that it holds or has made.

use async_graphql::{Enum, SimpleObject};

use crate::domain::payment::recall as domain;
use crate::graphql::scalar::DateTime;

/// What becomes of the money of a voided payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::VoidKind")]
pub enum VoidKind {
    /// The payment is stopped, nothing else.
    VoidOnly,
    /// The money is credited to the payer.
    VoidAndCredit,
}

/// How far a wish to cancel or to void has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::RecallState")]
pub enum RecallState {
    /// It is stored and will be sent.
    Requested,
    /// A call to the provider may be in the air.
    Sending,
    /// It was taken. Whether the payment was stopped, its status tells.
    Accepted,
    /// The provider refused it.
    Refused,
    /// No answer is known. The payment's status tells what came of it; it is never sent again unasked.
    Unknown,
}

/// That a payment is to be cancelled. Whether it was, its status tells.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentCancellation {
    /// When it was asked for.
    requested_at: DateTime,
    /// By whom.
    requested_by: String,
    /// Why.
    reason: Option<String>,
    /// How far it has come.
    state: RecallState,
}

/// That a payment is to be voided. Whether it was, the payment's status tells.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentVoid {
    /// When it was asked for.
    at: DateTime,
    /// What becomes of the money.
    kind: VoidKind,
    /// Why.
    reason: String,
    /// How far it has come: REQUESTED, SENDING, ACCEPTED, REFUSED or UNKNOWN.
    status: Option<String>,
}

/// The newest cancellation among a payment's recalls, which stand oldest first.
pub fn cancellation(recalls: &[domain::Recall]) -> Option<PaymentCancellation> {
    let newest = recalls.iter().rev().find(|recall| recall.kind == domain::RecallKind::Cancel)?;
    Some(PaymentCancellation {
        requested_at: DateTime(newest.requested_at),
        requested_by: newest.requested_by.clone(),
        reason: newest.reason.clone(),
        state: newest.state.into(),
    })
}

/// The voids among a payment's recalls.
pub fn voids(recalls: Vec<domain::Recall>) -> Vec<PaymentVoid> {
    let voids = recalls.into_iter().filter(|recall| recall.kind == domain::RecallKind::Void);
    let void = |recall: domain::Recall| PaymentVoid {
        at: DateTime(recall.requested_at),
        kind: recall.void_kind.unwrap_or(domain::VoidKind::VoidOnly).into(),
        reason: recall.reason.unwrap_or_default(),
        status: Some(recall.state.to_string()),
    };
    voids.map(void).collect()
}
