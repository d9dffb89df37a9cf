//! Deliveries: what became of one event on its way to one receiver.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object};

use super::bill::load_error;
use super::event::EventType;
use super::payment::Payment;
use crate::domain::requester::Scope;
use crate::domain::webhook as domain;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::PaymentKey;
use crate::graphql::scalar::{DateTime, Sequence};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::DeliveryState")]
pub enum WebhookDeliveryState {
    /// It is tried, or will be.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// It was given up. `replayWebhooks` sends it again.
    Dead,
}

/// Which deliveries are wanted.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub struct WebhookDeliveryFilter {
    /// In this state.
    pub state: Option<WebhookDeliveryState>,
}

/// One event on its way to one receiver: kept where it failed at least once, or is a callback of a payment.
#[derive(Clone, Debug, Description)]
pub struct WebhookDelivery(pub domain::WebhookDelivery);

#[Object(use_type_description)]
impl WebhookDelivery {
    /// Its id. It is not the `webhook-id`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Which event of your log.
    async fn sequence(&self) -> Sequence {
        Sequence(self.0.sequence)
    }

    /// What happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.event_type.into()
    }

    /// Where it stands.
    async fn state(&self) -> WebhookDeliveryState {
        self.0.state.into()
    }

    /// The payment at whose `callbackUrl` it is told, as it is now; null at an endpoint's own URL.
    async fn payment(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Payment>> {
        let key = PaymentKey(self.0.payment_id?.uuid());
        if let Err(error) = ctx.require(Scope::PaymentsRead) {
            return Some(Err(error));
        }
        let found = ctx.loader().load_one(key).await.map_err(load_error);
        found.transpose().map(|payment| payment.map(Payment))
    }

    /// How often it was tried, since it was first to be sent or last asked for anew.
    async fn attempts(&self) -> i32 {
        i32::try_from(self.0.attempts).unwrap_or(i32::MAX)
    }

    /// The HTTP status of the last answer; null where there was no answer. A callback that was given up untried has the
    /// 410 by which its payment's receiver had said that it wants no more.
    async fn http_status(&self) -> Option<i32> {
        self.0.http_status.map(i32::from)
    }

    /// Why there was no answer, or no attempt, for a person.
    async fn trouble(&self) -> Option<&str> {
        self.0.trouble.as_deref()
    }

    /// How the last answer began, where it was a refusal and may be shown.
    async fn response(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// When it was first tried.
    async fn first_attempt_at(&self) -> Option<DateTime> {
        self.0.first_at.map(DateTime)
    }

    /// When it was last tried.
    async fn last_attempt_at(&self) -> Option<DateTime> {
        self.0.last_at.map(DateTime)
    }

    /// When it is tried next; null where it waits for the endpoint to be updated, or is tried no more.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.next_at.map(DateTime)
    }
}
