//! Mutations: each takes one input and answers the object, or why nothing was done.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, OneofObject, SimpleObject};

use super::context::ContextExt;
use super::error::{UserError, split, user_error};
use super::object::bill_number::BillNumber;
use super::object::bulk_payment::{BulkPayment, CreateBulkPaymentInput, CreateBulkPaymentPayload};
use super::object::control_number::ControlNumber;
use super::object::control_number_input::{
    CreateControlNumberInput, CreateControlNumberPayload, CreateControlNumbersInput, CreateControlNumbersPayload,
    CreatedControlNumber, UpdateControlNumberInput, UpdateControlNumberPayload,
};
use super::object::money::MoneyInput;
use super::object::payment::Payment;
use super::object::payment_parts::DeliverySpeed;
use super::object::recall::VoidKind;
use super::scalar::{Date, PhoneNumber, Url};
use crate::app::bill_numbers;
use crate::app::create_payment::{self, CreatedPayment, Target};
use crate::app::resolve_payment;
use crate::domain::payment as domain;
use crate::domain::refusal::Refusal;

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
    /// else by billpay.
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
    payment: Option<Payment>,
    /// What you can act on: why nothing was written, or which inputs the provider refused.
    errors: Vec<UserError>,
    /// True where the key had been used: nothing new was done.
    replayed: bool,
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
    payment: Option<Payment>,
    /// Why it was not cancelled.
    errors: Vec<UserError>,
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
    payment: Option<Payment>,
    /// Why it is not voided.
    errors: Vec<UserError>,
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
    payment: Option<Payment>,
    /// Why it could not be asked for.
    errors: Vec<UserError>,
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
    payment: Option<Payment>,
    /// Why it was not decided.
    errors: Vec<UserError>,
}

/// An account reference to be kept.
#[derive(Clone, Debug, InputObject)]
pub struct SaveBillNumberInput {
    /// With whom.
    pub biller_id: ID,
    /// The number.
    pub account_reference: String,
    /// Whom to remind.
    pub phone_number: Option<PhoneNumber>,
    /// What for, in the user's words.
    pub description: Option<String>,
    /// billpay reminds; a provider that can then also tells that phone.
    #[graphql(default_with = "Some(false)")]
    pub remind_due_date: Option<bool>,
}

/// The bill number, or why it was not saved.
#[derive(Clone, Debug, SimpleObject)]
pub struct SaveBillNumberPayload {
    /// The bill number.
    bill_number: Option<BillNumber>,
    /// Why it was not saved.
    errors: Vec<UserError>,
}

/// Which bill number to ask for anew.
#[derive(Clone, Debug, InputObject)]
pub struct RefreshBillNumberInput {
    /// The bill number.
    pub bill_number_id: ID,
}

/// The bill number as it is now, or why it could not be asked for.
#[derive(Clone, Debug, SimpleObject)]
pub struct RefreshBillNumberPayload {
    /// The bill number.
    bill_number: Option<BillNumber>,
    /// Why it could not be asked for.
    errors: Vec<UserError>,
}

/// Which bill number to remove.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveBillNumberInput {
    /// The bill number.
    pub bill_number_id: ID,
}

/// The bill number as it was, or why it was not removed.
#[derive(Clone, Debug, SimpleObject)]
pub struct RemoveBillNumberPayload {
    /// The bill number.
    bill_number: Option<BillNumber>,
    /// Why it was not removed.
    errors: Vec<UserError>,
}

/// Whose billers to fetch.
#[derive(Clone, Debug, InputObject)]
pub struct SyncBillersInput {
    /// The provider; all that are switched on where absent.
    pub provider_id: Option<ID>,
}

/// What was fetched, or why nothing was.
#[derive(Clone, Debug, SimpleObject)]
pub struct SyncBillersPayload {
    /// Billers that are new.
    added: i32,
    /// Billers of which something changed, or that came back.
    changed: i32,
    /// Billers that are no longer listed.
    retired: i32,
    /// Why nothing was fetched.
    errors: Vec<UserError>,
}

/// What can be done.
#[derive(Clone, Copy, Debug, Default, Description)]
pub struct Mutation;

#[Object(use_type_description)]
impl Mutation {
    /// Saves a bill number, or updates the one of the same biller and reference, so it needs no key.
    async fn save_bill_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to keep.")] input: SaveBillNumberInput,
    ) -> async_graphql::Result<SaveBillNumberPayload> {
        let input = bill_numbers::SaveBillNumber {
            biller_id: input.biller_id.0,
            account_reference: input.account_reference,
            phone_number: input.phone_number.map(|number| number.0),
            description: input.description,
            remind_due_date: input.remind_due_date.unwrap_or_default(),
        };
        let (number, errors) = split(ctx, ctx.app().save_bill_number(ctx.requester(), input).await).await?;
        Ok(SaveBillNumberPayload { bill_number: number.map(BillNumber), errors })
    }

    /// Asks the provider anew what it knows of a bill number.
    async fn refresh_bill_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RefreshBillNumberInput,
    ) -> async_graphql::Result<RefreshBillNumberPayload> {
        let outcome = ctx.app().refresh_bill_number(ctx.requester(), &input.bill_number_id).await;
        let (number, errors) = split(ctx, outcome).await?;
        Ok(RefreshBillNumberPayload { bill_number: number.map(BillNumber), errors })
    }

    /// Removes a bill number. Payments that named it keep it.
    async fn remove_bill_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RemoveBillNumberInput,
    ) -> async_graphql::Result<RemoveBillNumberPayload> {
        let outcome = ctx.app().remove_bill_number(ctx.requester(), &input.bill_number_id).await;
        let (number, errors) = split(ctx, outcome).await?;
        Ok(RemoveBillNumberPayload { bill_number: number.map(BillNumber), errors })
    }

    /// Makes a payment, once for each idempotency key.
    async fn create_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to pay.")] input: CreatePaymentInput,
    ) -> async_graphql::Result<CreatePaymentPayload> {
        let outcome = ctx.app().create_payment(ctx.requester(), create_input(input)).await;
        let (created, mut errors) = split(ctx, outcome).await?;
        let Some(CreatedPayment { payment, replayed }) = created else {
            return Ok(CreatePaymentPayload { payment: None, errors, replayed: false });
        };
        for refusal in refused_fields(&payment).collect::<Vec<_>>() {
            errors.push(user_error(ctx, refusal).await?);
        }
        Ok(CreatePaymentPayload { payment: Some(Payment(payment)), errors, replayed })
    }

    /// Makes a bulk payment, once for each idempotency key: all of its bills are paid, or none.
    async fn create_bulk_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to pay.")] input: CreateBulkPaymentInput,
    ) -> async_graphql::Result<CreateBulkPaymentPayload> {
        let outcome = ctx.app().create_bulk_payment(ctx.requester(), input.into()).await;
        let (created, errors) = split(ctx, outcome).await?;
        let Some(created) = created else {
            return Ok(CreateBulkPaymentPayload { bulk_payment: None, errors, replayed: false });
        };
        let errors = user_errors(ctx, created.refusals).await?;
        let bulk_payment = created.bulk.map(BulkPayment);
        Ok(CreateBulkPaymentPayload { bulk_payment, errors, replayed: created.replayed })
    }

    /// Calls a payment off: at once as long as nothing was sent, else by asking the provider that holds it. Whether the
    /// provider did so, the payment's status tells.
    async fn cancel_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and why.")] input: CancelPaymentInput,
    ) -> async_graphql::Result<CancelPaymentPayload> {
        let outcome = ctx.app().cancel_payment(ctx.requester(), &input.payment_id, input.reason).await;
        let (payment, errors) = split(ctx, outcome).await?;
        Ok(CancelPaymentPayload { payment: payment.map(Payment), errors })
    }

    /// Has the provider asked to void a payment that it has begun to make. Whether it did so, the payment's status
    /// tells.
    async fn void_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and why.")] input: VoidPaymentInput,
    ) -> async_graphql::Result<VoidPaymentPayload> {
        let kind = input.kind.unwrap_or(VoidKind::VoidOnly).into();
        let outcome = ctx.app().void_payment(ctx.requester(), &input.payment_id, kind, input.reason).await;
        let (payment, errors) = split(ctx, outcome).await?;
        Ok(VoidPaymentPayload { payment: payment.map(Payment), errors })
    }

    /// Asks the provider now how a payment stands, and waits for its answer within a limit.
    async fn refresh_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RefreshPaymentInput,
    ) -> async_graphql::Result<RefreshPaymentPayload> {
        let outcome = ctx.app().refresh_payment(ctx.requester(), &input.payment_id).await;
        let (payment, errors) = split(ctx, outcome).await?;
        Ok(RefreshPaymentPayload { payment: payment.map(Payment), errors })
    }

    /// Decides a payment in NEEDS_REVIEW with evidence (administrators).
    async fn resolve_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was found out.")] input: ResolvePaymentInput,
    ) -> async_graphql::Result<ResolvePaymentPayload> {
        let input = resolve_payment::ResolvePayment {
            payment_id: input.payment_id.0,
            succeeded: input.outcome == PaymentOutcome::Succeeded,
            evidence: input.evidence,
            provider_reference: input.provider_reference,
        };
        let (payment, errors) = split(ctx, ctx.app().resolve_payment(ctx.requester(), input).await).await?;
        Ok(ResolvePaymentPayload { payment: payment.map(Payment), errors })
    }

    /// Makes a control number, once for each idempotency key.
    async fn create_control_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to make.")] input: CreateControlNumberInput,
    ) -> async_graphql::Result<CreateControlNumberPayload> {
        let (key, wanted) = input.into_parts();
        let outcome = ctx.app().create_control_number(ctx.requester(), &key, wanted).await;
        let (created, errors) = split(ctx, outcome).await?;
        let Some(created) = created else {
            return Ok(CreateControlNumberPayload { control_number: None, errors, replayed: false });
        };
        let errors = user_errors(ctx, created.errors).await?;
        let control_number = created.control_number.map(ControlNumber);
        Ok(CreateControlNumberPayload { control_number, errors, replayed: created.replayed })
    }

    /// Makes several control numbers, each for itself: a bad item keeps none of the others back.
    async fn create_control_numbers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to make.")] input: CreateControlNumbersInput,
    ) -> async_graphql::Result<CreateControlNumbersPayload> {
        let wanted = input.items.into_iter().map(Into::into).collect();
        let outcome = ctx.app().create_control_numbers(ctx.requester(), &input.idempotency_key, wanted).await;
        let (created, errors) = split(ctx, outcome).await?;
        let Some(created) = created else {
            return Ok(CreateControlNumbersPayload { items: Vec::new(), errors, replayed: false });
        };
        let mut items = Vec::with_capacity(created.items.len());
        for item in created.items {
            let errors = user_errors(ctx, item.errors).await?;
            items.push(CreatedControlNumber { control_number: item.control_number.map(ControlNumber), errors });
        }
        Ok(CreateControlNumbersPayload { items, errors, replayed: created.replayed })
    }

    /// Changes a control number, at once. The same change twice is one, so it needs no key.
    async fn update_control_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what to change.")] input: UpdateControlNumberInput,
    ) -> async_graphql::Result<UpdateControlNumberPayload> {
        let (id, change) = input.into_parts();
        let outcome = ctx.app().update_control_number(ctx.requester(), &id, change).await;
        let (number, errors) = split(ctx, outcome).await?;
        Ok(UpdateControlNumberPayload { control_number: number.map(ControlNumber), errors })
    }

    /// Fetches the providers' catalogues now (operators). Answers when it is done.
    async fn sync_billers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] input: SyncBillersInput,
    ) -> async_graphql::Result<SyncBillersPayload> {
        let provider = input.provider_id.map(|id| id.0);
        let outcome = ctx.app().sync_billers(ctx.requester(), provider.as_deref()).await;
        let (report, errors) = split(ctx, outcome).await?;
        let report = report.unwrap_or_default();
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(SyncBillersPayload {
            added: count(report.added),
            changed: count(report.changed),
            retired: count(report.retired),
            errors,
        })
    }
}

/// Several refusals as a client sees them.
async fn user_errors(ctx: &Context<'_>, refusals: Vec<Refusal>) -> async_graphql::Result<Vec<UserError>> {
    let mut errors = Vec::with_capacity(refusals.len());
    for refusal in refusals {
        errors.push(user_error(ctx, refusal).await?);
    }
    Ok(errors)
}

fn create_input(input: CreatePaymentInput) -> create_payment::CreatePayment {
    let (payer_name, payer_phone) =
        input.payer.map_or((None, None), |payer| (payer.name, payer.phone_number.map(|number| number.0)));
    create_payment::CreatePayment {
        idempotency_key: input.idempotency_key,
        target: target(input.target),
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

fn target(target: PaymentTarget) -> Target {
    match target {
        PaymentTarget::Account(account) => Target::Account {
            biller_id: account.biller_id.0,
            account_reference: account.account_reference,
            second_reference: account.second_reference,
        },
        PaymentTarget::BillNumberId(id) => Target::BillNumber(id.0),
        PaymentTarget::BillId(id) => Target::Bill(id.0),
        PaymentTarget::NewBill(bill) => Target::NewBill { biller_id: bill.biller_id.0, description: bill.description },
    }
}

/// The inputs that the provider refused, of a payment that failed for them.
fn refused_fields(payment: &domain::Payment) -> impl Iterator<Item = Refusal> {
    payment.failure.iter().flat_map(|failure| {
        failure.fields.iter().map(|field| {
            let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
            let by_number = payment.bill_number_id.is_some() && !payment.save_bill_number;
            let path =
                if by_number && path.contains(&"account") { vec!["input", "target", "billNumberId"] } else { path };
            Refusal::new(failure.code, failure.message.clone()).at(&path)
        })
    })
}
