//! Look-ups.

use async_graphql::SimpleObject;

use super::bill::Bill;
use super::money::Money;
use crate::app::look_up::Found;
use crate::graphql::error::UserError;
use crate::graphql::scalar::{Date, DateTime};

/// What an account owes and whose it is. Where `errors` tells why it could not be found out, the rest is empty.
#[derive(Clone, Debug, SimpleObject)]
pub struct BillLookup {
    /// Whose account it is.
    customer_name: Option<String>,
    /// What is owed; null where the provider did not tell.
    amount_due: Option<Money>,
    /// Until when.
    due_date: Option<Date>,
    /// Whether the provider confirmed the account.
    verified: bool,
    /// Whether the account takes payments; null where the provider did not tell.
    account_active: Option<bool>,
    /// The bills; each can be paid by its id.
    bills: Vec<Bill>,
    /// When the provider was asked.
    as_of: DateTime,
    /// Why it could not be found out.
    errors: Vec<UserError>,
}

/// Whether an account exists and whose it is.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountValidation {
    /// Whose account it is.
    customer_name: Option<String>,
    /// Whether the provider confirmed the account.
    verified: bool,
    /// Whether the account takes payments; null where the provider did not tell.
    account_active: Option<bool>,
    /// When the provider was asked.
    as_of: DateTime,
    /// Why it could not be found out.
    errors: Vec<UserError>,
}

impl BillLookup {
    /// What was found, or why nothing was.
    pub fn new(found: Option<Found>, errors: Vec<UserError>, now: jiff::Timestamp) -> Self {
        let Some(found) = found else {
            return Self {
                customer_name: None,
                amount_due: None,
                due_date: None,
                verified: false,
                account_active: None,
                bills: Vec::new(),
                as_of: DateTime(now),
                errors,
            };
        };
        Self {
            customer_name: found.customer_name,
            amount_due: found.amount_due.map(Money::from),
            due_date: found.due_date.map(Date),
            verified: found.verified,
            account_active: found.account_active,
            bills: found.bills.into_iter().map(Bill).collect(),
            as_of: DateTime(found.as_of),
            errors,
        }
    }
}

impl AccountValidation {
    /// What was found, or why nothing was.
    pub fn new(found: Option<Found>, errors: Vec<UserError>, now: jiff::Timestamp) -> Self {
        let as_of = DateTime(found.as_ref().map_or(now, |found| found.as_of));
        let verified = found.as_ref().is_some_and(|found| found.verified);
        let account_active = found.as_ref().and_then(|found| found.account_active);
        Self { customer_name: found.and_then(|found| found.customer_name), verified, account_active, as_of, errors }
    }
}
