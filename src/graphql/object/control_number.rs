//! Control numbers.

use async_graphql::connection::Connection;
use async_graphql::{Context, Description, Enum, ID, InputObject, Object, OneofObject, SimpleObject};

use super::bill::load_error;
use super::collection::Collection;
use super::connection::{IdCursor, PageArguments, connection, limit};
use super::control_number_event::ControlNumberEvent;
use super::customer::Customer;
use super::money::Money;
use super::payment_parts::{PaymentFailure, ReviewReason};
use super::provider::Provider;
use crate::domain::control_number as domain;
use crate::domain::page::PageRequest;
use crate::graphql::context::ContextExt;
use crate::graphql::error::database;
use crate::graphql::loader::{CollectionsOfControlNumber, EventsOf};
use crate::graphql::scalar::{DateTime, Sequence};
use crate::store::CollectionFilter;

/// How often a control number can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ControlNumberKind")]
pub enum ControlNumberKind {
    /// Once: its first payment closes it, even where that is only a part.
    Order,
    /// Again and again.
    Customer,
}

/// Which amounts a control number with an amount takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ControlNumberMode")]
pub enum ControlNumberMode {
    /// Only that amount.
    Exact,
    /// Less and more as well.
    AllowPartialAndOverPayment,
}

/// Where a control number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ControlNumberStatus")]
pub enum ControlNumberStatus {
    /// Stored durably; the provider has been asked for it, or will be.
    Requested,
    /// The provider was asked and no definite answer is known; billpay finds out.
    Unknown,
    /// No safe step is left for the machine: a person must look.
    NeedsReview,
    /// It was not made.
    Failed,
    /// It can be paid.
    Active,
    /// It was switched off.
    Inactive,
    /// Less than its amount has come.
    PartiallyPaid,
    /// Its amount has come.
    Paid,
    /// More than its amount has come.
    Overpaid,
}

/// Which control number is meant.
#[derive(Clone, Debug, OneofObject)]
pub enum ControlNumberBy {
    /// The one with this id.
    Id(ID),
    /// The one that is paid under this number.
    Number(String),
    /// The one that was made with this key; of a batch the first.
    IdempotencyKey(String),
}

/// Which control numbers are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ControlNumberFilter {
    /// In one of these states.
    pub statuses: Option<Vec<ControlNumberStatus>>,
    /// Of this kind.
    pub kind: Option<ControlNumberKind>,
    /// With this reference.
    pub reference: Option<String>,
    /// Of this customer: the one that the token spoke for, not who pays.
    pub customer: Option<String>,
    /// Made at or after.
    pub created_from: Option<DateTime>,
    /// Made before.
    pub created_before: Option<DateTime>,
}

/// Why a person must look at a control number, and since when.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ControlNumberReview {
    /// Why.
    reason: ReviewReason,
    /// Since when.
    since: DateTime,
}

/// A number that a payer types into a mobile-money menu or tells a bank, to pay us.
#[derive(Clone, Debug, Description)]
pub struct ControlNumber(pub domain::ControlNumber);

#[Object(use_type_description)]
impl ControlNumber {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Who makes it and takes its payments.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// What is paid. Null until the provider has answered.
    async fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    /// How often it can be paid.
    async fn kind(&self) -> ControlNumberKind {
        self.0.kind.into()
    }

    /// Which amounts it takes. Null without an amount: the mode then means nothing.
    async fn mode(&self) -> Option<ControlNumberMode> {
        self.0.mode.map(ControlNumberMode::from)
    }

    /// What is asked for. Null where any amount is good.
    async fn amount(&self) -> Option<Money> {
        self.0.amount.map(Money::from)
    }

    /// What has come and was not taken back.
    async fn amount_received(&self) -> Money {
        self.0.received.into()
    }

    /// What is still to come of its amount; zero once that has come. Null without an amount.
    async fn amount_remaining(&self) -> Option<Money> {
        self.0.remaining().map(Money::from)
    }

    /// The most that it takes in all; what is taken back frees no room under it.
    async fn max_amount(&self) -> Option<Money> {
        self.0.max_amount.map(Money::from)
    }

    /// Whether a payment to it would be taken now, as far as billpay knows.
    async fn accepts_payments(&self) -> bool {
        self.0.accepts_payments()
    }

    /// Our reference, which the provider makes the number: yours, or one that billpay made before it asked.
    async fn reference(&self) -> &str {
        &self.0.reference
    }

    /// What for.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Who is to pay.
    async fn customer(&self) -> Option<Customer> {
        self.0.customer.clone().map(Customer::from)
    }

    /// Where it stands.
    async fn status(&self) -> ControlNumberStatus {
        self.0.status.into()
    }

    /// How many changes it has had: gap-free, so that a subscriber can prove that it has all.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Why it was not made.
    async fn failure(&self) -> Option<PaymentFailure> {
        self.0.failure.clone().map(PaymentFailure)
    }

    /// Why a person must look, and since when.
    async fn review(&self) -> Option<ControlNumberReview> {
        self.0.review.map(|(reason, since)| ControlNumberReview { reason: reason.into(), since: DateTime(since) })
    }

    /// The client's key; the numbers of a batch share it.
    async fn idempotency_key(&self) -> &str {
        &self.0.idempotency_key
    }

    /// The money that has come for it, newest first.
    async fn collections(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, Collection>> {
        let page = PageArguments { first, after, last, before }.request("col")?;
        let found = if page.is_beginning() {
            let key = CollectionsOfControlNumber { control_number: self.0.id.uuid(), limit: page.limit };
            let collections = ctx.loader().load_one(key).await.map_err(load_error)?.unwrap_or_default();
            PageRequest::first(page.limit).cut(collections)
        } else {
            let filter = CollectionFilter { control_number_id: Some(self.0.id), ..CollectionFilter::default() };
            ctx.app().store.collections(&ctx.owner(), false, &filter, page).await.map_err(database)?
        };
        Ok(connection(found, |collection| collection.id.to_string(), Collection))
    }

    /// What happened to it, oldest first.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this sequence.")] after: Option<Sequence>,
    ) -> async_graphql::Result<Vec<ControlNumberEvent>> {
        let limit = usize::try_from(limit(first)?).unwrap_or(usize::MAX);
        let key = EventsOf { subject: self.0.id.uuid(), after: after.map_or(0, |after| after.0), limit };
        let found = ctx.loader().load_one(key).await.map_err(load_error)?;
        Ok(found
            .unwrap_or_default()
            .into_iter()
            .map(|event| ControlNumberEvent::known(event, self.0.clone()))
            .collect())
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
