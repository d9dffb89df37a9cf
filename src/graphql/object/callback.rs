//! Callbacks: what providers sent. Their bodies are never shown.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object};

use super::bill::load_error;
use super::collection::Collection;
use super::node::Node;
use super::payment::Payment;
use super::provider::Provider;
use crate::domain::requester::Scope;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::{CollectionKey, CollectionNamed, PaymentKey};
use crate::graphql::scalar::DateTime;
use crate::store;

/// Whether it is known what a callback is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "store::CallbackState")]
pub enum CallbackState {
    /// Not yet; it is tried again.
    Unmatched,
    /// It is.
    Matched,
}

/// Which callbacks are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CallbackFilter {
    /// From this provider.
    pub provider_id: Option<ID>,
    /// In this state.
    pub state: Option<CallbackState>,
    /// Those whose origin is proven by a signature, or those whose is not.
    pub verified: Option<bool>,
    /// Received at or after.
    pub received_from: Option<DateTime>,
    /// Received before.
    pub received_before: Option<DateTime>,
}

/// Something that a provider sent. What an unsigned one says is not believed: it only causes a look-up.
#[derive(Clone, Debug, Description)]
pub struct Callback(pub store::KeptCallback);

#[Object(use_type_description)]
impl Callback {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Who sent it, or was named by whoever did.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// When it came.
    async fn received_at(&self) -> DateTime {
        DateTime(self.0.received_at)
    }

    /// Whether its origin is proven by a signature.
    async fn verified(&self) -> bool {
        self.0.verified
    }

    /// Whether it is known what it is about.
    async fn state(&self) -> CallbackState {
        self.0.state.into()
    }

    /// The reference of ours that it carries.
    async fn our_reference(&self) -> Option<&str> {
        self.0.our_reference.as_deref()
    }

    /// The provider's reference that it carries.
    async fn provider_reference(&self) -> Option<&str> {
        self.0.provider_reference.as_deref()
    }

    /// The payment or the collection that it is about; null where that is not known or not yours.
    async fn subject(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Node>> {
        subject(ctx, &self.0).await.transpose()
    }
}

async fn subject(ctx: &Context<'_>, callback: &store::KeptCallback) -> async_graphql::Result<Option<Node>> {
    if let Some(payment) = callback.payment_id {
        let found = ctx.loader().load_one(PaymentKey(payment.uuid())).await.map_err(load_error)?;
        let Some(found) = found else { return Ok(None) };
        ctx.require(Scope::PaymentsRead)?;
        return Ok(Some(Node::Payment(Payment(found))));
    }
    let Some(reference) = callback.provider_reference.clone() else { return Ok(None) };
    let named = CollectionNamed { provider: callback.provider, reference };
    let Some(id) = ctx.loader().load_one(named).await.map_err(load_error)? else { return Ok(None) };
    let Some(found) = ctx.loader().load_one(CollectionKey(id)).await.map_err(load_error)? else { return Ok(None) };
    ctx.require(Scope::ControlNumbersRead)?;
    Ok(Some(Node::Collection(Collection(found))))
}
