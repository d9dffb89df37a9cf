//! Events of bulk payments.

use std::sync::Arc;

use async_graphql::{Context, Description, Object};

use super::bill::load_error;
use super::bulk_payment::{BulkPayment, BulkPaymentStatus};
use super::event::EventType;
use super::node::Node;
use crate::domain::bulk_payment;
use crate::domain::event as domain;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::BulkPaymentKey;
use crate::graphql::scalar::{DateTime, Sequence};

/// A change of a bulk payment. `status` is that of the event; `bulkPayment` is the present one. `version` is gap-free
/// for the bulk payment, so that a subscriber can prove that it has all.
#[derive(Clone, Debug, Description)]
pub struct BulkPaymentEvent(pub Arc<domain::Event>);

impl BulkPaymentEvent {
    async fn load(&self, ctx: &Context<'_>) -> async_graphql::Result<BulkPayment> {
        let found = ctx.loader().load_one(BulkPaymentKey(self.0.subject_id)).await.map_err(load_error)?;
        found.map(BulkPayment).ok_or_else(|| async_graphql::Error::new("an event without its bulk payment"))
    }
}

#[Object(use_type_description)]
impl BulkPaymentEvent {
    /// Gap-free in the tenant's log (a filter leaves gaps in what you see).
    pub async fn sequence(&self) -> Sequence {
        Sequence(self.0.sequence)
    }

    /// What happened.
    #[graphql(name = "type")]
    pub async fn kind(&self) -> EventType {
        self.0.kind.into()
    }

    /// When it was recorded.
    pub async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Who did it: a subject, or billpay itself.
    pub async fn actor(&self) -> String {
        self.0.actor.clone()
    }

    /// Why, for a person.
    pub async fn reason(&self) -> Option<String> {
        self.0.reason.clone()
    }

    /// The bulk payment, as it is now.
    pub async fn subject(&self, ctx: &Context<'_>) -> async_graphql::Result<Node> {
        Ok(Node::BulkPayment(self.load(ctx).await?))
    }

    /// Which change of the bulk payment it is: from 1, gap-free.
    async fn version(&self) -> i32 {
        self.0.subject_version
    }

    /// The bulk payment's status after it.
    async fn status(&self) -> async_graphql::Result<BulkPaymentStatus> {
        let word = self.0.status.as_deref();
        let status = word.and_then(|word| word.parse::<bulk_payment::BulkPaymentStatus>().ok());
        let status = status.ok_or_else(|| async_graphql::Error::new("a bulk payment's event without a status"))?;
        Ok(status.into())
    }

    /// The bulk payment, as it is now.
    async fn bulk_payment(&self, ctx: &Context<'_>) -> async_graphql::Result<BulkPayment> {
        self.load(ctx).await
    }
}
