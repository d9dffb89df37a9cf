//! Collections: money that was received against a control number.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object};

use super::bill::load_error;
use super::control_number::ControlNumber;
use super::customer::Customer;
use super::money::Money;
use super::provider::Provider;
use crate::domain::collection as domain;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::ControlNumberKey;
use crate::graphql::scalar::DateTime;

/// Where received money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::CollectionStatus")]
pub enum CollectionStatus {
    /// Announced; nothing has come.
    Pending,
    /// On its way.
    Processing,
    /// Received by the provider, and not settled to you yet.
    Received,
    /// Settled to you.
    Settled,
    /// Held by the provider.
    OnHold,
    /// It did not come.
    Failed,
    /// Given back to the payer before it was settled.
    Refunded,
    /// Given back to the payer after it was settled.
    Reversed,
}

/// What is unusual about received money. It is recorded in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::CollectionFlag")]
pub enum CollectionFlag {
    /// More than the control number takes.
    Over,
    /// Less than the control number takes.
    Under,
    /// The control number was switched off, or closed by an earlier payment.
    InactiveNumber,
    /// Another currency than the control number's.
    OtherCurrency,
    /// No control number of billpay's; only operators see it.
    UnknownNumber,
}

/// Which collections are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CollectionFilter {
    /// For this control number.
    pub control_number_id: Option<ID>,
    /// In one of these states.
    pub statuses: Option<Vec<CollectionStatus>>,
    /// With at least one of these flags.
    pub flags: Option<Vec<CollectionFlag>>,
    /// First heard of at or after.
    pub received_from: Option<DateTime>,
    /// First heard of before.
    pub received_before: Option<DateTime>,
}

/// Money that was received against a control number.
#[derive(Clone, Debug, Description)]
pub struct Collection(pub domain::Collection);

#[Object(use_type_description)]
impl Collection {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// The control number; null where it is none of billpay's.
    async fn control_number(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<ControlNumber>> {
        let key = ControlNumberKey(self.0.control_number_id?.uuid());
        let number = ctx.loader().load_one(key).await.map_err(load_error);
        number.transpose().map(|number| number.map(ControlNumber))
    }

    /// The number that was paid, as the provider told it.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Through whom it came.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// How much.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }

    /// Where it stands.
    async fn status(&self) -> CollectionStatus {
        self.0.status.into()
    }

    /// How many changes it has had: gap-free, so that a subscriber can prove that it has all.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Who paid, as far as the provider told.
    async fn payer(&self) -> Option<Customer> {
        self.0.payer.clone().map(Customer::from)
    }

    /// By which way it came, in the provider's word.
    async fn channel(&self) -> Option<&str> {
        self.0.channel.as_deref()
    }

    /// What the provider named it; unique with that provider.
    async fn provider_reference(&self) -> &str {
        &self.0.provider_reference
    }

    /// The provider's words.
    async fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// What is unusual about it; empty where nothing is.
    async fn flags(&self) -> Vec<CollectionFlag> {
        self.0.flags.iter().map(|&flag| flag.into()).collect()
    }

    /// When billpay first heard of it.
    async fn received_at(&self) -> DateTime {
        DateTime(self.0.received_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
