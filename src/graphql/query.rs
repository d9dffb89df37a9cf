//! Queries.

use async_graphql::connection::Connection;
use async_graphql::{Context, Description, ID, Object};

use super::context::ContextExt;
use super::error::{bad_input, database, split, top_level};
use super::filter;
use super::object::api_client::ApiClient;
use super::object::bill::{Bill, BillFilter};
use super::object::bill_number::{BillNumber, BillNumberFilter};
use super::object::biller::{Biller, BillerFilter};
use super::object::bulk_payment::BulkPayment;
use super::object::callback::{Callback, CallbackFilter};
use super::object::collection::{Collection, CollectionFilter};
use super::object::connection::{IdCursor, PageArguments, connection, end_and_limit};
use super::object::control_number::{ControlNumber, ControlNumberBy, ControlNumberFilter};
use super::object::event::{self, EventConnection, EventFilter};
use super::object::funding_account::FundingAccount;
use super::object::look_up::{AccountValidation, BillLookup};
use super::object::node::{Node, find};
use super::object::payment::{Payment, PaymentBy, PaymentFilter};
use super::object::provider::Provider;
use super::object::viewer::Viewer;
use super::object::webhook_endpoint::WebhookEndpoint;
use super::payment_list;
use super::plain::PaymentPage;
use super::scalar::Sequence;
use crate::app::access::{require, require_either};
use crate::app::events::Start;
use crate::domain::provider::ProviderCode;
use crate::domain::requester::Scope;
use crate::store::{CallbackReader, EventPage};

/// How many ids `nodes` takes at once.
const MOST_NODES: usize = 100;

/// What can be asked.
#[derive(Clone, Copy, Debug, Default, Description)]
pub struct Query;

#[Object(use_type_description)]
impl Query {
    /// Any object by its id; null where there is none that you may see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<async_graphql::Result<Node>> {
        find(ctx, &id).await.transpose()
    }

    /// Several objects by their ids, each in its place; 100 at most.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their ids.")] ids: Vec<ID>,
    ) -> async_graphql::Result<Vec<Option<async_graphql::Result<Node>>>> {
        if ids.len() > MOST_NODES {
            return Err(bad_input(format!("`nodes` takes {MOST_NODES} ids at most")));
        }
        let found = futures_util::future::join_all(ids.iter().map(|id| find(ctx, id))).await;
        Ok(found.into_iter().map(Result::transpose).collect())
    }

    /// Who asks, as the token says it.
    async fn viewer(&self, ctx: &Context<'_>) -> async_graphql::Result<Viewer> {
        let requester = ctx.requester();
        let head = ctx.app().store.event_head(&requester.tenant).await.map_err(database)?;
        Ok(Viewer {
            subject: requester.subject.clone(),
            tenant: requester.tenant.as_str().to_owned(),
            customer: requester.customer.as_ref().map(|customer| customer.as_str().to_owned()),
            scopes: requester.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            events_head: Sequence(head),
        })
    }

    /// The providers, those that are switched off here too.
    async fn providers(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Provider>> {
        require(ctx.requester(), Scope::BillersRead).map_err(top_level)?;
        Ok(ProviderCode::ALL.into_iter().map(Provider).collect())
    }

    /// The billers, by name.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn billers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<BillerFilter>,
        #[graphql(desc = "Words of the name or the code.")] search: Option<String>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, Biller>> {
        require(ctx.requester(), Scope::BillersRead).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("blr")?;
        let found = filter::billers(ctx, &filter.unwrap_or_default(), search.as_deref().unwrap_or_default());
        let page =
            filter::page_of_billers(found, page).ok_or_else(|| bad_input("this cursor is not one of this list"))?;
        Ok(connection(page, |biller| biller.id.to_string(), Biller))
    }

    /// A biller by its id.
    async fn biller(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<async_graphql::Result<Biller>> {
        if let Err(error) = require(ctx.requester(), Scope::BillersRead) {
            return Some(Err(top_level(error)));
        }
        let id = id.parse().ok()?;
        ctx.app().catalogue.snapshot().get(id).cloned().map(|biller| Ok(Biller(biller)))
    }

    /// What an account owes and whose it is, asked of the provider now. Without a reference: the open bills of a biller
    /// that lists them.
    async fn bill_lookup(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The biller.")] biller_id: ID,
        #[graphql(desc = "The payer's number with it.")] account_reference: Option<String>,
    ) -> async_graphql::Result<BillLookup> {
        let app = ctx.app();
        let found = app.look_up_account(ctx.requester(), &biller_id, account_reference.as_deref()).await;
        let (found, errors) = split(ctx, found).await?;
        Ok(BillLookup::new(found, errors, app.clock.now()))
    }

    /// Whether an account exists and whose it is, without an amount.
    async fn validate_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The biller.")] biller_id: ID,
        #[graphql(desc = "The payer's number with it.")] account_reference: String,
    ) -> async_graphql::Result<AccountValidation> {
        let app = ctx.app();
        let found = app.validate_account(ctx.requester(), &biller_id, &account_reference).await;
        let (found, errors) = split(ctx, found).await?;
        Ok(AccountValidation::new(found, errors, app.clock.now()))
    }

    /// Where money can come from, for a provider that needs to know; empty for the others.
    async fn funding_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The provider.")] provider_id: ID,
    ) -> async_graphql::Result<Vec<FundingAccount>> {
        require(ctx.requester(), Scope::BillsRead).map_err(top_level)?;
        let code = filter::provider(&provider_id).ok_or_else(|| bad_input("there is no such provider"))?;
        let snapshot = ctx.app().catalogue.snapshot();
        Ok(snapshot.funding_accounts_of(code).cloned().map(FundingAccount).collect())
    }

    /// The bill numbers that are kept, newest first.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn bill_numbers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<BillNumberFilter>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, BillNumber>> {
        require(ctx.requester(), Scope::BillsRead).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("bln")?;
        let filter = filter::bill_numbers(filter.unwrap_or_default())?;
        let found = ctx.app().store.bill_numbers(&ctx.owner(), &filter, page).await.map_err(database)?;
        Ok(connection(found, |number| number.id.to_string(), BillNumber))
    }

    /// A bill by its id.
    async fn bill(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<async_graphql::Result<Bill>> {
        if let Err(error) = require(ctx.requester(), Scope::BillsRead) {
            return Some(Err(top_level(error)));
        }
        let found = ctx.app().store.bill(&ctx.owner(), id.parse().ok()?).await.map_err(database);
        found.transpose().map(|bill| bill.map(Bill))
    }

    /// The bills that look-ups have found, newest first.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn bills(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<BillFilter>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, Bill>> {
        require(ctx.requester(), Scope::BillsRead).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("bil")?;
        let filter = filter::bills(filter.unwrap_or_default())?;
        let found = ctx.app().store.bills(&ctx.owner(), &filter, page).await.map_err(database)?;
        Ok(connection(found, |bill| bill.id.to_string(), Bill))
    }

    /// A payment.
    async fn payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] by: PaymentBy,
    ) -> Option<async_graphql::Result<Payment>> {
        if let Err(error) = require(ctx.requester(), Scope::PaymentsRead) {
            return Some(Err(top_level(error)));
        }
        let (store, owner) = (&ctx.app().store, ctx.owner());
        let found = match by {
            PaymentBy::Id(id) => store.payment(&owner, id.parse().ok()?).await,
            // No key and no reference that is stored holds a NUL.
            PaymentBy::IdempotencyKey(key) if key.contains('\0') => return None,
            PaymentBy::ProviderReference(by) if by.reference.contains('\0') => return None,
            PaymentBy::IdempotencyKey(key) => store.payment_by_key(&owner, &key).await,
            PaymentBy::ProviderReference(by) => {
                let provider = match by.provider_id {
                    None => None,
                    Some(id) => Some(filter::provider(&id)?),
                };
                store.payment_by_provider_reference(&owner, provider.map(ProviderCode::as_str), &by.reference).await
            }
        };
        found.map_err(database).transpose().map(|payment| payment.map(Payment))
    }

    /// The payments, newest first.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<PaymentFilter>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<PaymentPage> {
        require(ctx.requester(), Scope::PaymentsRead).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("pay")?;
        let filter = filter::payments(filter.unwrap_or_default())?;
        payment_list::page(ctx, &filter, page).await
    }

    /// A control number.
    async fn control_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] by: ControlNumberBy,
    ) -> Option<async_graphql::Result<ControlNumber>> {
        if let Err(error) = require(ctx.requester(), Scope::ControlNumbersRead) {
            return Some(Err(top_level(error)));
        }
        let (store, owner) = (&ctx.app().store, ctx.owner());
        let found = match by {
            ControlNumberBy::Id(id) => store.control_number(&owner, id.parse().ok()?).await,
            // No number and no key that is stored holds a NUL.
            ControlNumberBy::Number(text) | ControlNumberBy::IdempotencyKey(text) if text.contains('\0') => {
                return None;
            }
            ControlNumberBy::Number(number) => store.control_number_by_number(&owner, &number).await,
            ControlNumberBy::IdempotencyKey(key) => store.control_number_by_key(&owner, &key).await,
        };
        found.map_err(database).transpose().map(|number| number.map(ControlNumber))
    }

    /// The control numbers, newest first.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn control_numbers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<ControlNumberFilter>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, ControlNumber>> {
        require(ctx.requester(), Scope::ControlNumbersRead).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("ctn")?;
        let filter = filter::control_numbers(filter.unwrap_or_default())?;
        let found = ctx.app().store.control_numbers(&ctx.owner(), &filter, page).await.map_err(database)?;
        Ok(connection(found, |number| number.id.to_string(), ControlNumber))
    }

    /// The money that was received against control numbers, newest first. Operators see what came for unknown numbers,
    /// too.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn collections(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<CollectionFilter>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, Collection>> {
        require(ctx.requester(), Scope::ControlNumbersRead).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("col")?;
        let filter = filter::collections(filter.unwrap_or_default())?;
        let (store, owner) = (&ctx.app().store, ctx.owner());
        let found = store.collections(&owner, ctx.is_operator(), &filter, page).await.map_err(database)?;
        Ok(connection(found, |collection| collection.id.to_string(), Collection))
    }

    /// What providers sent, newest first: to administrators that of their tenant, to operators what belongs to no
    /// tenant.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn callbacks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<CallbackFilter>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, Callback>> {
        require_either(ctx.requester(), Scope::Admin, Scope::Operator).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("cbk")?;
        let filter = filter::callbacks(filter.unwrap_or_default())?;
        let reader = CallbackReader::of(ctx.requester());
        let found = ctx.app().store.callbacks(&reader, &filter, page).await.map_err(database)?;
        Ok(connection(found, |callback| callback.id.to_string(), Callback))
    }

    /// A bulk payment by its id.
    async fn bulk_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<async_graphql::Result<BulkPayment>> {
        if let Err(error) = require(ctx.requester(), Scope::PaymentsRead) {
            return Some(Err(top_level(error)));
        }
        let found = ctx.app().store.bulk_payment(&ctx.owner(), id.parse().ok()?).await.map_err(database);
        found.transpose().map(|bulk| bulk.map(BulkPayment))
    }

    /// The bulk payments, newest first.
    async fn bulk_payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, BulkPayment>> {
        require(ctx.requester(), Scope::PaymentsRead).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("blk")?;
        let found = ctx.app().store.bulk_payments(&ctx.owner(), page).await.map_err(database)?;
        Ok(connection(found, |bulk| bulk.id.to_string(), BulkPayment))
    }

    /// The API clients, newest first, revoked ones too (administrators).
    async fn api_clients(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, ApiClient>> {
        require(ctx.requester(), Scope::Admin).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("apc")?;
        let found = ctx.app().store.api_clients(&ctx.owner(), page).await.map_err(database)?;
        Ok(connection(found, |client| client.id.to_string(), ApiClient))
    }

    /// The webhook endpoints, newest first, without those that were removed; that of the payments' callbacks is one of
    /// them.
    async fn webhook_endpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Connection<IdCursor, WebhookEndpoint>> {
        require(ctx.requester(), Scope::WebhooksWrite).map_err(top_level)?;
        let page = PageArguments { first, after, last, before }.request("whe")?;
        let found = ctx.app().store.webhook_endpoints(&ctx.owner(), page).await.map_err(database)?;
        Ok(connection(found, |endpoint| endpoint.id.to_string(), WebhookEndpoint))
    }

    /// The log, oldest first. Whoever reads on from the last sequence misses nothing.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a field are the contract with clients")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Behind this sequence; from the oldest where absent.")] after: Option<Sequence>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Before this sequence; up to the newest where absent.")] before: Option<Sequence>,
        #[graphql(desc = "The last so many.")] last: Option<i32>,
        #[graphql(desc = "Which are wanted.")] filter: Option<EventFilter>,
    ) -> async_graphql::Result<EventConnection> {
        filter::require_events(ctx)?;
        let (app, owner) = (ctx.app(), ctx.owner());
        let (from, limit) = end_and_limit(first, last)?;
        let start = after.map_or(Start::Oldest, |after| Start::After(after.0));
        let after = app.event_start(&owner, start).await.map_err(top_level)?;
        let page = EventPage { after, before: before.map(|before| before.0), from, limit };
        let filter = filter::events(ctx, filter.unwrap_or_default())?;
        // The head is read first, so that it is never ahead of a page that ends the log.
        let head = app.store.event_head(&owner.tenant).await.map_err(database)?;
        let found = app.store.event_page(&owner, &filter, page).await.map_err(database)?;
        Ok(event::connection(found, head))
    }
}
