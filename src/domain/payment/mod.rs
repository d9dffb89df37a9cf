//! Payments: the intention, its states, the evidence, and the two decisions about it.
//!
//! A payment says what is *wanted*, attempts say what was *done*, evidence says what the world *answered*; the state is
//! a [`fold`](fold::fold) over the evidence, and the next step is [`decide`](decide::decide)d from what is known.

pub mod action;
pub mod decide;
pub mod evidence;
pub mod fold;
pub mod matching;
#[cfg(test)]
mod model;
pub mod recall;
pub mod status;
pub mod submission;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::disbursement::Disbursement;
use super::ids::{BillId, BillNumberId, BillerId, BulkPaymentId, FundingAccountId, PaymentId, SubmissionId};
use super::money::Money;
use super::provider::ProviderCode;
use super::refusal::ErrorCode;
use super::requester::{CustomerId, TenantId};
use status::{PaymentStatus, ReviewReason, words};

words! {
    /// How fast the money should reach the biller.
    DeliverySpeed {
        /// As the provider does by default.
        Standard = "STANDARD",
        /// The provider's faster way.
        Faster = "FASTER",
        /// Within one day.
        OneDay = "ONE_DAY",
        /// Within two days.
        TwoDays = "TWO_DAYS",
        /// Within three days.
        ThreeDays = "THREE_DAYS",
    }
}

words! {
    /// What an attempt asked of the provider.
    AttemptKind {
        /// To pay.
        Submit = "SUBMIT",
        /// To tell how it went.
        LookUp = "LOOKUP",
        /// To cancel.
        Cancel = "CANCEL",
        /// To take back.
        Void = "VOID",
    }
}

words! {
    /// How an attempt ended.
    AttemptState {
        /// It is in the air, or whoever made it died.
        Sending = "SENDING",
        /// It did not reach the provider, or was proven not to have been processed.
        NotSent = "NOT_SENT",
        /// It may or may not have had its effect.
        Unknown = "UNKNOWN",
        /// The provider took it and works on it; for a look-up: it was answered.
        Acknowledged = "ACKNOWLEDGED",
        /// It had its effect.
        Succeeded = "SUCCEEDED",
        /// It was refused.
        Declined = "DECLINED",
    }
}

/// Why a payment failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong, for a program.
    pub code: ErrorCode,
    /// What went wrong, for a payer.
    pub message: String,
    /// The provider's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_code: Option<String>,
    /// The provider's words, for an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message: Option<String>,
    /// Which inputs the provider refused, each with its path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
}

/// One input that a provider refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    /// Where it stands in our input.
    pub path: Vec<String>,
    /// What is wrong with it.
    pub message: String,
}

/// Who pays, as told to the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payer {
    /// The name.
    pub name: Option<String>,
    /// The phone number in E.164 form.
    pub phone_number: Option<String>,
}

/// One instruction to move money to one biller.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The tenant's customer whose it is.
    pub customer: Option<CustomerId>,
    /// The client's key; none in a bulk.
    pub idempotency_key: Option<String>,
    /// What is claimed, sent and settled with it.
    pub submission_id: SubmissionId,
    /// Through whom it is paid.
    pub provider: ProviderCode,
    /// Who is paid.
    pub biller_id: BillerId,
    /// The payer's number with the biller.
    pub account_reference: Option<String>,
    /// A second number.
    pub second_reference: Option<String>,
    /// Whose account it is, where the provider told.
    pub account_holder_name: Option<String>,
    /// The bill number that was named as target.
    pub bill_number_id: Option<BillNumberId>,
    /// The bulk that it is part of.
    pub bulk_payment_id: Option<BulkPaymentId>,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: PaymentStatus,
    /// How many changes it has had.
    pub version: i32,
    /// Why a person must look, and since when.
    pub review: Option<(ReviewReason, Timestamp)>,
    /// Who pays.
    pub payer: Payer,
    /// What for.
    pub description: Option<String>,
    /// Where the money comes from.
    pub funding_account_id: Option<FundingAccountId>,
    /// How fast.
    pub delivery_speed: DeliverySpeed,
    /// The day to pay, in the biller's time zone.
    pub process_date: Date,
    /// When the bill is due.
    pub due_date: Option<Date>,
    /// Whom to tell, beside the tenant's endpoints.
    pub callback_url: Option<String>,
    /// Whether the bill number is to be kept.
    pub save_bill_number: bool,
    /// What we named it to the provider.
    pub our_reference: Option<String>,
    /// What the provider named it.
    pub provider_reference: Option<String>,
    /// What the biller knows it by.
    pub biller_reference: Option<String>,
    /// The provider's own words for its state.
    pub provider_status: Option<String>,
    /// The provider's number for a payer to quote.
    pub confirmation_number: Option<String>,
    /// What it costs the payer, where the currencies differ.
    pub funding_amount: Option<Money>,
    /// By which rate, as the provider wrote it.
    pub exchange_rate: Option<String>,
    /// How the money reaches the biller.
    pub disbursement: Option<Disbursement>,
    /// Whether the provider is to make the bill that is paid.
    pub new_bill: bool,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The part of a payment that is applied to one bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The payment.
    pub payment_id: PaymentId,
    /// The bill, where there is one.
    pub bill_id: Option<BillId>,
    /// What the provider calls that bill, where it lists bills.
    pub bill_reference: Option<String>,
    /// How much of the payment.
    pub amount: Money,
    /// What the provider named this part.
    pub provider_reference: Option<String>,
}

/// One call to a provider for a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1, within the submission.
    pub number: i32,
    /// What was asked.
    pub kind: AttemptKind,
    /// How it ended.
    pub state: AttemptState,
    /// When it was marked.
    pub started_at: Timestamp,
    /// When its answer was stored.
    pub ended_at: Option<Timestamp>,
    /// The answer's HTTP status.
    pub http_status: Option<u16>,
    /// The provider's code.
    pub provider_code: Option<String>,
    /// The provider's words.
    pub provider_message: Option<String>,
    /// The provider's own trace.
    pub provider_trace: Option<String>,
}

/// Proof of a settled payment.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Our number.
    pub number: String,
    /// When it was written.
    pub issued_at: Timestamp,
    /// What the provider named the payment.
    pub provider_reference: Option<String>,
    /// What the biller knows it by.
    pub biller_reference: Option<String>,
    /// A prepaid token: shown to its owner, never logged or sent.
    pub token: Option<String>,
    /// What else the provider told, name by name.
    pub fields: Vec<(String, String)>,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("number", &self.number).finish_non_exhaustive()
    }
}
