//! Events of control numbers and of the money that comes for them.

use std::sync::Arc;

use async_graphql::{Context, Description, Object};

use super::bill::load_error;
use super::collection::{Collection, CollectionStatus};
use super::control_number::{ControlNumber, ControlNumberStatus};
use super::event::EventType;
use super::node::Node;
use super::payment_parts::PaymentFailure;
use crate::domain::event as domain;
use crate::domain::{collection, control_number};
use crate::graphql::context::ContextExt;
use crate::graphql::loader::{CollectionKey, ControlNumberKey};
use crate::graphql::scalar::{DateTime, Sequence};

/// A change of a control number. `status` is that of the event; `controlNumber` is the present one. `version` is
/// gap-free for the control number, so that a subscriber can prove that it has all.
#[derive(Clone, Debug, Description)]
pub struct ControlNumberEvent {
    event: Arc<domain::Event>,
    known: Option<Arc<control_number::ControlNumber>>,
}

impl ControlNumberEvent {
    /// An event whose control number is loaded when it is asked for.
    pub const fn new(event: Arc<domain::Event>) -> Self {
        Self { event, known: None }
    }

    /// An event whose control number is at hand.
    pub fn known(event: domain::Event, number: control_number::ControlNumber) -> Self {
        Self { event: Arc::new(event), known: Some(Arc::new(number)) }
    }

    async fn load(&self, ctx: &Context<'_>) -> async_graphql::Result<ControlNumber> {
        if let Some(number) = &self.known {
            return Ok(ControlNumber(control_number::ControlNumber::clone(number)));
        }
        let found = ctx.loader().load_one(ControlNumberKey(self.event.subject_id)).await.map_err(load_error)?;
        found.map(ControlNumber).ok_or_else(|| async_graphql::Error::new("an event without its control number"))
    }
}

#[Object(use_type_description)]
impl ControlNumberEvent {
    /// Gap-free in the tenant's log (a filter leaves gaps in what you see).
    pub async fn sequence(&self) -> Sequence {
        Sequence(self.event.sequence)
    }

    /// What happened.
    #[graphql(name = "type")]
    pub async fn kind(&self) -> EventType {
        self.event.kind.into()
    }

    /// When it was recorded.
    pub async fn at(&self) -> DateTime {
        DateTime(self.event.at)
    }

    /// Who did it: a subject, a provider, or billpay itself.
    pub async fn actor(&self) -> String {
        self.event.actor.clone()
    }

    /// Why, for a person.
    pub async fn reason(&self) -> Option<String> {
        self.event.reason.clone()
    }

    /// The control number, as it is now.
    pub async fn subject(&self, ctx: &Context<'_>) -> async_graphql::Result<Node> {
        Ok(Node::ControlNumber(self.load(ctx).await?))
    }

    /// Which change of the control number it is: from 1, gap-free.
    async fn version(&self) -> i32 {
        self.event.subject_version
    }

    /// The control number's status after it.
    async fn status(&self) -> async_graphql::Result<ControlNumberStatus> {
        let word = self.event.status.as_deref();
        let status = word.and_then(|word| word.parse::<control_number::ControlNumberStatus>().ok());
        let status = status.ok_or_else(|| async_graphql::Error::new("a control number's event without a status"))?;
        Ok(status.into())
    }

    /// Why it was not made, in the event that says so.
    async fn failure(&self) -> Option<PaymentFailure> {
        self.event.failure.clone().map(PaymentFailure)
    }

    /// The control number, as it is now.
    async fn control_number(&self, ctx: &Context<'_>) -> async_graphql::Result<ControlNumber> {
        self.load(ctx).await
    }
}

/// A change of a collection. `status` is that of the event; `collection` is the present one. `version` is gap-free for
/// the collection.
#[derive(Clone, Debug, Description)]
pub struct CollectionEvent(pub Arc<domain::Event>);

impl CollectionEvent {
    async fn load(&self, ctx: &Context<'_>) -> async_graphql::Result<Collection> {
        let found = ctx.loader().load_one(CollectionKey(self.0.subject_id)).await.map_err(load_error)?;
        found.map(Collection).ok_or_else(|| async_graphql::Error::new("an event without its collection"))
    }
}

#[Object(use_type_description)]
impl CollectionEvent {
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

    /// Who did it: a subject, a provider, or billpay itself.
    pub async fn actor(&self) -> String {
        self.0.actor.clone()
    }

    /// Why, for a person.
    pub async fn reason(&self) -> Option<String> {
        self.0.reason.clone()
    }

    /// The collection, as it is now.
    pub async fn subject(&self, ctx: &Context<'_>) -> async_graphql::Result<Node> {
        Ok(Node::Collection(self.load(ctx).await?))
    }

    /// Which change of the collection it is: from 1, gap-free.
    async fn version(&self) -> i32 {
        self.0.subject_version
    }

    /// The collection's status after it.
    async fn status(&self) -> async_graphql::Result<CollectionStatus> {
        let word = self.0.status.as_deref();
        let status = word.and_then(|word| word.parse::<collection::CollectionStatus>().ok());
        let status = status.ok_or_else(|| async_graphql::Error::new("a collection's event without a status"))?;
        Ok(status.into())
    }

    /// The collection, as it is now.
    async fn collection(&self, ctx: &Context<'_>) -> async_graphql::Result<Collection> {
        self.load(ctx).await
    }
}
