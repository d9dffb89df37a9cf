//! What is asked about a payer's accounts with billers: what they owe, and whether they are kept.

use std::fmt;

use jiff::civil::Date;

use crate::domain::biller::Biller;
use crate::domain::money::Money;

/// What an account owes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AccountAnswer {
    /// Whose it is.
    pub customer_name: Option<String>,
    /// What is owed, where the provider told.
    pub amount_due: Option<Money>,
    /// Until when.
    pub due_date: Option<Date>,
    /// Whether the provider confirmed that the account exists.
    pub verified: bool,
    /// Whether the account takes payments, where the provider told.
    pub active: Option<bool>,
}

impl fmt::Debug for AccountAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountAnswer").field("verified", &self.verified).finish_non_exhaustive()
    }
}

/// A bill number to be kept by the provider.
#[derive(Clone)]
pub struct BillNumberRequest {
    /// With whom.
    pub biller: Biller,
    /// The number.
    pub account_reference: String,
    /// Whom to remind, in E.164 form.
    pub phone_number: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Whether to remind of the due date.
    pub remind_due_date: bool,
}

impl fmt::Debug for BillNumberRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillNumberRequest").field("remind_due_date", &self.remind_due_date).finish_non_exhaustive()
    }
}

/// A bill number as the provider keeps it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BillNumberAnswer {
    /// Whose account it is.
    pub customer_name: Option<String>,
    /// What was owed when last asked.
    pub last_known_balance: Option<Money>,
    /// Until when.
    pub due_date: Option<Date>,
    /// Whether the provider confirmed the account.
    pub verified: bool,
    /// Whether it takes payments, where the provider told.
    pub active: Option<bool>,
    /// What the provider named it.
    pub provider_reference: Option<String>,
}

impl fmt::Debug for BillNumberAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillNumberAnswer").field("verified", &self.verified).finish_non_exhaustive()
    }
}

/// One open bill of a biller that lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillAnswer {
    /// What the provider calls it.
    pub reference: String,
    /// The biller's number of it.
    pub invoice_number: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// What was owed at first.
    pub amount: Money,
    /// What is owed still.
    pub amount_due: Money,
    /// What was paid.
    pub amount_paid: Money,
    /// What is in payments that have not been made yet.
    pub amount_scheduled: Money,
    /// Until when.
    pub due_date: Option<Date>,
}
