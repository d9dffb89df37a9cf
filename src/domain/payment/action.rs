//! What may be done with a payment in its present state.

use super::Payment;
use super::recall::RecallKind;
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

/// The actions that are open, whoever asks. `recalls` are those for which the provider may be asked while it describes
/// the payment as it does.
pub fn allowed(payment: &Payment, safety: &Safety, recalls: &[RecallKind], administrator: bool) -> Vec<Action> {
    let findable = matches!(safety.class(payment.provider_reference.is_some()), SafetyClass::A | SafetyClass::C);
    let mut actions = Vec::new();
    if can_call_off(payment) || can_recall(payment, RecallKind::Cancel, recalls) {
        actions.push(Action::Cancel);
    }
    if can_recall(payment, RecallKind::Void, recalls) {
        actions.push(Action::Void);
    }
    if findable && can_refresh(payment.status) {
        actions.push(Action::Refresh);
    }
    if administrator && payment.status == PaymentStatus::NeedsReview {
        actions.push(Action::Resolve);
    }
    actions
}

/// Whether billpay itself can still call it off: nothing was sent. A bulk's payments are sent together, so that none of
/// them is called off alone.
pub fn can_call_off(payment: &Payment) -> bool {
    payment.bulk_payment_id.is_none() && can_cancel(payment.status)
}

/// Whether nothing was sent.
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

/// Whether the provider may be asked to cancel or to void it: it has named the payment, what it says of it allows that,
/// and so does what billpay knows.
pub fn can_recall(payment: &Payment, kind: RecallKind, recalls: &[RecallKind]) -> bool {
    payment.provider_reference.is_some() && recalls.contains(&kind) && is_recallable(payment.status, kind)
}

const fn is_recallable(status: PaymentStatus, kind: RecallKind) -> bool {
    match status {
        PaymentStatus::Pending => true,
        PaymentStatus::Succeeded | PaymentStatus::NeedsReview => match kind {
            RecallKind::Cancel => false,
            RecallKind::Void => true,
        },
        PaymentStatus::Scheduled
        | PaymentStatus::Ready
        | PaymentStatus::Submitting
        | PaymentStatus::Unknown
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_asked_to_cancel_only_what_is_pending_and_to_void_what_may_have_been_made() {
        let recallable = |kind| {
            let statuses = PaymentStatus::ALL.iter().copied();
            statuses.filter(|status| is_recallable(*status, kind)).collect::<Vec<_>>()
        };
        assert_eq!(recallable(RecallKind::Cancel), [PaymentStatus::Pending]);
        assert_eq!(
            recallable(RecallKind::Void),
            [PaymentStatus::Pending, PaymentStatus::NeedsReview, PaymentStatus::Succeeded]
        );
    }

    #[test]
    fn what_can_be_called_off_here_is_never_asked_of_the_provider() {
        for &status in PaymentStatus::ALL {
            for kind in [RecallKind::Cancel, RecallKind::Void] {
                assert!(!(can_cancel(status) && is_recallable(status, kind)), "{status} {kind}");
            }
        }
    }
}
