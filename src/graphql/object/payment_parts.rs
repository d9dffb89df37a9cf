//! The parts of a payment.

use async_graphql::{Context, Description, Enum, Object, SimpleObject};

use super::bill::{Bill, load_error};
use super::money::Money;
use crate::domain::payment as domain;
use crate::domain::payment::action;
use crate::domain::payment::status;
use crate::domain::requester::Scope;
use crate::graphql::context::ContextExt;
use crate::graphql::error::ErrorCode;
use crate::graphql::loader::BillKey;
use crate::graphql::scalar::{DateTime, PhoneNumber};

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "status::PaymentStatus")]
pub enum PaymentStatus {
    /// Due later; can be cancelled. No money has moved.
    Scheduled,
    /// Stored durably and due. No money has moved.
    Ready,
    /// A call to the provider may be in the air. Money may have moved.
    Submitting,
    /// The provider has it and works on it. Money may have moved.
    Pending,
    /// A call was made, or may have been, and no definite answer is known. Money may have moved; billpay finds out.
    Unknown,
    /// No safe step is left for the machine: a person or late evidence decides. Money may have moved.
    NeedsReview,
    /// Definitely paid.
    Succeeded,
    /// Definitely not paid.
    Failed,
    /// Called off before it was sent, or by the provider. No money has moved.
    Cancelled,
    /// Was paid, and the provider took it back.
    Reversed,
}

/// How fast the money should reach the biller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::DeliverySpeed")]
pub enum DeliverySpeed {
    /// As the provider does by default.
    Standard,
    /// The provider's faster way.
    Faster,
    /// Within one day.
    OneDay,
    /// Within two days.
    TwoDays,
    /// Within three days.
    ThreeDays,
}

/// Something that may be done with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "action::Action")]
pub enum PaymentAction {
    /// Call it off: cancelPayment.
    Cancel,
    /// Have it taken back: voidPayment.
    Void,
    /// Ask the provider how it stands: refreshPayment.
    Refresh,
    /// Decide it with evidence: resolvePayment, for administrators.
    Resolve,
}

/// Why a person must look at a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "status::ReviewReason")]
pub enum ReviewReason {
    /// No answer is known and no safe step is left.
    NoSafeAction,
    /// No definite answer came within the time that is set for it.
    Overdue,
    /// The provider reports another amount, currency or account.
    Mismatch,
    /// The provider reports a payment that billpay had not sent, or had cancelled.
    UnexpectedSuccess,
    /// Two payments for the same bill seem to have succeeded.
    DuplicateSuspected,
    /// The provider reports that the biller did not get the money after all.
    DisbursementFailed,
    /// The provider paid the biller and could not take the money from us.
    FundingFailed,
    /// The provider says both that it paid and that it cancelled.
    Contradiction,
    /// The database was restored from a backup that may have forgotten a submission.
    Restored,
}

/// Why a person must look, since when, and what may safely be done.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentReview {
    /// Why.
    pub reason: ReviewReason,
    /// Since when.
    pub since: DateTime,
    /// What may be done without a risk of paying twice.
    pub safe_actions: Vec<PaymentAction>,
    /// How much the provider reports, where it differs from what was asked.
    pub reported_amount: Option<Money>,
}

/// What an attempt asked of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::AttemptKind")]
pub enum AttemptKind {
    /// To pay.
    Submit,
    /// To tell how it went.
    #[graphql(name = "LOOKUP")]
    LookUp,
    /// To cancel.
    Cancel,
    /// To take back.
    Void,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::AttemptState")]
pub enum AttemptState {
    /// It is in the air, or whoever made it died.
    Sending,
    /// It did not reach the provider, or was proven not to have been processed.
    NotSent,
    /// It may or may not have had its effect.
    Unknown,
    /// The provider took it and works on it; for a look-up: it was answered.
    Acknowledged,
    /// It had its effect.
    Succeeded,
    /// It was refused.
    Declined,
}

/// One call to a provider for a payment.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentAttempt {
    /// From 1.
    number: i32,
    /// What was asked.
    kind: AttemptKind,
    /// How it ended.
    state: AttemptState,
    /// When it began.
    started_at: DateTime,
    /// When its answer was stored.
    ended_at: Option<DateTime>,
    /// The answer's HTTP status.
    http_status: Option<i32>,
    /// The provider's code.
    provider_code: Option<String>,
    /// The provider's words.
    provider_message: Option<String>,
    /// The provider's own trace.
    provider_trace: Option<String>,
}

impl From<domain::Attempt> for PaymentAttempt {
    fn from(attempt: domain::Attempt) -> Self {
        Self {
            number: attempt.number,
            kind: attempt.kind.into(),
            state: attempt.state.into(),
            started_at: DateTime(attempt.started_at),
            ended_at: attempt.ended_at.map(DateTime),
            http_status: attempt.http_status.map(i32::from),
            provider_code: attempt.provider_code,
            provider_message: attempt.provider_message,
            provider_trace: attempt.provider_trace,
        }
    }
}

/// Why a payment failed.
#[derive(Clone, Debug, Description)]
pub struct PaymentFailure(pub domain::Failure);

#[Object(use_type_description)]
impl PaymentFailure {
    /// What went wrong, for a program.
    async fn code(&self) -> ErrorCode {
        self.0.code.into()
    }

    /// What went wrong, for a payer.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// The provider's code (administrators).
    async fn provider_code(&self, ctx: &Context<'_>) -> Option<&str> {
        self.0.provider_code.as_deref().filter(|_| ctx.is_admin())
    }

    /// The provider's words (administrators).
    async fn provider_message(&self, ctx: &Context<'_>) -> Option<&str> {
        self.0.provider_message.as_deref().filter(|_| ctx.is_admin())
    }
}

/// Who pays, as told to the provider.
#[derive(Clone, Debug, SimpleObject)]
pub struct Payer {
    /// The name.
    name: Option<String>,
    /// The phone number.
    phone_number: Option<PhoneNumber>,
}

impl Payer {
    /// The payer, where anything was told of one.
    pub fn new(payer: &domain::Payer) -> Option<Self> {
        let known = payer.name.is_some() || payer.phone_number.is_some();
        known.then(|| Self { name: payer.name.clone(), phone_number: payer.phone_number.clone().map(PhoneNumber) })
    }
}

/// The part of a payment that is applied to one bill.
#[derive(Clone, Debug, Description)]
pub struct PaymentAllocation(pub domain::Allocation);

#[Object(use_type_description)]
impl PaymentAllocation {
    /// The bill; null for a payment to an account.
    async fn bill(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Bill>> {
        let key = BillKey(self.0.bill_id?.uuid());
        if let Err(error) = ctx.require(Scope::BillsRead) {
            return Some(Err(error));
        }
        let bill = ctx.loader().load_one(key).await.map_err(load_error);
        bill.transpose().map(|bill| bill.map(Bill))
    }

    /// How much of the payment.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }

    /// What the provider named this part.
    async fn provider_reference(&self) -> Option<&str> {
        self.0.provider_reference.as_deref()
    }
}

/// Something with a name.
#[derive(Clone, Debug, SimpleObject)]
pub struct NamedValue {
    /// The name.
    name: String,
    /// The value.
    value: String,
}

/// Proof of a settled payment. A prepaid token is shown to its owner and never logged or sent in a webhook.
#[derive(Clone, Debug, SimpleObject)]
pub struct Receipt {
    /// Our number.
    number: String,
    /// When it was written.
    issued_at: DateTime,
    /// What the provider named the payment.
    provider_reference: Option<String>,
    /// What the biller knows it by.
    biller_reference: Option<String>,
    /// A prepaid token, to be entered into the meter.
    token: Option<String>,
    /// What else the provider told.
    fields: Vec<NamedValue>,
}

impl From<domain::Receipt> for Receipt {
    fn from(receipt: domain::Receipt) -> Self {
        Self {
            number: receipt.number,
            issued_at: DateTime(receipt.issued_at),
            provider_reference: receipt.provider_reference,
            biller_reference: receipt.biller_reference,
            token: receipt.token,
            fields: receipt.fields.into_iter().map(|(name, value)| NamedValue { name, value }).collect(),
        }
    }
}
