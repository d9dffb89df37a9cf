//! Control numbers: numbers that a payer pays to us, and the rules of what they take.

pub mod fold;
pub mod money;
pub mod stage;
pub mod terms;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::ids::{ControlNumberId, SubmissionId};
use super::money::Money;
use super::payment::Failure;
use super::payment::status::{ReviewReason, words};
use super::provider::ProviderCode;
use super::requester::{CustomerId, TenantId};

words! {
    /// How often a number can be paid.
    ControlNumberKind {
        /// Once: its first payment closes it.
        Order = "ORDER",
        /// Again and again.
        Customer = "CUSTOMER",
    }
}

words! {
    /// Which amounts a number with an amount takes.
    ControlNumberMode {
        /// Only that amount.
        Exact = "EXACT",
        /// Less and more as well.
        AllowPartialAndOverPayment = "ALLOW_PARTIAL_AND_OVER_PAYMENT",
    }
}

words! {
    /// Where a number stands.
    ControlNumberStatus {
        /// Stored; the provider has been asked, or will be.
        Requested = "REQUESTED",
        /// The provider was asked and no definite answer is known.
        Unknown = "UNKNOWN",
        /// A person must look.
        NeedsReview = "NEEDS_REVIEW",
        /// The provider refused to make it.
        Failed = "FAILED",
        /// It can be paid.
        Active = "ACTIVE",
        /// It was switched off.
        Inactive = "INACTIVE",
        /// Less than its amount has come.
        PartiallyPaid = "PARTIALLY_PAID",
        /// Its amount has come.
        Paid = "PAID",
        /// More than its amount has come.
        Overpaid = "OVERPAID",
    }
}

/// A person or company that pays.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// The name, where it is known.
    pub name: Option<String>,
    /// The phone number in E.164 form.
    pub phone_number: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer").finish_non_exhaustive()
    }
}

/// One control number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlNumber {
    /// Its id.
    pub id: ControlNumberId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The tenant's customer whose object it is (the token's claim, not who pays).
    pub owner: Option<CustomerId>,
    /// The client's key; the numbers of a batch share it, each with its place.
    pub idempotency_key: String,
    /// What is claimed and sent with it.
    pub submission_id: SubmissionId,
    /// Its place in the submission, from 0.
    pub place: i32,
    /// Who makes it.
    pub provider: ProviderCode,
    /// What is paid; none until the provider has answered.
    pub number: Option<String>,
    /// How often it can be paid.
    pub kind: ControlNumberKind,
    /// Which amounts it takes; none without an amount.
    pub mode: Option<ControlNumberMode>,
    /// What is asked for.
    pub amount: Option<Money>,
    /// The most that it takes in all.
    pub max_amount: Option<Money>,
    /// What has come and was not taken back.
    pub received: Money,
    /// What has come, taken back or not: a reversal does not free the room under `max_amount`.
    pub counted: Money,
    /// Whether anything has ever come.
    pub paid_once: bool,
    /// Our reference, which the provider makes the number.
    pub reference: String,
    /// What for.
    pub description: Option<String>,
    /// Who is to pay.
    pub customer: Option<Customer>,
    /// Whether the provider takes payments for it, as far as billpay has switched it.
    pub enabled: bool,
    /// Where it stands.
    pub status: ControlNumberStatus,
    /// Why a person must look, and since when.
    pub review: Option<(ReviewReason, Timestamp)>,
    /// Why it was not made.
    pub failure: Option<Failure>,
    /// How many changes it has had.
    pub version: i32,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
