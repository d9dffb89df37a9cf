//! What the mutations of payments take and answer.

use async_graphql::{Enum, ID, InputObject, OneofObject, SimpleObject};

use super::money::MoneyInput;
use super::payment::Payment;
use super::payment_parts::DeliverySpeed;
use super::recall::VoidKind;
use crate::app::create_payment::{self, Target};
use crate::graphql::error::UserError;
use crate::graphql::scalar::{Date, PhoneNumber, Url};

/// What is to be paid: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum PaymentTarget {
    /// An account with a biller.
    Account(AccountTarget),
    /// A bill number that was saved.
    BillNumberId(ID),
    /// A bill that a look-up found.
    BillId(ID),
    /// A bill that is made by paying it, for providers that can.
    NewBill(NewBillTarget),
}

/// An account with a biller.
#[derive(Clone, Debug, InputObject)]
pub struct AccountTarget {
    /// Who is paid.
    pub biller_id: ID,
    /// The payer's number with the biller.
    pub account_reference: String,
    /// A second number, where the biller has one.
    pub second_reference: Option<String>,
}

/// A bill that is made by paying it.
#[derive(Clone, Debug, InputObject)]
pub struct NewBillTarget {
    /// Who is paid.
    pub biller_id: ID,
    /// What for.
    pub description: Option<String>,
}

/// Who pays.
#[derive(Clone, Debug, InputObject)]
pub struct PayerInput {
    /// The name.
    pub name: Option<String>,
    /// The phone number.
    pub phone_number: Option<PhoneNumber>,
}

/// What a mutation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentWait {
    /// Answers as soon as the intention is durable.
    Recorded,
    /// Waits, within a limit, for the provider's first answer, and then answers what is.
    Submitted,
}

/// A payment to be made.
#[derive(Clone, Debug, InputObject)]
pub struct CreatePaymentInput {
    /// Your own key, one for each intention: 1 to 128 of `[A-Za-z0-9_-]`. The same key never pays twice.
    pub idempotency_key: String,
    /// What is to be paid.
    pub target: PaymentTarget,
    /// How much.
    pub amount: MoneyInput,
    /// When to pay, in the biller's time zone. Absent: now. In the future: held by the provider where it holds payments,
    /// else by billpay. A day on which it could not be sent is missed: it is then cancelled, and never sent late.
    pub process_date: Option<Date>,
    /// When the bill is due.
    pub due_date: Option<Date>,
    /// Who pays.
    pub payer: Option<PayerInput>,
    /// What for.
    pub description: Option<String>,
    /// Where the money comes from, for providers that need to know.
    pub funding_account_id: Option<ID>,
    /// How fast.
    #[graphql(default_with = "Some(DeliverySpeed::Standard)")]
    pub delivery_speed: Option<DeliverySpeed>,
    /// Whether to keep the account as a bill number.
    #[graphql(default_with = "Some(false)")]
    pub save_bill_number: Option<bool>,
    /// Told of this payment's changes, beside the tenant's endpoints.
    pub callback_url: Option<Url>,
    /// Pay although another payment for the same bill or account is still open.
    #[graphql(default_with = "Some(false)")]
    pub even_if_being_paid: Option<bool>,
    /// What to wait for.
    #[graphql(default_with = "Some(PaymentWait::Submitted)")]
    pub wait: Option<PaymentWait>,
}

/// The payment, or why none was made.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreatePaymentPayload {
    /// The payment. Null where nothing was written.
    pub payment: Option<Payment>,
    /// What you can act on: why nothing was written, or which inputs the provider refused.
    pub errors: Vec<UserError>,
    /// True where the key had been used: nothing new was done.
    pub replayed: bool,
}

/// Which payment to cancel, and why.
#[derive(Clone, Debug, InputObject)]
pub struct CancelPaymentInput {
    /// The payment.
    pub payment_id: ID,
    /// Why, for a person.
    pub reason: Option<String>,
}

/// The payment as it is, or why it was not cancelled.
#[derive(Clone, Debug, SimpleObject)]
pub struct CancelPaymentPayload {
    /// The payment.
    pub payment: Option<Payment>,
    /// Why it was not cancelled.
    pub errors: Vec<UserError>,
}

/// Which payment to void, and why.
#[derive(Clone, Debug, InputObject)]
pub struct VoidPaymentInput {
    /// The payment.
    pub payment_id: ID,
    /// Why, for a person and for the provider.
    pub reason: String,
    /// What becomes of the money.
    #[graphql(default_with = "Some(VoidKind::VoidOnly)")]
    pub kind: Option<VoidKind>,
}

/// The payment as it is, or why it is not voided.
#[derive(Clone, Debug, SimpleObject)]
pub struct VoidPaymentPayload {
    /// The payment.
    pub payment: Option<Payment>,
    /// Why it is not voided.
    pub errors: Vec<UserError>,
}

/// Which payment to ask for.
#[derive(Clone, Debug, InputObject)]
pub struct RefreshPaymentInput {
    /// The payment.
    pub payment_id: ID,
}

/// The payment as it is now, or why it could not be asked for.
#[derive(Clone, Debug, SimpleObject)]
pub struct RefreshPaymentPayload {
    /// The payment.
    pub payment: Option<Payment>,
    /// Why it could not be asked for.
    pub errors: Vec<UserError>,
}

/// How a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentOutcome {
    /// It was paid.
    Succeeded,
    /// It was not paid.
    Failed,
}

/// What a person found out about a payment in NEEDS_REVIEW.
#[derive(Clone, Debug, InputObject)]
pub struct ResolvePaymentInput {
    /// The payment.
    pub payment_id: ID,
    /// Whether it was paid.
    pub outcome: PaymentOutcome,
    /// How it is known: kept for ever.
    pub evidence: String,
    /// What the provider named it, where that is known now.
    pub provider_reference: Option<String>,
}

/// The payment as it is, or why it was not decided.
#[derive(Clone, Debug, SimpleObject)]
pub struct ResolvePaymentPayload {
    /// The payment.
    pub payment: Option<Payment>,
    /// Why it was not decided.
    pub errors: Vec<UserError>,
}

impl From<CreatePaymentInput> for create_payment::CreatePayment {
    fn from(input: CreatePaymentInput) -> Self {
        let (payer_name, payer_phone) =
            input.payer.map_or((None, None), |payer| (payer.name, payer.phone_number.map(|number| number.0)));
        Self {
            idempotency_key: input.idempotency_key,
            target: input.target.into(),
            amount: input.amount.amount.0,
            currency: input.amount.currency.0,
            process_date: input.process_date.map(|date| date.0),
            due_date: input.due_date.map(|date| date.0),
            payer_name,
            payer_phone,
            description: input.description,
            funding_account_id: input.funding_account_id.map(|id| id.0),
            delivery_speed: input.delivery_speed.unwrap_or(DeliverySpeed::Standard).into(),
            save_bill_number: input.save_bill_number.unwrap_or_default(),
            callback_url: input.callback_url.map(|url| url.0),
            even_if_being_paid: input.even_if_being_paid.unwrap_or_default(),
            wait_for_answer: input.wait.unwrap_or(PaymentWait::Submitted) == PaymentWait::Submitted,
        }
    }
}

impl From<PaymentTarget> for Target {
    fn from(target: PaymentTarget) -> Self {
        match target {
            PaymentTarget::Account(account) => Self::Account {
                biller_id: account.biller_id.0,
                account_reference: account.account_reference,
                second_reference: account.second_reference,
            },
            PaymentTarget::BillNumberId(id) => Self::BillNumber(id.0),
            PaymentTarget::BillId(id) => Self::Bill(id.0),
            PaymentTarget::NewBill(bill) => {
                Self::NewBill { biller_id: bill.biller_id.0, description: bill.description }
            }
        }
    }
}
