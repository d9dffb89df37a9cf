//! Nodes: objects with a global id.

use async_graphql::{Context, ID, Interface};

use super::api_client::ApiClient;
use super::bill::Bill;
use super::bill_number::BillNumber;
use super::biller::Biller;
use super::bulk_payment::BulkPayment;
use super::callback::Callback;
use super::collection::Collection;
use super::control_number::ControlNumber;
use super::funding_account::FundingAccount;
use super::payment::Payment;
use super::provider::Provider;
use super::webhook_delivery::WebhookDelivery;
use super::webhook_endpoint::WebhookEndpoint;
use crate::app::access::{require, require_either};
use crate::domain::ids::ApiClientKind;
use crate::domain::ids::{AnyId, Id, Kind};
use crate::domain::ids::{BillKind, BillNumberKind, BillerKind, PaymentKind, ProviderKind};
use crate::domain::ids::{BulkPaymentKind, CallbackKind, FundingAccountKind};
use crate::domain::ids::{CollectionIdKind, ControlNumberIdKind};
use crate::domain::ids::{WebhookDeliveryKind, WebhookEndpointKind};
use crate::domain::provider::ProviderCode;
use crate::domain::requester::Scope;
use crate::graphql::context::ContextExt;
use crate::graphql::error::top_level;
use crate::graphql::loader::{ApiClientKey, CallbackKey};
use crate::graphql::loader::{BillKey, BillNumberKey, BulkPaymentKey, PaymentKey};
use crate::graphql::loader::{CollectionKey, ControlNumberKey};
use crate::graphql::loader::{WebhookDeliveryKey, WebhookEndpointKey};

use super::bill::load_error;

/// An object with an id that is unique in all of billpay.
#[expect(clippy::large_enum_variant, reason = "an interface holds its objects by value; they live for one answer")]
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id: it says what it is, and is safe in addresses."))]
pub enum Node {
    /// A payment.
    Payment(Payment),
    /// A biller.
    Biller(Biller),
    /// A bill number.
    BillNumber(BillNumber),
    /// A bill.
    Bill(Bill),
    /// A provider.
    Provider(Provider),
    /// A funding account.
    FundingAccount(FundingAccount),
    /// A bulk payment.
    BulkPayment(BulkPayment),
    /// A control number.
    ControlNumber(ControlNumber),
    /// Money that was received against a control number.
    Collection(Collection),
    /// An API client.
    ApiClient(ApiClient),
    /// Something that a provider sent.
    Callback(Callback),
    /// Where billpay sends what happens.
    WebhookEndpoint(WebhookEndpoint),
    /// One event on its way to one receiver.
    WebhookDelivery(WebhookDelivery),
}

/// The object with this id, where there is one that the requester may see.
pub async fn find(ctx: &Context<'_>, id: &str) -> async_graphql::Result<Option<Node>> {
    let Ok(id) = id.parse::<AnyId>() else { return Ok(None) };
    let scope = |scope| require(ctx.requester(), scope).map_err(top_level);
    let uuid = id.uuid();
    Ok(match id.prefix() {
        PaymentKind::PREFIX => {
            scope(Scope::PaymentsRead)?;
            ctx.loader()
                .load_one(PaymentKey(uuid))
                .await
                .map_err(load_error)?
                .map(|found| Node::Payment(Payment(found)))
        }
        BillNumberKind::PREFIX => {
            scope(Scope::BillsRead)?;
            let found = ctx.loader().load_one(BillNumberKey(uuid)).await.map_err(load_error)?;
            found.filter(|found| found.removed_at.is_none()).map(|found| Node::BillNumber(BillNumber(found)))
        }
        BillKind::PREFIX => {
            scope(Scope::BillsRead)?;
            ctx.loader().load_one(BillKey(uuid)).await.map_err(load_error)?.map(|found| Node::Bill(Bill(found)))
        }
        BillerKind::PREFIX => {
            scope(Scope::BillersRead)?;
            let snapshot = ctx.app().catalogue.snapshot();
            snapshot.get(Id::from_uuid(uuid)).map(|found| Node::Biller(Biller(found.clone())))
        }
        ControlNumberIdKind::PREFIX => {
            scope(Scope::ControlNumbersRead)?;
            let found = ctx.loader().load_one(ControlNumberKey(uuid)).await.map_err(load_error)?;
            found.map(|found| Node::ControlNumber(ControlNumber(found)))
        }
        CollectionIdKind::PREFIX => {
            scope(Scope::ControlNumbersRead)?;
            let found = ctx.loader().load_one(CollectionKey(uuid)).await.map_err(load_error)?;
            found.map(|found| Node::Collection(Collection(found)))
        }
        ApiClientKind::PREFIX => {
            scope(Scope::Admin)?;
            let found = ctx.loader().load_one(ApiClientKey(uuid)).await.map_err(load_error)?;
            found.map(|found| Node::ApiClient(ApiClient(found)))
        }
        CallbackKind::PREFIX => {
            require_either(ctx.requester(), Scope::Admin, Scope::Operator).map_err(top_level)?;
            let found = ctx.loader().load_one(CallbackKey(uuid)).await.map_err(load_error)?;
            found.map(|found| Node::Callback(Callback(found)))
        }
        WebhookEndpointKind::PREFIX => {
            scope(Scope::WebhooksWrite)?;
            let found = ctx.loader().load_one(WebhookEndpointKey(uuid)).await.map_err(load_error)?;
            found.map(|found| Node::WebhookEndpoint(WebhookEndpoint(found)))
        }
        WebhookDeliveryKind::PREFIX => {
            scope(Scope::WebhooksWrite)?;
            let found = ctx.loader().load_one(WebhookDeliveryKey(uuid)).await.map_err(load_error)?;
            found.map(|found| Node::WebhookDelivery(WebhookDelivery(found)))
        }
        BulkPaymentKind::PREFIX => {
            scope(Scope::PaymentsRead)?;
            let found = ctx.loader().load_one(BulkPaymentKey(uuid)).await.map_err(load_error)?;
            found.map(|found| Node::BulkPayment(BulkPayment(found)))
        }
        FundingAccountKind::PREFIX => {
            scope(Scope::BillsRead)?;
            let snapshot = ctx.app().catalogue.snapshot();
            let found = snapshot.funding_account(Id::from_uuid(uuid)).cloned();
            found.map(|found| Node::FundingAccount(FundingAccount(found)))
        }
        ProviderKind::PREFIX => {
            scope(Scope::BillersRead)?;
            let found = ProviderCode::ALL.into_iter().find(|code| code.id().uuid() == uuid);
            found.map(|code| Node::Provider(Provider(code)))
        }
        _ => None,
    })
}
