//! What may be done with a payment in its present state.

use super::Payment;
use super::status::PaymentStatus;
use crate::domain::provider::{Safety, SafetyClass};

/// Something that a caller may do with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Call it off.
    Cancel,
    /// Have it taken back.
    Void,
    /// Ask the provider how it stands.
    Refresh,
    /// Decide it with evidence (administrators).
    Resolve,
}

/// The actions that are open, whoever asks.
pub fn allowed(payment: &Payment, safety: &Safety, administrator: bool) -> Vec<Action> {
    let findable = matches!(safety.class(payment.provider_reference.is_some()), SafetyClass::A | SafetyClass::C);
    let mut actions = Vec::new();
    if can_cancel(payment.status) {
        actions.push(Action::Cancel);
    }
    if findable && can_refresh(payment.status) {
        actions.push(Action::Refresh);
    }
    if administrator && payment.status == PaymentStatus::NeedsReview {
        actions.push(Action::Resolve);
    }
    actions
}

/// Whether billpay itself can still call it off: nothing was sent.
pub const fn can_cancel(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Scheduled | PaymentStatus::Ready => true,
        PaymentStatus::Submitting
        | PaymentStatus::Pending
        | PaymentStatus::Unknown
        | PaymentStatus::NeedsReview
        | PaymentStatus::Succeeded
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled
        | PaymentStatus::Reversed => false,
    }
}

/// Whether asking the provider can tell anything new.
pub const fn can_refresh(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Pending | PaymentStatus::Unknown | PaymentStatus::NeedsReview | PaymentStatus::Submitting => {
            true
        }
        PaymentStatus::Scheduled
        | PaymentStatus::Ready
        | PaymentStatus::Succeeded
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled
        | PaymentStatus::Reversed => false,
    }
}
