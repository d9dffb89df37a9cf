//! Payments.

use async_graphql::{Context, ID, InputObject, Object, OneofObject};

use super::bill::{biller_of, load_error};
use super::bill_number::BillNumber;
use super::biller::Biller;
use super::bulk_payment::BulkPayment;
use super::connection::limit;
use super::disbursement::Disbursement;
use super::event::PaymentEvent;
use super::funding_account::FundingAccount;
use super::money::Money;
use super::payment_parts::{
    DeliverySpeed, Payer, PaymentAction, PaymentAllocation, PaymentAttempt, PaymentFailure, PaymentReview,
    PaymentStatus, Receipt,
};
use super::provider::Provider;
use super::recall::{PaymentCancellation, PaymentVoid, cancellation, voids};
use crate::domain::payment as domain;
use crate::domain::payment::action;
use crate::domain::payment::recall::Recall;
use crate::domain::payment::status::PaymentStatus as Status;
use crate::domain::requester::Scope;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::{
    AllocationsOf, AttemptsOf, BillNumberKey, BulkPaymentKey, EventsOf, RecallsOf, ReceiptOf, ReportedOf,
};
use crate::graphql::scalar::{Date, DateTime, Decimal, Sequence};

/// Which payment is meant.
#[derive(Clone, Debug, OneofObject)]
pub enum PaymentBy {
    /// The one with this id.
    Id(ID),
    /// The one that was made with this key.
    IdempotencyKey(String),
    /// The newest that a provider named so.
    ProviderReference(ProviderReferenceInput),
}

/// What a provider named a payment.
#[derive(Clone, Debug, InputObject)]
pub struct ProviderReferenceInput {
    /// The name.
    pub reference: String,
    /// Which provider; any where absent.
    pub provider_id: Option<ID>,
}

/// Which payments are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PaymentFilter {
    /// In one of these states.
    pub statuses: Option<Vec<PaymentStatus>>,
    /// To this biller.
    pub biller_id: Option<ID>,
    /// That named this bill number.
    pub bill_number_id: Option<ID>,
    /// In this bulk payment.
    pub bulk_payment_id: Option<ID>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Made at or after.
    pub created_from: Option<DateTime>,
    /// Made before.
    pub created_before: Option<DateTime>,
}

/// One instruction to move money to one biller. How the library sees it stands in [`crate::graphql::plain`]: it is
/// written at once where that can be, and its [`PaymentFields`] are resolved one by one where it cannot.
#[derive(Clone, Debug)]
pub struct Payment(pub domain::Payment);

/// The fields of a payment, a resolver each. What a resolver tells without waiting has a writer in
/// `src/graphql/plain/payment.rs` that tells the same.
#[derive(Clone, Copy, Debug)]
pub struct PaymentFields<'a>(pub &'a domain::Payment);

/// One instruction to move money to one biller.
#[Object(name = "Payment")]
impl PaymentFields<'_> {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Where it stands.
    async fn status(&self) -> PaymentStatus {
        self.0.status.into()
    }

    /// How many changes it has had: gap-free, so that a subscriber can prove that it has all.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// How much.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }

    /// Who is paid.
    async fn biller(&self, ctx: &Context<'_>) -> async_graphql::Result<Biller> {
        biller_of(ctx, self.0.biller_id)
    }

    /// Through whom.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// The payer's number with the biller.
    async fn account_reference(&self) -> Option<&str> {
        self.0.account_reference.as_deref()
    }

    /// Whose account it is, where the provider told.
    async fn account_holder_name(&self) -> Option<&str> {
        self.0.account_holder_name.as_deref()
    }

    /// The bill number that was named as target, or saved with it.
    async fn bill_number(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<BillNumber>> {
        let id = self.0.bill_number_id?.uuid();
        if let Err(error) = ctx.require(Scope::BillsRead) {
            return Some(Err(error));
        }
        if let Some(known) = ctx.known_bill_number(id) {
            return known.map(|number| Ok(BillNumber(number)));
        }
        let number = ctx.loader().load_one(BillNumberKey(id)).await.map_err(load_error);
        number.transpose().map(|number| number.map(BillNumber))
    }

    /// Which bills it pays, and how much of each.
    async fn allocations(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<PaymentAllocation>> {
        let found = ctx.loader().load_one(AllocationsOf(self.0.id.uuid())).await.map_err(load_error)?;
        Ok(found.unwrap_or_default().into_iter().map(PaymentAllocation).collect())
    }

    /// The bulk payment that it is part of.
    async fn bulk_payment(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<BulkPayment>> {
        let key = BulkPaymentKey(self.0.bulk_payment_id?.uuid());
        let bulk = ctx.loader().load_one(key).await.map_err(load_error);
        bulk.transpose().map(|bulk| bulk.map(BulkPayment))
    }

    /// Who pays.
    async fn payer(&self) -> Option<Payer> {
        Payer::new(&self.0.payer)
    }

    /// What for.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Where the money comes from.
    async fn funding_account(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<FundingAccount>> {
        let id = self.0.funding_account_id?;
        if let Err(error) = ctx.require(Scope::BillsRead) {
            return Some(Err(error));
        }
        ctx.app().catalogue.snapshot().funding_account(id).cloned().map(|account| Ok(FundingAccount(account)))
    }

    /// How fast.
    async fn delivery_speed(&self) -> DeliverySpeed {
        self.0.delivery_speed.into()
    }

    /// The day to pay, in the biller's time zone.
    async fn process_date(&self) -> Date {
        Date(self.0.process_date)
    }

    /// When the bill is due.
    async fn due_date(&self) -> Option<Date> {
        self.0.due_date.map(Date)
    }

    /// The client's key. Null in a bulk's payment: the bulk has the key.
    async fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// What we named it to the provider.
    async fn our_reference(&self) -> Option<&str> {
        self.0.our_reference.as_deref()
    }

    /// What the provider named it.
    async fn provider_reference(&self) -> Option<&str> {
        self.0.provider_reference.as_deref()
    }

    /// What the biller knows it by, where the provider tells.
    async fn biller_reference(&self) -> Option<&str> {
        self.0.biller_reference.as_deref()
    }

    /// The provider's number for a payer to quote.
    async fn confirmation_number(&self) -> Option<&str> {
        self.0.confirmation_number.as_deref()
    }

    /// What it costs the payer, in the payer's currency, where that differs from the bill's.
    async fn funding_amount(&self) -> Option<Money> {
        self.0.funding_amount.map(Money::from)
    }

    /// By which rate, as the provider wrote it, where the currencies differ.
    async fn exchange_rate(&self) -> Option<Decimal> {
        self.0.exchange_rate.as_ref().and_then(|rate| rate.parse().ok()).map(Decimal)
    }

    /// How the money reaches the biller, where the provider tells.
    async fn disbursement(&self) -> Option<Disbursement> {
        self.0.disbursement.clone().map(Disbursement::from)
    }

    /// That it is to be cancelled, where someone asked for it: the newest such wish.
    async fn cancellation(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<PaymentCancellation>> {
        match recalls(ctx, self.0).await {
            Ok(recalls) => cancellation(&recalls).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// That it is to be voided, where someone asked for it, oldest first.
    async fn voids(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<PaymentVoid>> {
        Ok(voids(recalls(ctx, self.0).await?))
    }

    /// Why it failed.
    async fn failure(&self) -> Option<PaymentFailure> {
        self.0.failure.clone().map(PaymentFailure)
    }

    /// What you may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Vec<PaymentAction> {
        actions(ctx, self.0)
    }

    /// Why a person must look, since when, and what may safely be done.
    async fn review(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<PaymentReview>> {
        let (reason, since) = self.0.review?;
        let reported = ctx.loader().load_one(ReportedOf(self.0.id.uuid())).await.map_err(load_error);
        Some(reported.map(|reported| PaymentReview {
            reason: reason.into(),
            since: DateTime(since),
            safe_actions: actions(ctx, self.0),
            reported_amount: reported.map(Money::from),
        }))
    }

    /// What happened to it, oldest first.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 where absent, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Behind this sequence.")] after: Option<Sequence>,
    ) -> async_graphql::Result<Vec<PaymentEvent>> {
        let limit = usize::try_from(limit(first)?).unwrap_or(usize::MAX);
        let key = EventsOf { subject: self.0.id.uuid(), after: after.map_or(0, |after| after.0), limit };
        let found = ctx.loader().load_one(key).await.map_err(load_error)?;
        Ok(found.unwrap_or_default().into_iter().map(|event| PaymentEvent::known(event, self.0.clone())).collect())
    }

    /// The calls that were made for it (administrators).
    async fn attempts(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<PaymentAttempt>> {
        if !ctx.is_admin() {
            return Ok(Vec::new());
        }
        let found = ctx.loader().load_one(AttemptsOf(self.0.submission_id.uuid())).await.map_err(load_error)?;
        Ok(found.unwrap_or_default().into_iter().map(PaymentAttempt::from).collect())
    }

    /// The provider's own words for its state (administrators).
    async fn provider_status(&self, ctx: &Context<'_>) -> Option<&str> {
        self.0.provider_status.as_deref().filter(|_| ctx.is_admin())
    }

    /// Proof that it was paid, once it is SUCCEEDED.
    async fn receipt(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Receipt>> {
        if self.0.status != Status::Succeeded {
            return None;
        }
        let receipt = ctx.loader().load_one(ReceiptOf(self.0.id.uuid())).await.map_err(load_error);
        receipt.transpose().map(|receipt| receipt.map(Receipt::from))
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

fn actions(ctx: &Context<'_>, payment: &domain::Payment) -> Vec<PaymentAction> {
    let Some(provider) = ctx.app().provider(payment.provider) else { return Vec::new() };
    let recalls = ctx.app().recalls_of(payment);
    let allowed = action::allowed(payment, &provider.safety(), &recalls, ctx.is_admin());
    allowed.into_iter().map(PaymentAction::from).collect()
}

async fn recalls(ctx: &Context<'_>, payment: &domain::Payment) -> async_graphql::Result<Vec<Recall>> {
    let found = ctx.loader().load_one(RecallsOf(payment.id.uuid())).await.map_err(load_error)?;
    Ok(found.unwrap_or_default())
}
