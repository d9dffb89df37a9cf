//! Bill numbers: account references that a user keeps.

use jiff::Timestamp;
use jiff::civil::Date;

use super::ids::{BillNumberId, BillerId};
use super::money::Money;
use super::requester::{CustomerId, TenantId};

/// An account reference that is kept: unique by tenant, customer, biller and reference.
#[derive(Clone, Debug, PartialEq)]
pub struct BillNumber {
    /// Its id.
    pub id: BillNumberId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The tenant's customer whose it is.
    pub customer: Option<CustomerId>,
    /// With whom.
    pub biller_id: BillerId,
    /// The number.
    pub account_reference: String,
    /// Whose account it is, where the provider told.
    pub customer_name: Option<String>,
    /// Whom to remind, in E.164 form.
    pub phone_number: Option<String>,
    /// What for, in the user's words.
    pub description: Option<String>,
    /// What was owed when last asked.
    pub last_known_balance: Option<Money>,
    /// When that was.
    pub balance_as_of: Option<Timestamp>,
    /// Until when it is to be paid.
    pub due_date: Option<Date>,
    /// Whether the provider confirmed the account.
    pub verified: bool,
    /// Whether the account takes payments, where the provider told.
    pub account_active: Option<bool>,
    /// Whether to remind of the due date.
    pub remind_due_date: bool,
    /// Whether the provider keeps it too.
    pub saved_with_provider: bool,
    /// What the provider named it.
    pub provider_reference: Option<String>,
    /// How many changes it has had.
    pub version: i32,
    /// When it was saved.
    pub created_at: Timestamp,
    /// When it was removed. Payments that named it go on naming it.
    pub removed_at: Option<Timestamp>,
}
