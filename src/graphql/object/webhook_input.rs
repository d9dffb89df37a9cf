//! What the mutations of webhooks take and answer. A secret is shown in the answer that made it, and in no other.

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};

use super::event::EventType;
use super::webhook_endpoint::WebhookEndpoint;
use crate::app::webhooks as app;
use crate::domain::event;
use crate::domain::webhook as domain;
use crate::domain::webhook_secret::WebhookSecret;
use crate::graphql::context::ContextExt;
use crate::graphql::error::{UserError, split};
use crate::graphql::scalar::{Sequence, Url};
use crate::ports::webhook_sender::WebhookAnswer;

/// A webhook endpoint to be made. It belongs to your tenant, and is told of your customer's objects alone where your
/// token speaks for one.
#[derive(Clone, Debug, InputObject)]
pub struct CreateWebhookEndpointInput {
    /// Where to: https on port 443 or 8443, at a host that can be reached from the internet.
    pub url: Url,
    /// What you know it by: 200 printable characters at most.
    pub description: Option<String>,
    /// Of which types of event it is to be told; all where absent or empty.
    pub event_types: Option<Vec<EventType>>,
}

/// What is to be different about a webhook endpoint. What is absent stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateWebhookEndpointInput {
    /// The webhook endpoint.
    pub webhook_endpoint_id: ID,
    /// Where to from now on, what waits included. Not for the payments' callbacks, which have no URL of their own.
    pub url: Option<Url>,
    /// What you know it by; null takes it away.
    pub description: MaybeUndefined<String>,
    /// Of which types of event it is told from now on; an empty list stands for all.
    pub event_types: Option<Vec<EventType>>,
    /// Whether it is switched on. `true` also has it tried at once after it failed or answered 410, or once the attempt
    /// under way has ended, 15 seconds at most.
    pub enabled: Option<bool>,
}

/// Which webhook endpoint to remove.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveWebhookEndpointInput {
    /// The webhook endpoint.
    pub webhook_endpoint_id: ID,
}

/// Which webhook endpoint gets a new secret.
#[derive(Clone, Debug, InputObject)]
pub struct RotateWebhookSecretInput {
    /// The webhook endpoint; that of the payments' callbacks too.
    pub webhook_endpoint_id: ID,
}

/// Which webhook endpoint to try.
#[derive(Clone, Debug, InputObject)]
pub struct SendTestWebhookInput {
    /// The webhook endpoint.
    pub webhook_endpoint_id: ID,
}

/// What to send again, and where to.
#[derive(Clone, Debug, InputObject)]
pub struct ReplayWebhooksInput {
    /// The webhook endpoint.
    pub webhook_endpoint_id: ID,
    /// The first sequence.
    pub from: Sequence,
    /// The last sequence; through all that was handled where absent. 100,000 events at most.
    pub through: Option<Sequence>,
}

/// The webhook endpoint with its secret, or why none was made.
#[derive(Clone, Debug, Description)]
pub struct CreateWebhookEndpointPayload {
    created: Option<(domain::WebhookEndpoint, WebhookSecret)>,
    errors: Vec<UserError>,
}

#[Object(use_type_description)]
impl CreateWebhookEndpointPayload {
    /// The webhook endpoint. Null where none was made.
    async fn webhook_endpoint(&self) -> Option<WebhookEndpoint> {
        self.created.as_ref().map(|(endpoint, _)| WebhookEndpoint(endpoint.clone()))
    }

    /// Its secret, `whsec_…`, shown this once: whoever lost it asks for another by `rotateWebhookSecret`.
    async fn secret(&self) -> Option<&str> {
        self.created.as_ref().map(|(_, secret)| secret.expose())
    }

    /// Why none was made.
    async fn errors(&self) -> &[UserError] {
        &self.errors
    }
}

/// The webhook endpoint as it is now, or why it was not changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct UpdateWebhookEndpointPayload {
    /// The webhook endpoint.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// Why it was not changed.
    errors: Vec<UserError>,
}

/// The webhook endpoint as it was, or why it was not removed.
#[derive(Clone, Debug, SimpleObject)]
pub struct RemoveWebhookEndpointPayload {
    /// The webhook endpoint.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// Why it was not removed.
    errors: Vec<UserError>,
}

/// The webhook endpoint with its new secret, or why it has none.
#[derive(Clone, Debug, Description)]
pub struct RotateWebhookSecretPayload {
    rotated: Option<(domain::WebhookEndpoint, WebhookSecret)>,
    errors: Vec<UserError>,
}

#[Object(use_type_description)]
impl RotateWebhookSecretPayload {
    /// The webhook endpoint. Null where its secret is the same as before.
    async fn webhook_endpoint(&self) -> Option<WebhookEndpoint> {
        self.rotated.as_ref().map(|(endpoint, _)| WebhookEndpoint(endpoint.clone()))
    }

    /// The new secret, `whsec_…`, shown this once. The former signs beside it until `previousSecretUntil`.
    async fn secret(&self) -> Option<&str> {
        self.rotated.as_ref().map(|(_, secret)| secret.expose())
    }

    /// Why it has no new secret.
    async fn errors(&self) -> &[UserError] {
        &self.errors
    }
}

/// How the receiver took a test, or why none was sent.
#[derive(Clone, Debug, SimpleObject)]
pub struct SendTestWebhookPayload {
    /// Whether the receiver took it.
    delivered: bool,
    /// The HTTP status of its answer; null where there was no answer.
    http_status: Option<i32>,
    /// Why there was no answer, for a person.
    trouble: Option<String>,
    /// How its answer began, where it was a refusal and may be shown.
    response: Option<String>,
    /// Why none was sent.
    errors: Vec<UserError>,
}

/// The webhook endpoint with what is sent again, or why nothing is.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReplayWebhooksPayload {
    /// The webhook endpoint.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// Why nothing is sent again.
    errors: Vec<UserError>,
}

/// Makes a webhook endpoint, as the mutation of that name says.
pub async fn create(
    ctx: &Context<'_>,
    input: CreateWebhookEndpointInput,
) -> async_graphql::Result<CreateWebhookEndpointPayload> {
    let input = app::CreateWebhookEndpoint {
        url: input.url.0,
        description: input.description,
        event_types: input.event_types.map(types).unwrap_or_default(),
    };
    let (created, errors) = split(ctx, ctx.app().create_webhook_endpoint(ctx.requester(), input).await).await?;
    Ok(CreateWebhookEndpointPayload { created, errors })
}

/// Changes a webhook endpoint, as the mutation of that name says.
pub async fn update(
    ctx: &Context<'_>,
    input: UpdateWebhookEndpointInput,
) -> async_graphql::Result<UpdateWebhookEndpointPayload> {
    let change = app::UpdateWebhookEndpoint {
        id: &input.webhook_endpoint_id,
        url: input.url.map(|url| url.0),
        description: input.description.into(),
        event_types: input.event_types.map(types),
        enabled: input.enabled,
    };
    let (endpoint, errors) = split(ctx, ctx.app().update_webhook_endpoint(ctx.requester(), change).await).await?;
    Ok(UpdateWebhookEndpointPayload { webhook_endpoint: endpoint.map(WebhookEndpoint), errors })
}

/// Removes a webhook endpoint, as the mutation of that name says.
pub async fn remove(
    ctx: &Context<'_>,
    input: RemoveWebhookEndpointInput,
) -> async_graphql::Result<RemoveWebhookEndpointPayload> {
    let outcome = ctx.app().remove_webhook_endpoint(ctx.requester(), &input.webhook_endpoint_id).await;
    let (endpoint, errors) = split(ctx, outcome).await?;
    Ok(RemoveWebhookEndpointPayload { webhook_endpoint: endpoint.map(WebhookEndpoint), errors })
}

/// Gives a webhook endpoint a new secret, as the mutation of that name says.
pub async fn rotate(
    ctx: &Context<'_>,
    input: RotateWebhookSecretInput,
) -> async_graphql::Result<RotateWebhookSecretPayload> {
    let outcome = ctx.app().rotate_webhook_secret(ctx.requester(), &input.webhook_endpoint_id).await;
    let (rotated, errors) = split(ctx, outcome).await?;
    Ok(RotateWebhookSecretPayload { rotated, errors })
}

/// Sends a test, as the mutation of that name says.
pub async fn test(ctx: &Context<'_>, input: SendTestWebhookInput) -> async_graphql::Result<SendTestWebhookPayload> {
    let outcome = ctx.app().send_test_webhook(ctx.requester(), &input.webhook_endpoint_id).await;
    let (tested, errors) = split(ctx, outcome).await?;
    let (http_status, trouble, response) = match tested.as_ref().map(|test| &test.answer) {
        None => (None, None, None),
        Some(WebhookAnswer::Delivered { status }) => (Some(*status), None, None),
        Some(WebhookAnswer::Gone) => (Some(410), None, None),
        Some(WebhookAnswer::Refused { status, retry_after: _, excerpt }) => (Some(*status), None, excerpt.clone()),
        Some(WebhookAnswer::Failed(trouble)) => (None, Some(trouble.to_string()), None),
    };
    let delivered = tested.is_some_and(|test| matches!(test.answer, WebhookAnswer::Delivered { .. }));
    let http_status = http_status.map(i32::from);
    Ok(SendTestWebhookPayload { delivered, http_status, trouble, response, errors })
}

/// Has a part of the log sent again, as the mutation of that name says.
pub async fn replay(ctx: &Context<'_>, input: ReplayWebhooksInput) -> async_graphql::Result<ReplayWebhooksPayload> {
    let wanted = app::ReplayWebhooks {
        id: &input.webhook_endpoint_id,
        from: input.from.0,
        through: input.through.map(|through| through.0),
    };
    let (endpoint, errors) = split(ctx, ctx.app().replay_webhooks(ctx.requester(), wanted).await).await?;
    Ok(ReplayWebhooksPayload { webhook_endpoint: endpoint.map(WebhookEndpoint), errors })
}

fn types(types: Vec<EventType>) -> Vec<event::EventType> {
    types.into_iter().map(Into::into).collect()
}
