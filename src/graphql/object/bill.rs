//! Bills.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object};

use super::amount_rule::AmountRule;
use super::biller::Biller;
use super::money::Money;
use super::payment::Payment;
use crate::domain::bill as domain;
use crate::domain::requester::Scope;
use crate::graphql::context::ContextExt;
use crate::graphql::error::bad_input;
use crate::graphql::loader::OpenPaymentOf;
use crate::graphql::scalar::{Date, DateTime};

/// Where a bill stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::BillStatus")]
pub enum BillStatus {
    /// Something is owed.
    Open,
    /// Part of it was paid.
    PartiallyPaid,
    /// Nothing is owed any more.
    Paid,
}

/// Which bills are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BillFilter {
    /// Of this biller.
    pub biller_id: Option<ID>,
    /// Of this account.
    pub account_reference: Option<String>,
    /// Of the account that this bill number keeps.
    pub bill_number_id: Option<ID>,
    /// In one of these states.
    pub statuses: Option<Vec<BillStatus>>,
    /// Only those on which something is owed, or only those on which nothing is.
    pub payable: Option<bool>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Told by the biller at or after.
    pub told_from: Option<DateTime>,
    /// Told by the biller before.
    pub told_before: Option<DateTime>,
}

/// An amount owed, as last told by its biller.
#[derive(Clone, Debug, Description)]
pub struct Bill(pub domain::Bill);

#[Object(use_type_description)]
impl Bill {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Who is owed.
    async fn biller(&self, ctx: &Context<'_>) -> async_graphql::Result<Biller> {
        biller_of(ctx, self.0.biller_id)
    }

    /// Who owes: the payer's number with the biller.
    async fn account_reference(&self) -> Option<&str> {
        self.0.account_reference.as_deref()
    }

    /// The biller's number of the bill.
    async fn invoice_number(&self) -> Option<&str> {
        self.0.invoice_number.as_deref()
    }

    /// What for.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What was owed when the biller last told.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }

    /// What is owed still: as last told, less what was paid through billpay since.
    async fn amount_due(&self) -> Money {
        self.0.amount_due.into()
    }

    /// What was paid through billpay since the biller last told.
    async fn amount_paid(&self) -> Money {
        self.0.amount_paid.into()
    }

    /// What is in payments that are still open: in ours, or in those that the provider told of, where that is more.
    async fn amount_scheduled(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        let open = ctx.loader().load_one(OpenPaymentOf(self.0.id.uuid())).await.map_err(load_error)?;
        let ours = open.map_or(0, |(_, minor)| minor);
        Ok(self.0.amount.with_minor(ours.max(self.0.amount_scheduled.minor())).into())
    }

    /// Which amounts may be paid.
    async fn amount_rule(&self, ctx: &Context<'_>) -> async_graphql::Result<AmountRule> {
        let biller = biller_of(ctx, self.0.biller_id)?;
        Ok(self.0.amount_rule(biller.0.amount_rule).into())
    }

    /// Until when.
    async fn due_date(&self) -> Option<Date> {
        self.0.due_date.map(Date)
    }

    /// Where it stands.
    async fn status(&self) -> BillStatus {
        self.0.status().into()
    }

    /// What the provider calls it, where it lists bills.
    async fn provider_reference(&self) -> Option<&str> {
        self.0.provider_reference.as_deref()
    }

    /// The newest payment for it that is still open.
    async fn open_payment(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Payment>> {
        if let Err(error) = ctx.require(Scope::PaymentsRead) {
            return Some(Err(error));
        }
        let open = ctx.loader().load_one(OpenPaymentOf(self.0.id.uuid())).await.map_err(load_error);
        open.transpose().map(|open| open.map(|(payment, _)| Payment(payment)))
    }

    /// When the biller told.
    async fn as_of(&self) -> DateTime {
        DateTime(self.0.as_of)
    }
}

/// A biller that an object names. It is in memory, unless this process has not heard of it yet.
pub fn biller_of(ctx: &Context<'_>, id: crate::domain::ids::BillerId) -> async_graphql::Result<Biller> {
    let biller = ctx.app().catalogue.snapshot().get(id).cloned();
    biller.map(Biller).ok_or_else(|| bad_input("this object's biller is not known yet; ask again in a moment"))
}

/// A failed batch.
pub fn load_error(error: crate::graphql::loader::LoadError) -> async_graphql::Error {
    tracing::error!(%error, "a batch could not be loaded");
    async_graphql::Error::new("the database failed")
}
