//! Bill numbers.

use async_graphql::connection::Connection;
use async_graphql::{Context, Description, ID, InputObject, Object};

use super::bill::{biller_of, load_error};
use super::biller::Biller;
use super::connection::{IdCursor, PageArguments, connection};
use super::money::Money;
use super::payment::Payment;
use crate::domain::bill_number as domain;
use crate::domain::page::PageRequest;
use crate::domain::requester::Scope;
use crate::graphql::context::ContextExt;
use crate::graphql::error::database;
use crate::graphql::loader::PaymentsOfBillNumber;
use crate::graphql::scalar::{Date, DateTime, PhoneNumber};
use crate::store::PaymentFilter;

/// Which bill numbers are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BillNumberFilter {
    /// With this biller.
    pub biller_id: Option<ID>,
    /// With this number.
    pub account_reference: Option<String>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Those whose account takes payments, or those whose does not.
    pub account_active: Option<bool>,
    /// Saved at or after.
    pub created_from: Option<DateTime>,
    /// Saved before.
    pub created_before: Option<DateTime>,
}

/// An account reference that a user keeps, with its holder's name, balance, due date and reminder.
#[derive(Clone, Debug, Description)]
pub struct BillNumber(pub domain::BillNumber);

#[Object(use_type_description)]
impl BillNumber {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// With whom.
    async fn biller(&self, ctx: &Context<'_>) -> async_graphql::Result<Biller> {
        biller_of(ctx, self.0.biller_id)
    }

    /// The number.
    async fn account_reference(&self) -> &str {
        &self.0.account_reference
    }

    /// Whose account it is, where the provider told.
    async fn customer_name(&self) -> Option<&str> {
        self.0.customer_name.as_deref()
    }

    /// Whom to remind.
    async fn phone_number(&self) -> Option<PhoneNumber> {
        self.0.phone_number.clone().map(PhoneNumber)
    }

    /// What for, in the user's words.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What was owed when last asked.
    async fn last_known_balance(&self) -> Option<Money> {
        self.0.last_known_balance.map(Money::from)
    }

    /// When that was.
    async fn balance_as_of(&self) -> Option<DateTime> {
        self.0.balance_as_of.map(DateTime)
    }

    /// Until when it is to be paid.
    async fn due_date(&self) -> Option<Date> {
        self.0.due_date.map(Date)
    }

    /// Whether the provider confirmed the account.
    async fn verified(&self) -> bool {
        self.0.verified
    }

    /// Whether the account takes payments; null where the provider did not tell.
    async fn account_active(&self) -> Option<bool> {
        self.0.account_active
    }

    /// Whether billpay reminds of the due date.
    async fn remind_due_date(&self) -> bool {
        self.0.remind_due_date
    }

    /// Whether the provider keeps it too.
    async fn saved_with_provider(&self) -> bool {
        self.0.saved_with_provider
    }

    /// What the provider named it.
    async fn provider_reference(&self) -> Option<&str> {
        self.0.provider_reference.as_deref()
    }

    /// Payments that named it, newest first.
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, Payment>> {
        ctx.require(Scope::PaymentsRead)?;
        let page = PageArguments { first, after, last, before }.request("pay")?;
        let found = if page.is_beginning() {
            let key = PaymentsOfBillNumber { bill_number: self.0.id.uuid(), limit: page.limit };
            let payments = ctx.loader().load_one(key).await.map_err(load_error)?.unwrap_or_default();
            PageRequest::first(page.limit).cut(payments)
        } else {
            let filter = PaymentFilter { bill_number_id: Some(self.0.id), ..PaymentFilter::default() };
            ctx.app().store.payments(&ctx.owner(), &filter, page).await.map_err(database)?
        };
        Ok(connection(found, |payment| payment.id.to_string(), Payment))
    }

    /// When it was saved.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}
