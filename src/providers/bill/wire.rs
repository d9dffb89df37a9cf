//! BILL's JSON as its pages show it: the names and the shapes, no meaning.
//!
//! The samples leave members out here and there (`vendorName`, `createBill`, `cancelRequestSubmitted`), so that of an
//! answer hardly any is required. Amounts are numbers that keep their digits.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::providers::json::{self, Unreadable};

/// The header of the developer's key.
pub(super) const DEV_KEY: &str = "devKey";
/// The header of the session.
pub(super) const SESSION_ID: &str = "sessionId";

pub(super) const LOGIN: &str = "/v3/login";
pub(super) const CHALLENGE: &str = "/v3/mfa/challenge";
pub(super) const VALIDATE_CHALLENGE: &str = "/v3/mfa/challenge/validate";
pub(super) const VENDORS: &str = "/v3/vendors";
pub(super) const BILLS: &str = "/v3/bills";
pub(super) const BANKS: &str = "/v3/funding-accounts/banks";
/// Inferred: the pages name the path of the funding purposes, which lie behind this one.
pub(super) const CARDS: &str = "/v3/funding-accounts/cards";
pub(super) const PAYMENTS: &str = "/v3/payments";
pub(super) const BULK_PAYMENTS: &str = "/v3/payments/bulk";
pub(super) const EXCHANGE_RATE: &str = "/v3/payments/exchange-rate";

/// `POST /v3/login`. The developer's key stands in the body too.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Login<'a> {
    pub username: &'a str,
    pub password: &'a str,
    pub organization_id: &'a str,
    pub dev_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remember_me_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<&'a str>,
}

/// The answer to it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoggedIn {
    pub session_id: String,
    pub trusted: Option<bool>,
}

/// `POST /v3/mfa/challenge`: nothing needs to be said.
#[derive(Serialize)]
pub(super) struct NewChallenge {}

/// The answer to it; the token goes to the user's phone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Challenge {
    pub challenge_id: String,
}

/// `POST /v3/mfa/challenge/validate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChallengePassed<'a> {
    pub challenge_id: &'a str,
    pub token: &'a str,
    pub device: &'a str,
    pub remember_me: bool,
}

/// The answer to it. Which of the two names it has is not documented beyond doubt.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remembered {
    #[serde(alias = "mfaId")]
    pub remember_me_id: String,
}

/// One page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub results: Vec<T>,
    pub next_page: Option<String>,
}

/// One vendor of `GET /v3/vendors`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vendor {
    pub id: String,
    pub name: Option<String>,
    pub payment_information: Option<PaymentInformation>,
    pub additional_info: Option<AdditionalInfo>,
    pub bill_currency: Option<String>,
    pub archived: Option<bool>,
}

/// How a vendor is paid.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentInformation {
    pub pay_by_type: Option<String>,
}

/// What else is kept of a vendor.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdditionalInfo {
    pub combine_payments: Option<bool>,
}

/// One bill of `GET /v3/bills`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bill {
    pub id: String,
    pub vendor_id: Option<String>,
    pub amount: Option<Number>,
    pub paid_amount: Option<Number>,
    pub due_amount: Option<Number>,
    pub scheduled_amount: Option<Number>,
    pub due_date: Option<String>,
    pub invoice: Option<Invoice>,
    pub archived: Option<bool>,
}

/// The vendor's own paper.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invoice {
    pub invoice_number: Option<String>,
}

/// One account of `GET /v3/funding-accounts/banks`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bank {
    pub id: String,
    pub status: Option<String>,
    pub bank_name: Option<String>,
    /// Masked.
    pub account_number: Option<String>,
    pub archived: Option<bool>,
}

/// One card; the names of its members are known from a notification.
#[derive(Deserialize)]
pub(super) struct Card {
    pub id: String,
    pub status: Option<String>,
    pub name: Option<String>,
    pub last4: Option<String>,
    pub archived: Option<bool>,
}

/// The answer of `GET /v3/payments/exchange-rate`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExchangeRate {
    pub exchange_rate_batch_id: i64,
    pub bill_currency: Option<String>,
}

/// `POST /v3/payments`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPayment<'a> {
    pub vendor_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    pub process_date: String,
    pub funding_account: FundingSource<'a>,
    pub amount: Number,
    pub processing_options: ProcessingOptions,
    pub transaction_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange_rate_batch_id: Option<i64>,
}

/// Where the money comes from.
#[derive(Serialize)]
pub(super) struct FundingSource<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
}

/// How a payment is to be made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProcessingOptions {
    pub request_pay_faster: bool,
    pub create_bill: bool,
    /// Also for transfers, though its name speaks of checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_check_delivery_type: Option<&'static str>,
}

/// `POST /v3/payments/bulk`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewBulk<'a> {
    pub process_date: String,
    pub funding_account: FundingSource<'a>,
    pub payments: Vec<NewBulkPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange_rate_batch_id: Option<i64>,
}

/// One bill of a bulk.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewBulkPart<'a> {
    pub bill_id: &'a str,
    pub amount: Number,
}

/// What of a frozen [`NewPayment`] or [`NewBulk`] is needed to send it and to recognise its answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Frozen {
    pub vendor_id: Option<String>,
    pub bill_id: Option<String>,
    pub transaction_number: Option<String>,
    pub exchange_rate_batch_id: Option<i64>,
    pub payments: Option<Vec<FrozenPart>>,
}

/// One bill of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrozenPart {
    pub bill_id: String,
}

/// A payment, as every answer shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub id: String,
    pub vendor_id: Option<String>,
    pub bill_id: Option<String>,
    pub bill_payments: Option<Vec<BillPayment>>,
    pub amount: Option<Number>,
    pub transaction_number: Option<String>,
    pub confirmation_number: Option<String>,
    pub single_status: Option<String>,
    pub online_payment: Option<bool>,
    pub disbursement_type: Option<String>,
    pub disbursement_status: Option<String>,
    pub check_disbursement: Option<CheckDisbursement>,
    pub rpps_disbursement: Option<RppsDisbursement>,
    pub created_time: Option<String>,
    /// In dollars, where the vendor's currency is another.
    pub funding_amount: Option<Number>,
    pub exchange_rate: Option<Number>,
}

/// The part of a payment that goes to one bill. In one sample two parts have the same id.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillPayment {
    pub id: Option<String>,
    pub bill_id: String,
    pub amount: Number,
}

/// What is told of a check.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckDisbursement {
    pub tracking_information: Option<Value>,
}

/// What is told of an RPPS transfer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RppsDisbursement {
    pub trace_number: Option<Value>,
}

/// The answer to a bulk.
#[derive(Deserialize)]
pub(super) struct Bulk {
    pub payments: Vec<Payment>,
}

/// `POST /v3/payments/{paymentId}/void`.
#[derive(Serialize)]
pub(super) struct NewVoid<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub reason: &'a str,
}

/// What of the answer to a cancellation or a void is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recalled {
    pub single_status: Option<String>,
    pub cancel_request_submitted: Option<bool>,
}

/// One of the errors of a refusal, which is an array of them.
#[derive(Deserialize)]
pub(super) struct ErrorEntry {
    pub code: Option<String>,
    pub severity: Option<String>,
    pub category: Option<String>,
    pub message: Option<String>,
}

/// Reads a refusal.
pub(super) fn read_errors(body: &[u8]) -> Result<Vec<ErrorEntry>, Unreadable> {
    json::read(body)
}

/// A notification.
#[derive(Deserialize)]
pub(super) struct Event {
    pub metadata: Metadata,
    /// Of payment events; read where the event's type is known.
    pub payment: Option<Value>,
}

/// What every notification tells of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub event_id: Option<String>,
    pub event_type: Option<String>,
}

/// The `payment` of a notification.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventPayment {
    pub id: String,
    pub transaction_number: Option<String>,
    /// Carries the values of `singleStatus`, not those of `status`.
    pub status: Option<String>,
}
