//! Webhook endpoints. Of their secrets nothing is shown but the one that was just made, once.

use async_graphql::connection::Connection;
use async_graphql::{Context, Description, Enum, ID, Object, SimpleObject};

use super::bill::load_error;
use super::connection::{PageArguments, connection_by};
use super::event::{EventType, SequenceCursor};
use super::webhook_delivery::{WebhookDelivery, WebhookDeliveryFilter};
use crate::domain::webhook as domain;
use crate::graphql::context::ContextExt;
use crate::graphql::error::database;
use crate::graphql::loader::DeliveriesOfEndpoint;
use crate::graphql::scalar::{DateTime, Sequence, Url};

/// Which events an endpoint is told of, and where they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::EndpointKind")]
pub enum WebhookEndpointKind {
    /// Events of your tenant, or of one customer of it, at the endpoint's own URL.
    Tenant,
    /// Events of payments that were made with a `callbackUrl`, each at the URL of its payment. A tenant has one, made
    /// with the first such payment.
    PaymentCallbacks,
}

/// How an endpoint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::EndpointState")]
pub enum WebhookEndpointState {
    /// The last delivery went well, or none was needed yet.
    Active,
    /// The last delivery failed, and is tried again. Callbacks of payments fail one by one and never come here.
    Failing,
    /// The receiver answered 410: nothing is sent until the endpoint is updated.
    Gone,
    /// It was switched off: nothing is sent until it is switched on.
    Disabled,
}

/// A part of the log that is being sent again.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct WebhookReplay {
    /// The first sequence that was not sent again yet.
    next: Sequence,
    /// The last that is to be.
    through: Sequence,
}

/// Where billpay sends what happens, signed as Standard Webhooks says: each event in the order of the log, at least
/// once, and the same one always under the same `webhook-id`.
#[derive(Clone, Debug, Description)]
pub struct WebhookEndpoint(pub domain::WebhookEndpoint);

#[Object(use_type_description)]
impl WebhookEndpoint {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Where to; null for the payments' callbacks, which go to each payment's own URL.
    async fn url(&self) -> Option<Url> {
        self.0.url.as_ref().map(|url| Url(url.to_string()))
    }

    /// Which events it is told of, and where they are sent.
    async fn kind(&self) -> WebhookEndpointKind {
        self.0.kind.into()
    }

    /// What you know it by.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Of which types of event it is told; empty stands for all, those that are yet to come too.
    async fn event_types(&self) -> Vec<EventType> {
        self.0.event_types.iter().map(|&kind| kind.into()).collect()
    }

    /// Whether it is switched on, whatever its receiver says.
    async fn enabled(&self) -> bool {
        self.0.enabled()
    }

    /// How it does.
    async fn state(&self) -> WebhookEndpointState {
        self.0.state.into()
    }

    /// The customer of whose objects alone it is told, as its maker's token said; null where it is told of all.
    async fn customer(&self) -> Option<&str> {
        self.0.customer.as_ref().map(|customer| customer.as_str())
    }

    /// Everything through this sequence was delivered, given up, or not wanted. For the payments' callbacks: it was
    /// made a delivery of its payment, which may still wait.
    async fn delivered_through(&self) -> Sequence {
        Sequence(self.0.position.cursor)
    }

    /// What is being sent again; what is new waits until that is through. Null where nothing is.
    async fn replay(&self) -> Option<WebhookReplay> {
        let replay = self.0.position.replay?;
        Some(WebhookReplay { next: Sequence(replay.next), through: Sequence(replay.through) })
    }

    /// Until when the former secret signs beside the present one; null where there never was a former.
    async fn previous_secret_until(&self) -> Option<DateTime> {
        self.0.previous_secret_until.map(DateTime)
    }

    /// Since when its secret is the present one.
    async fn secret_since(&self) -> DateTime {
        DateTime(self.0.secret_since)
    }

    /// Who made it; `billpay` for the payments' callbacks.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When somebody last changed it.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// When it was removed; nothing is sent since.
    async fn removed_at(&self) -> Option<DateTime> {
        self.0.removed_at.map(DateTime)
    }

    /// What failed at least once on its way, and every callback of a payment, newest event first. What went well at
    /// once is kept nowhere but in `deliveredThrough`.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<WebhookDeliveryFilter>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<SequenceCursor, WebhookDelivery>> {
        let page = PageArguments { first, after, last, before }.request_by_sequence()?;
        let state = filter.and_then(|filter| filter.state).map(domain::DeliveryState::from);
        let endpoint = self.0.id.uuid();
        let found = if page.is_beginning() {
            let key = DeliveriesOfEndpoint { endpoint, state, limit: page.limit };
            page.cut(ctx.loader().load_one(key).await.map_err(load_error)?.unwrap_or_default())
        } else {
            ctx.app().store.webhook_deliveries(&ctx.owner(), endpoint, state, page).await.map_err(database)?
        };
        Ok(connection_by(found, |delivery| SequenceCursor(delivery.sequence), WebhookDelivery))
    }
}
