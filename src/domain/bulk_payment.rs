//! Bulk payments: several bills paid in one instruction to one provider, all or none.
//!
//! A bulk's status follows from its payments' and from nothing else, and so does which bills become one payment.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::ids::{BillerId, BulkPaymentId, SubmissionId};
use super::money::Money;
use super::payment::status::{PaymentStatus, words};
use super::payment::{Failure, FieldFault};
use super::requester::{CustomerId, TenantId};

/// The most bills that one bulk pays: what BILL takes in one call.
pub const MOST_ITEMS: usize = 50;
/// The most bills of one biller that become one payment: what BILL combines.
pub const MOST_COMBINED: usize = 35;

/// Under which name a failure's faults keep which bill of a bulk it was.
const BILL: &str = "bill";

words! {
    /// Where a bulk stands.
    BulkPaymentStatus {
        /// Not all of its payments are final.
        Pending = "PENDING",
        /// Every one of its payments is made.
        Succeeded = "SUCCEEDED",
        /// None of its payments was made.
        Failed = "FAILED",
        /// A person must look at one of its payments at least.
        NeedsReview = "NEEDS_REVIEW",
        /// Its payments ended in different ways: some were cancelled or taken back afterwards.
        Mixed = "MIXED",
    }
}

impl BulkPaymentStatus {
    /// Where a bulk stands whose payments stand here. One that has none was not made.
    pub fn of(payments: impl IntoIterator<Item = PaymentStatus>) -> Self {
        let statuses: Vec<_> = payments.into_iter().collect();
        let unpaid = |status: &PaymentStatus| matches!(status, PaymentStatus::Failed | PaymentStatus::Cancelled);
        if statuses.contains(&PaymentStatus::NeedsReview) {
            Self::NeedsReview
        } else if !statuses.iter().all(|status| status.is_final()) {
            Self::Pending
        } else if statuses.iter().all(unpaid) {
            Self::Failed
        } else if statuses.iter().all(|status| *status == PaymentStatus::Succeeded) {
            Self::Succeeded
        } else {
            Self::Mixed
        }
    }
}

/// Several bills that are paid in one instruction.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkPayment {
    /// Its id.
    pub id: BulkPaymentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The tenant's customer whose it is.
    pub customer: Option<CustomerId>,
    /// The client's key.
    pub idempotency_key: String,
    /// What is claimed, sent and settled with it.
    pub submission_id: SubmissionId,
    /// Where it stands.
    pub status: BulkPaymentStatus,
    /// How many changes it has had.
    pub version: i32,
    /// What its payments come to.
    pub total: Money,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// What decides whether two bills of a bulk can be one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedBill {
    /// Who is owed.
    pub biller: BillerId,
    /// Who owes, where the bill names an account.
    pub account_reference: Option<String>,
    /// Whether the provider puts several bills of this biller into one payment.
    pub combines: bool,
}

/// Which bills become one payment: for each payment the places of its bills. Bills of one biller that combines come
/// together, 35 at most; every other bill is a payment of its own. Payments stand in the order of their first bills, and
/// the bills of each in the order in which they were named.
pub fn plan(bills: &[PlannedBill]) -> Vec<Vec<usize>> {
    let mut payments: Vec<Vec<usize>> = Vec::new();
    for (place, bill) in bills.iter().enumerate() {
        let open = payments.iter_mut().find(|payment| {
            let alike = payment.first().is_some_and(|&first| bills[first] == *bill);
            bill.combines && alike && payment.len() < MOST_COMBINED
        });
        match open {
            Some(payment) => payment.push(place),
            None => payments.push(vec![place]),
        }
    }
    payments
}

/// What a payment's failure keeps of a bill that the provider named as the reason: `bill_reference` is what the
/// provider calls it.
pub fn fault_of_bill(bill_reference: &str, message: impl Into<String>) -> FieldFault {
    FieldFault { path: vec![BILL.to_owned(), bill_reference.to_owned()], message: message.into() }
}

/// The bills that the provider named as reason of a failure, in its words; none where it named none.
pub fn bills_at_fault(failure: &Failure) -> Vec<&str> {
    let named = failure.fields.iter().filter_map(|fault| match fault.path.as_slice() {
        [kind, reference] if kind == BILL => Some(reference.as_str()),
        _ => None,
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::refusal::ErrorCode;

    fn bill(biller: u128, combines: bool) -> PlannedBill {
        PlannedBill { biller: BillerId::from_uuid(Uuid::from_u128(biller)), account_reference: None, combines }
    }

    #[test]
    fn the_status_follows_from_the_payments() {
        use PaymentStatus::{Cancelled, Failed, NeedsReview, Pending, Ready, Reversed, Succeeded, Unknown};
        let cases: [(&[PaymentStatus], BulkPaymentStatus); 10] = [
            (&[Ready, Ready], BulkPaymentStatus::Pending),
            (&[Succeeded, Pending], BulkPaymentStatus::Pending),
            (&[Failed, Unknown], BulkPaymentStatus::Pending),
            (&[Pending, NeedsReview, Succeeded], BulkPaymentStatus::NeedsReview),
            (&[Succeeded, Succeeded], BulkPaymentStatus::Succeeded),
            (&[Failed, Failed], BulkPaymentStatus::Failed),
            (&[Failed, Cancelled], BulkPaymentStatus::Failed),
            (&[Succeeded, Failed], BulkPaymentStatus::Mixed),
            (&[Succeeded, Reversed], BulkPaymentStatus::Mixed),
            (&[], BulkPaymentStatus::Failed),
        ];
        for (statuses, expected) in cases {
            assert_eq!(BulkPaymentStatus::of(statuses.iter().copied()), expected, "{statuses:?}");
        }
    }

    #[test]
    fn the_thirty_sixth_bill_begins_a_second_payment() {
        let bills = vec![bill(1, true); 36];
        let payments = plan(&bills);
        assert_eq!(payments.iter().map(Vec::len).collect::<Vec<_>>(), [35, 1]);
    }

    #[test]
    fn bills_of_different_accounts_are_never_one_payment() {
        let one = PlannedBill { account_reference: Some("1".to_owned()), ..bill(1, true) };
        let other = PlannedBill { account_reference: Some("2".to_owned()), ..bill(1, true) };
        assert_eq!(plan(&[one.clone(), other, one]), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn the_bill_that_was_at_fault_is_found_in_the_failure() {
        let field = |path: &[&str]| FieldFault {
            path: path.iter().map(|&part| part.to_owned()).collect(),
            message: "malformed".to_owned(),
        };
        let failure = Failure {
            code: ErrorCode::AmountNotAllowed,
            message: "too much".to_owned(),
            provider_code: None,
            provider_message: None,
            fields: vec![field(&["input", "processDate"]), fault_of_bill("00n01", "too much")],
        };
        assert_eq!(bills_at_fault(&failure), ["00n01"]);
    }

    proptest! {
        #[test]
        fn every_bill_is_in_one_payment_of_its_biller_and_the_order_is_kept(
            bills in prop::collection::vec((0_u128..6).prop_map(|biller| bill(biller, biller % 2 == 0)), 0..=80)
        ) {
            let payments = plan(&bills);
            let places: BTreeSet<usize> = payments.iter().flatten().copied().collect();
            prop_assert_eq!(places.len(), bills.len());
            prop_assert_eq!(payments.iter().map(Vec::len).sum::<usize>(), bills.len());
            prop_assert!(payments.iter().all(|payment| payment.is_sorted()));
            prop_assert!(payments.iter().map(|payment| payment[0]).is_sorted());
            for payment in &payments {
                prop_assert!(payment.len() <= MOST_COMBINED);
                prop_assert!(payment.iter().all(|&place| bills[place] == bills[payment[0]]));
                prop_assert!(payment.len() == 1 || bills[payment[0]].combines);
            }
            // No two payments could have been one.
            for biller in bills.iter().filter(|bill| bill.combines) {
                let open = payments.iter().filter(|payment| bills[payment[0]] == *biller);
                prop_assert!(open.filter(|payment| payment.len() < MOST_COMBINED).count() <= 1);
            }
        }
    }
}
