//! Bills: amounts owed, as last told by a biller.

use super::payment::status::words;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;

use super::amount_rule::AmountRule;
use super::ids::{BillId, BillerId};
use super::money::Money;
use super::requester::{CustomerId, TenantId};

words! {
    /// Where a bill stands.
    BillStatus {
        /// Something is owed.
        Open = "OPEN",
        /// Part of it was paid.
        PartiallyPaid = "PARTIALLY_PAID",
        /// Nothing is owed any more.
        Paid = "PAID",
    }
}

/// An amount owed by one account to one biller.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// Its id.
    pub id: BillId,
    /// Whose look-up found it.
    pub tenant: TenantId,
    /// The tenant's customer whose look-up found it.
    pub customer: Option<CustomerId>,
    /// Who is owed.
    pub biller_id: BillerId,
    /// Who owes: the payer's number with the biller.
    pub account_reference: Option<String>,
    /// The biller's number of the bill.
    pub invoice_number: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// What was owed at first.
    pub amount: Money,
    /// What is owed still, as last told, less what was paid through billpay since.
    pub amount_due: Money,
    /// What was paid through billpay since it was last told.
    pub amount_paid: Money,
    /// What the provider has in payments that it has not made yet, where it tells.
    pub amount_scheduled: Money,
    /// Until when.
    pub due_date: Option<Date>,
    /// What the provider calls it, where it lists bills.
    pub provider_reference: Option<String>,
    /// When the biller told.
    pub as_of: Timestamp,
}

impl Bill {
    /// Where it stands, by its amounts.
    pub const fn status(&self) -> BillStatus {
        if self.amount_due.minor() <= 0 {
            BillStatus::Paid
        } else if self.amount_paid.minor() > 0 {
            BillStatus::PartiallyPaid
        } else {
            BillStatus::Open
        }
    }

    /// Whether something is owed, so that it can be paid.
    pub const fn is_payable(&self) -> bool {
        self.amount_due.is_positive()
    }

    /// Which amounts may be paid for it: what its biller takes, and where the provider lists the bill no more than is
    /// due on it.
    pub fn amount_rule(&self, of_biller: AmountRule) -> AmountRule {
        if self.provider_reference.is_none() {
            return of_biller;
        }
        let due = self.amount_due.minor();
        let maximum = Some(of_biller.maximum.map_or(due, |most| most.min(due)));
        AmountRule { currency: self.amount_due.currency(), maximum, ..of_biller }
    }
}
