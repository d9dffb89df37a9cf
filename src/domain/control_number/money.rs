//! What money does to a number: which payments it takes, and where it stands once they have come.
//!
//! Source: ClickPesa's page. An ORDER number is closed by its first payment, also by a part; a CUSTOMER number goes on;
//! a number with a maximum closes when that has come, and what is given back frees no room under it. Our choice, where
//! the page is silent: a number that was switched off is INACTIVE unless its amount has come, and so is an ORDER number
//! that was closed by a payment that was then taken back.

use super::{ControlNumber, ControlNumberKind, ControlNumberStatus};
use crate::domain::money::Money;

impl ControlNumber {
    /// Whether the provider has made it, as far as is known.
    pub const fn is_issued(&self) -> bool {
        match self.status {
            ControlNumberStatus::Active
            | ControlNumberStatus::Inactive
            | ControlNumberStatus::PartiallyPaid
            | ControlNumberStatus::Paid
            | ControlNumberStatus::Overpaid => true,
            ControlNumberStatus::Requested
            | ControlNumberStatus::Unknown
            | ControlNumberStatus::NeedsReview
            | ControlNumberStatus::Failed => false,
        }
    }

    /// Whether it would take another payment now, as far as is known.
    pub fn accepts_payments(&self) -> bool {
        self.is_issued() && !self.is_closed() && !self.is_full()
    }

    /// Whether it was switched off, or closed by an earlier payment.
    pub fn is_closed(&self) -> bool {
        let once = match self.kind {
            ControlNumberKind::Order => self.paid_once,
            ControlNumberKind::Customer => false,
        };
        !self.enabled || once
    }

    /// Whether as much has come as it takes in all.
    pub fn is_full(&self) -> bool {
        self.max_amount.is_some_and(|most| self.counted.minor() >= most.minor())
    }

    /// What is still to come of its amount; zero once that has come.
    pub fn remaining(&self) -> Option<Money> {
        let amount = self.amount?;
        Some(amount.with_minor(amount.minor().saturating_sub(self.received.minor()).max(0)))
    }

    /// Where a number that was issued stands by the money that has come.
    pub fn status_by_money(&self) -> ControlNumberStatus {
        let received = self.received.minor();
        let by_amount = match (self.amount, self.kind) {
            (_, _) if received <= 0 => ControlNumberStatus::Active,
            (Some(amount), _) if received > amount.minor() => ControlNumberStatus::Overpaid,
            (Some(amount), _) if received == amount.minor() => ControlNumberStatus::Paid,
            (Some(_), _) => ControlNumberStatus::PartiallyPaid,
            (None, ControlNumberKind::Order) => ControlNumberStatus::Paid,
            (None, ControlNumberKind::Customer) => ControlNumberStatus::Active,
        };
        let closed = by_amount == ControlNumberStatus::Active && self.is_closed();
        let off = by_amount == ControlNumberStatus::PartiallyPaid && !self.enabled;
        if closed || off { ControlNumberStatus::Inactive } else { by_amount }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::ControlNumberMode;
    use super::*;
    use crate::domain::ids::Id;
    use crate::domain::money::CurrencyCode;
    use crate::domain::provider::ProviderCode;
    use crate::domain::requester::TenantId;

    pub(crate) fn shillings(minor: i64) -> Money {
        Money::from_minor(minor, "TZS".parse::<CurrencyCode>().expect("a currency"))
    }

    pub(crate) fn number(kind: ControlNumberKind, amount: Option<i64>) -> ControlNumber {
        ControlNumber {
            id: Id::from_parts(1, &[1; 10]),
            tenant: TenantId::try_new("acme").expect("a tenant"),
            owner: None,
            idempotency_key: "k".to_owned(),
            submission_id: Id::from_parts(1, &[2; 10]),
            place: 0,
            provider: ProviderCode::Clickpesa,
            number: Some("123".to_owned()),
            kind,
            mode: amount.map(|_| ControlNumberMode::AllowPartialAndOverPayment),
            amount: amount.map(shillings),
            max_amount: None,
            received: shillings(0),
            counted: shillings(0),
            paid_once: false,
            reference: "123".to_owned(),
            description: None,
            customer: None,
            enabled: true,
            status: ControlNumberStatus::Active,
            review: None,
            failure: None,
            version: 1,
            created_by: "someone".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn paid(mut number: ControlNumber, received: i64) -> ControlNumber {
        number.received = shillings(received);
        number.counted = shillings(received);
        number.paid_once = true;
        number.status = number.status_by_money();
        number
    }

    #[test]
    fn an_order_closes_at_its_first_payment_and_a_customer_number_does_not() {
        let part = paid(number(ControlNumberKind::Order, Some(100)), 40);
        assert_eq!((part.status, part.accepts_payments()), (ControlNumberStatus::PartiallyPaid, false));
        let part = paid(number(ControlNumberKind::Customer, Some(100)), 40);
        assert_eq!((part.status, part.accepts_payments()), (ControlNumberStatus::PartiallyPaid, true));
        let any = paid(number(ControlNumberKind::Order, None), 40);
        assert_eq!((any.status, any.accepts_payments()), (ControlNumberStatus::Paid, false));
        let any = paid(number(ControlNumberKind::Customer, None), 40);
        assert_eq!((any.status, any.accepts_payments()), (ControlNumberStatus::Active, true));
    }

    #[test]
    fn money_that_is_taken_back_opens_nothing() {
        let mut order = paid(number(ControlNumberKind::Order, Some(100)), 100);
        assert_eq!(order.status, ControlNumberStatus::Paid);
        order.received = shillings(0);
        order.status = order.status_by_money();
        assert_eq!((order.status, order.accepts_payments()), (ControlNumberStatus::Inactive, false));
        let mut capped = number(ControlNumberKind::Customer, None);
        capped.max_amount = Some(shillings(100));
        capped.counted = shillings(100);
        assert_eq!((capped.status_by_money(), capped.accepts_payments()), (ControlNumberStatus::Active, false));
    }

    #[test]
    fn a_number_that_is_switched_off_is_inactive_until_its_amount_has_come() {
        let mut off = number(ControlNumberKind::Customer, Some(100));
        off.enabled = false;
        assert_eq!(off.status_by_money(), ControlNumberStatus::Inactive);
        off.received = shillings(40);
        assert_eq!(off.status_by_money(), ControlNumberStatus::Inactive);
        off.received = shillings(101);
        assert_eq!(off.status_by_money(), ControlNumberStatus::Overpaid);
        assert!(!off.accepts_payments());
    }

    proptest! {
        #[test]
        fn the_status_and_what_remains_agree(amount in 1_i64..1_000_000, received in 0_i64..2_000_000) {
            let number = paid(number(ControlNumberKind::Customer, Some(amount)), received);
            let remaining = number.remaining().map(Money::minor).unwrap_or_default();
            let expected = match received {
                0 => ControlNumberStatus::Active,
                _ if received < amount => ControlNumberStatus::PartiallyPaid,
                _ if received == amount => ControlNumberStatus::Paid,
                _ => ControlNumberStatus::Overpaid,
            };
            prop_assert_eq!(number.status, expected);
            prop_assert_eq!(remaining > 0, received < amount);
        }
    }
}
