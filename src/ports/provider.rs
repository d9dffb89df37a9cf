//! The provider port: what the core asks of a provider, in plain types.
//!
//! An adapter answers for one thing above all: that it never says more than it knows. Its errors are named by what the
//! caller may do next. A look-up may renew a token and ask again; a submission is never sent twice by the adapter.

use jiff::civil::Date;
use std::fmt;

use crate::domain::biller::{Biller, BillerCategory, BillerTraits};
use crate::domain::money::Money;
use crate::domain::payment::evidence::{Reported, Verdict};
use crate::domain::payment::{DeliverySpeed, FieldFault, Payer};
use crate::domain::provider::{Capability, ProviderCode, Safety};
use crate::ports::clock::Deadline;

/// Why a call gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider definitely refused: final, tell the payer.
    #[error("the provider refused")]
    Refused(Refused),
    /// Nothing left this host, or the provider documents that it did not process the request: try again freely.
    #[error("not sent: {0}")]
    NotSent(Trouble),
    /// It may have arrived: resolve it, never submit blindly again.
    #[error("outcome unknown: {0}")]
    Unknown(Trouble),
    /// Our credentials or our contract with the provider are at fault and the request was not processed: stop and
    /// alert.
    #[error("misconfigured: {0}")]
    Misconfigured(Trouble),
}

/// A definite refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// The kind, as far as it is known.
    pub kind: RefusalKind,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub message: String,
    /// Which inputs it named. Paths are of createPayment's input.
    pub fields: Vec<FieldFault>,
    /// Of the answer.
    pub http_status: Option<u16>,
    /// The provider's trace.
    pub trace: Option<String>,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefusalKind {
    /// The account does not exist.
    AccountNotFound,
    /// The amount is not allowed.
    Amount,
    /// Some input is malformed; `fields` tell which.
    Input,
    /// Anything else.
    #[default]
    Other,
}

/// What went wrong on the way, without the body and without any secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// A short fixed text, such as `connect failed` or `answer cannot be read`.
    pub what: &'static str,
    /// Of the answer, where there was one.
    pub http_status: Option<u16>,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words, for an administrator.
    pub message: Option<String>,
    /// The provider's trace.
    pub trace: Option<String>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.http_status {
            Some(status) => write!(f, "{} (HTTP {status})", self.what),
            None => f.write_str(self.what),
        }
    }
}

/// One payment to submit.
#[derive(Clone)]
pub struct PaymentRequest {
    /// Our reference: unique for ever, the same in a repetition.
    pub our_reference: String,
    /// Who is paid.
    pub biller: Biller,
    /// The payer's number with the biller.
    pub account_reference: String,
    /// A second number, where the biller has one.
    pub second_reference: Option<String>,
    /// How much.
    pub amount: Money,
    /// Who pays.
    pub payer: Payer,
    /// What for.
    pub description: Option<String>,
    /// The day to pay.
    pub process_date: Date,
    /// When the bill is due.
    pub due_date: Option<Date>,
    /// How fast.
    pub delivery_speed: DeliverySpeed,
    /// Whether the provider is to keep the bill number.
    pub save_bill_number: bool,
}

impl fmt::Debug for PaymentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentRequest").field("our_reference", &self.our_reference).finish_non_exhaustive()
    }
}

/// The exact bytes of a submission, frozen before the first of them is sent; a repetition sends the same.
#[derive(Clone, PartialEq, Eq)]
pub struct FrozenRequest(pub Vec<u8>);

impl fmt::Debug for FrozenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrozenRequest({} bytes)", self.0.len())
    }
}

/// What a provider said of one payment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PaymentAnswer {
    /// In the engine's words. A success is compared with what was asked by the engine, not here.
    pub verdict: Option<Verdict>,
    /// The facts beside it.
    pub reported: Reported,
    /// Whose account it is.
    pub account_holder_name: Option<String>,
    /// The provider's own words for the state.
    pub provider_status: Option<String>,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub message: Option<String>,
    /// Of the answer.
    pub http_status: Option<u16>,
    /// The provider's trace.
    pub trace: Option<String>,
    /// A prepaid token, for the receipt and nothing else.
    pub token: Option<String>,
    /// What else belongs on a receipt.
    pub receipt_fields: Vec<(String, String)>,
}

impl fmt::Debug for PaymentAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentAnswer").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

/// How a payment is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusQuery {
    /// Our reference.
    pub our_reference: String,
    /// The provider's, where it is known.
    pub provider_reference: Option<String>,
}

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

/// One biller of a provider's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// What the provider calls it: opaque.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub category: BillerCategory,
    /// Its kind in the provider's words.
    pub category_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// How much it takes, in its currency.
    pub amount_rule: crate::domain::amount_rule::AmountRule,
    /// Its IANA time zone.
    pub time_zone: String,
}

/// A callback, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackNotice {
    /// What makes a repetition recognisable: the provider's event id, where it has one.
    pub event_id: Option<String>,
    /// Our reference, where it carries it.
    pub our_reference: Option<String>,
    /// The provider's reference, where it carries it.
    pub provider_reference: Option<String>,
    /// What it says, where its origin is proven; a hint says nothing.
    pub answer: Option<PaymentAnswer>,
}

/// Why a callback is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// It is not what this provider sends.
    #[error("the body cannot be read")]
    Unreadable,
    /// Its signature is absent or wrong.
    #[error("the signature does not hold")]
    Forged,
}

/// One provider, as the core sees it.
#[async_graphql::async_trait::async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Which one.
    fn code(&self) -> ProviderCode;

    /// Whether its base URL is a sandbox of ours.
    fn sandbox(&self) -> bool;

    /// What it can do at all.
    fn capabilities(&self) -> &'static [Capability];

    /// What all its billers have in common.
    fn biller_traits(&self, biller: &Biller) -> BillerTraits;

    /// What is safe with it.
    fn safety(&self) -> Safety;

    /// The most calls at once over all processes, where the provider limits them.
    fn max_concurrent_calls(&self) -> Option<u32>;

    /// Its billers.
    async fn catalogue(&self) -> Result<Vec<CatalogueEntry>, ProviderError>;

    /// What an account owes.
    async fn look_up_account(&self, biller: &Biller, account_reference: &str) -> Result<AccountAnswer, ProviderError>;

    /// Whether an account exists.
    async fn validate_account(&self, biller: &Biller, account_reference: &str) -> Result<AccountAnswer, ProviderError>;

    /// Keeps a bill number.
    async fn save_bill_number(&self, request: &BillNumberRequest) -> Result<BillNumberAnswer, ProviderError>;

    /// Finds a bill number that was kept; none where it is not known.
    async fn find_bill_number(
        &self,
        biller: &Biller,
        account_reference: &str,
    ) -> Result<Option<BillNumberAnswer>, ProviderError>;

    /// The bytes that will be sent, checked for form; no network.
    fn freeze(&self, request: &PaymentRequest) -> Result<FrozenRequest, ProviderError>;

    /// Makes sure that a session exists before a submission is marked, so that its failure needs no mark.
    async fn prepare(&self) -> Result<(), ProviderError>;

    /// Sends frozen bytes, once. The whole call ends before `deadline`, which was set before the claim, so that no pause
    /// of this process can carry it past the lease.
    async fn submit(&self, request: &FrozenRequest, deadline: Deadline) -> Result<PaymentAnswer, ProviderError>;

    /// Asks how a payment stands.
    async fn status(&self, query: &StatusQuery) -> Result<PaymentAnswer, ProviderError>;

    /// Verifies and reads a callback; the raw bytes as they came.
    fn read_callback(&self, headers: &[(String, String)], body: &[u8]) -> Result<CallbackNotice, CallbackError>;
}
