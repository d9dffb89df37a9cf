//! Reminders of due dates.

use std::sync::Arc;

use async_graphql::{Context, Description, Object};

use super::bill::load_error;
use super::bill_number::BillNumber;
use super::event::EventType;
use super::money::Money;
use super::node::Node;
use crate::domain::event as domain;
use crate::domain::reminder::Reminder;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::{BillNumberKey, ReminderKey};
use crate::graphql::scalar::{Date, DateTime, Sequence};

/// A due date that comes near, of a bill number that is to be reminded of. Each of the days that the operator named is
/// told once, from its first moment in the biller's time zone; late, with the days that are then left, where nobody
/// could tell it on its day.
#[derive(Clone, Debug, Description)]
pub struct ReminderEvent(pub Arc<domain::Event>);

impl ReminderEvent {
    async fn load(&self, ctx: &Context<'_>) -> async_graphql::Result<BillNumber> {
        let found = ctx.loader().load_one(BillNumberKey(self.0.subject_id)).await.map_err(load_error)?;
        found.map(BillNumber).ok_or_else(|| async_graphql::Error::new("an event without its bill number"))
    }

    async fn told(&self, ctx: &Context<'_>) -> async_graphql::Result<Reminder> {
        let key = ReminderKey { bill_number: self.0.subject_id, version: self.0.subject_version };
        let found = ctx.loader().load_one(key).await.map_err(load_error)?;
        found.ok_or_else(|| async_graphql::Error::new("an event without its reminder"))
    }
}

#[Object(use_type_description)]
impl ReminderEvent {
    /// Gap-free in the tenant's log (a filter leaves gaps in what you see).
    pub async fn sequence(&self) -> Sequence {
        Sequence(self.0.sequence)
    }

    /// What happened: REMINDER_DUE.
    #[graphql(name = "type")]
    pub async fn kind(&self) -> EventType {
        self.0.kind.into()
    }

    /// When it was recorded.
    pub async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Who did it: billpay.
    pub async fn actor(&self) -> String {
        self.0.actor.clone()
    }

    /// Why, for a person.
    pub async fn reason(&self) -> Option<String> {
        self.0.reason.clone()
    }

    /// The bill number, as it is now.
    pub async fn subject(&self, ctx: &Context<'_>) -> async_graphql::Result<Node> {
        Ok(Node::BillNumber(self.load(ctx).await?))
    }

    /// Which change of the bill number it is: from 1, gap-free.
    async fn version(&self) -> i32 {
        self.0.subject_version
    }

    /// The bill number, as it is now; one that was removed since is told too.
    async fn bill_number(&self, ctx: &Context<'_>) -> async_graphql::Result<BillNumber> {
        self.load(ctx).await
    }

    /// Until when it was to be paid, as it was known then.
    async fn due_date(&self, ctx: &Context<'_>) -> async_graphql::Result<Date> {
        Ok(Date(self.told(ctx).await?.due_date))
    }

    /// How many days were left, in the biller's time zone; 0 on the day itself.
    async fn days_left(&self, ctx: &Context<'_>) -> async_graphql::Result<i32> {
        Ok(i32::from(self.told(ctx).await?.days_left))
    }

    /// What was owed when the biller last told, less what was paid to the bill number through billpay since; null where
    /// that is not known.
    async fn amount(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        Ok(self.told(ctx).await?.amount.map(Money::from))
    }
}
