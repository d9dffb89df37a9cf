//! What is asked about payments, and what is answered.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::biller::Biller;
use crate::domain::disbursement::Disbursement;
use crate::domain::funding_account::FundingAccount;
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::evidence::{Reported, Verdict};
use crate::domain::payment::{DeliverySpeed, Payer};
use crate::ports::limits::Permit;

/// What is sent in one call: one payment, or all payments of a bulk.
#[derive(Clone, Debug)]
pub struct SubmissionRequest {
    /// Our reference: unique for ever, the same in a repetition.
    pub our_reference: String,
    /// Whether it is a bulk, whatever the number of its payments.
    pub bulk: bool,
    /// What is paid; one unless it is a bulk.
    pub payments: Vec<PaymentRequest>,
}

/// One payment to submit.
#[derive(Clone)]
pub struct PaymentRequest {
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
    /// Which account pays, in the provider's words, where it must be told.
    pub funding_account: Option<FundingAccount>,
    /// Which bills it pays, each with its part; empty where the biller lists none.
    pub bills: Vec<BillPart>,
    /// Whether the provider is to make the bill that is paid.
    pub new_bill: bool,
}

/// The part of a payment that goes to one bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillPart {
    /// What the provider calls the bill.
    pub bill_reference: String,
    /// How much of the payment.
    pub amount: Money,
    /// What the provider names this part, in its answers.
    pub reference: Option<String>,
}

/// What a submission needs of the provider before it is written and marked.
#[derive(Debug, Default)]
pub struct Preparation {
    /// The right to make one call, where the provider limits them; given back when this is dropped.
    pub permit: Option<Permit>,
    /// The rate that the provider keeps for us, where the currencies differ.
    pub exchange_rate_batch: Option<i64>,
    /// In which currency the amounts of the request are, where its bytes do not tell.
    pub currency: Option<CurrencyCode>,
}

impl fmt::Debug for PaymentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentRequest").field("biller", &self.biller.id).finish_non_exhaustive()
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
    /// Which bills it pays, where the provider tells.
    pub bills: Vec<BillPart>,
    /// The provider's number for a payer to quote.
    pub confirmation_number: Option<String>,
    /// What it costs the payer, where the currencies differ.
    pub funding_amount: Option<Money>,
    /// By which rate, as the provider wrote it.
    pub exchange_rate: Option<String>,
    /// How the money reaches the biller.
    pub disbursement: Option<Disbursement>,
}

impl fmt::Debug for PaymentAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentAnswer").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

/// How a submission is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusQuery {
    /// Our reference.
    pub our_reference: String,
    /// The provider's references, where they are known: one, or those of a bulk's payments.
    pub provider_references: Vec<String>,
    /// Whether it was sent as a bulk.
    pub bulk: bool,
    /// What was asked for, payment by payment, for a provider that keeps no reference of ours.
    pub payments: Vec<ExpectedPayment>,
    /// When it was first sent.
    pub first_sent_at: Option<Timestamp>,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedPayment {
    /// Who is paid, in the provider's words.
    pub biller_code: String,
    /// How much.
    pub amount: Money,
    /// Which bills, each with its part.
    pub bills: Vec<BillPart>,
}

/// What a provider said to a cancellation or a void. How the payment then stands is looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecallAnswer {
    /// The provider's own words for the state.
    pub provider_status: Option<String>,
    /// Of the answer.
    pub http_status: Option<u16>,
}
