//! Mutations: each takes one input and answers the object, or why nothing was done.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};

use super::context::ContextExt;
use super::error::{UserError, split, user_errors};
use super::object::api_client::{
    self, CreateApiClientInput, CreateApiClientPayload, RevokeApiClientInput, RevokeApiClientPayload,
};
use super::object::bill_number::BillNumber;
use super::object::bill_number_input::{
    RefreshBillNumberInput, RefreshBillNumberPayload, RemoveBillNumberInput, RemoveBillNumberPayload,
    SaveBillNumberInput, SaveBillNumberPayload,
};
use super::object::bulk_payment::{BulkPayment, CreateBulkPaymentInput, CreateBulkPaymentPayload};
use super::object::control_number::ControlNumber;
use super::object::control_number_input::{
    CreateControlNumberInput, CreateControlNumberPayload, CreateControlNumbersInput, CreateControlNumbersPayload,
    CreatedControlNumber, RefreshControlNumberInput, RefreshControlNumberPayload, UpdateControlNumberInput,
    UpdateControlNumberPayload,
};
use super::object::payment::Payment;
use super::object::payment_input::{
    CancelPaymentInput, CancelPaymentPayload, CreatePaymentInput, CreatePaymentPayload, PaymentOutcome,
    RefreshPaymentInput, RefreshPaymentPayload, ResolvePaymentInput, ResolvePaymentPayload, VoidPaymentInput,
    VoidPaymentPayload,
};
use super::object::recall::VoidKind;
use super::object::webhook_input::{
    self, CreateWebhookEndpointInput, CreateWebhookEndpointPayload, RemoveWebhookEndpointInput,
    RemoveWebhookEndpointPayload, ReplayWebhooksInput, ReplayWebhooksPayload, RotateWebhookSecretInput,
    RotateWebhookSecretPayload, SendTestWebhookInput, SendTestWebhookPayload, UpdateWebhookEndpointInput,
    UpdateWebhookEndpointPayload,
};
use crate::app::bill_numbers;
use crate::app::create_payment::CreatedPayment;
use crate::app::resolve_payment;
use crate::domain::payment as domain;
use crate::domain::refusal::Refusal;

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
        let outcome = ctx.app().create_payment(ctx.requester(), input.into()).await;
        let (created, errors) = split(ctx, outcome).await?;
        let Some(CreatedPayment { payment, replayed }) = created else {
            return Ok(CreatePaymentPayload { payment: None, errors, replayed: false });
        };
        let errors = user_errors(ctx, refused_fields(&payment)).await?;
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

    /// Asks the provider now how a control number stands and what was paid to it, and waits for its answer within a
    /// limit. What was changed with the provider itself shows so: a number that is switched off becomes INACTIVE, one
    /// with other terms NEEDS_REVIEW.
    async fn refresh_control_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RefreshControlNumberInput,
    ) -> async_graphql::Result<RefreshControlNumberPayload> {
        let outcome = ctx.app().refresh_control_number(ctx.requester(), &input.control_number_id).await;
        let (number, errors) = split(ctx, outcome).await?;
        Ok(RefreshControlNumberPayload { control_number: number.map(ControlNumber), errors })
    }

    /// Makes an API client of your tenant, which then asks for its tokens itself (administrators).
    async fn create_api_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name, and what it may do.")] input: CreateApiClientInput,
    ) -> async_graphql::Result<CreateApiClientPayload> {
        api_client::create(ctx, input).await
    }

    /// Revokes an API client: it gets no token any more (administrators). Those that it has stay good until they end,
    /// an hour at most. The webhook endpoints that it made are switched off in the same change; whoever is to be told
    /// on switches them on again by `updateWebhookEndpoint`.
    async fn revoke_api_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RevokeApiClientInput,
    ) -> async_graphql::Result<RevokeApiClientPayload> {
        api_client::revoke(ctx, input).await
    }

    /// Makes a webhook endpoint: it is told of what happens from now on. Its secret is shown this once.
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to, and of what.")] input: CreateWebhookEndpointInput,
    ) -> async_graphql::Result<CreateWebhookEndpointPayload> {
        webhook_input::create(ctx, input).await
    }

    /// Changes a webhook endpoint. One that is switched on, or sent elsewhere, is tried at once with what waits for it,
    /// or once the attempt under way has ended, 15 seconds at most.
    async fn update_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what to change.")] input: UpdateWebhookEndpointInput,
    ) -> async_graphql::Result<UpdateWebhookEndpointPayload> {
        webhook_input::update(ctx, input).await
    }

    /// Removes a webhook endpoint: nothing is sent to it any more.
    async fn remove_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RemoveWebhookEndpointInput,
    ) -> async_graphql::Result<RemoveWebhookEndpointPayload> {
        webhook_input::remove(ctx, input).await
    }

    /// Gives a webhook endpoint a new secret, shown this once. The former signs beside it for a day, so that a receiver
    /// can change over while webhooks go on; of several changes within a day the newest two sign. Where the answer was
    /// lost, ask again within ten minutes: the new secret takes the place of the one that was lost, and the receiver's
    /// own goes on. So do not renew again within ten minutes a secret that the receiver already has.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RotateWebhookSecretInput,
    ) -> async_graphql::Result<RotateWebhookSecretPayload> {
        webhook_input::rotate(ctx, input).await
    }

    /// Sends an event of the type WEBHOOK_TEST to a webhook endpoint now, and waits up to 8 seconds for the answer.
    /// Nothing about the endpoint changes.
    async fn send_test_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: SendTestWebhookInput,
    ) -> async_graphql::Result<SendTestWebhookPayload> {
        webhook_input::test(ctx, input).await
    }

    /// Has a part of the log sent again to a webhook endpoint, those events too that were given up, under the same ids.
    /// What is new waits until that is through.
    async fn replay_webhooks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which part, and where to.")] input: ReplayWebhooksInput,
    ) -> async_graphql::Result<ReplayWebhooksPayload> {
        webhook_input::replay(ctx, input).await
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

/// The inputs that the provider refused, of a payment that failed for them.
fn refused_fields(payment: &domain::Payment) -> Vec<Refusal> {
    let Some(failure) = &payment.failure else { return Vec::new() };
    let refusals = failure.fields.iter().map(|field| {
        let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
        let by_number = payment.bill_number_id.is_some() && !payment.save_bill_number;
        let path = if by_number && path.contains(&"account") { vec!["input", "target", "billNumberId"] } else { path };
        Refusal::new(failure.code, failure.message.clone()).at(&path)
    });
    refusals.collect()
}
