//! The bill that a payment is for: one that is known, or that of its account, which is found where the payment is stored.
//!
//! Nothing that is checked depends on the bill of an account: it says what is paid, and until when.

use jiff::civil::Date;

use super::CreatePayment;
use crate::domain::bill::Bill;
use crate::domain::ids::BillId;
use crate::domain::payment::{Allocation, Payment};
use crate::store::WhichBill;

/// Which bill is paid.
pub(super) enum PaidBill {
    /// The target itself.
    Known(KnownBill),
    /// That of the account, if something is owed on it.
    OfAccount,
    /// None.
    None,
}

/// A bill that was looked up.
pub(super) struct KnownBill {
    pub(super) id: BillId,
    pub(super) due_date: Option<Date>,
    /// What the provider calls it, where it lists bills.
    pub(super) provider_reference: Option<String>,
}

impl From<Bill> for KnownBill {
    fn from(bill: Bill) -> Self {
        Self { id: bill.id, due_date: bill.due_date, provider_reference: bill.provider_reference }
    }
}

impl PaidBill {
    pub(super) const fn known(&self) -> Option<&KnownBill> {
        match self {
            Self::Known(bill) => Some(bill),
            Self::OfAccount | Self::None => None,
        }
    }

    /// What whoever stores the payment is to find out. The payer's word about the due date is the last.
    pub(super) const fn to_store(&self, input: &CreatePayment) -> WhichBill {
        match self {
            Self::Known(_) | Self::None => WhichBill::Allocated,
            Self::OfAccount => WhichBill::OfAccount { gives_due_date: input.due_date.is_none() },
        }
    }
}

/// The whole of a payment, for the bill that it pays, if one is known.
pub(super) fn allocation(payment: &Payment, bill: Option<&KnownBill>) -> Allocation {
    Allocation {
        payment_id: payment.id,
        bill_id: bill.map(|bill| bill.id),
        bill_reference: bill.and_then(|bill| bill.provider_reference.clone()),
        amount: payment.amount,
        provider_reference: None,
    }
}
