//! Bulk payments.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};

use super::bill::load_error;
use super::money::{Money, MoneyInput};
use super::payment::Payment;
use crate::app::create_bulk_payment::{BulkItem, CreateBulkPayment};
use crate::domain::bulk_payment as domain;
use crate::graphql::context::ContextExt;
use crate::graphql::error::UserError;
use crate::graphql::loader::PaymentsOfBulk;
use crate::graphql::scalar::{Date, DateTime};

/// Where a bulk payment stands, as its payments say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::BulkPaymentStatus")]
pub enum BulkPaymentStatus {
    /// Not all of its payments are final.
    Pending,
    /// Every one of its payments is made.
    Succeeded,
    /// None of its payments was made.
    Failed,
    /// A person must look at one of its payments at least.
    NeedsReview,
    /// Its payments ended in different ways: some were cancelled or taken back afterwards.
    Mixed,
}

/// Several bills that are paid in one instruction, all or none.
#[derive(Clone, Debug, Description)]
pub struct BulkPayment(pub domain::BulkPayment);

#[Object(use_type_description)]
impl BulkPayment {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Where it stands.
    async fn status(&self) -> BulkPaymentStatus {
        self.0.status.into()
    }

    /// How many changes it has had: gap-free, so that a subscriber can prove that it has all.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Its payments, in the order of the bills. Bills that the provider combines are one payment.
    async fn payments(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Payment>> {
        let found = ctx.loader().load_one(PaymentsOfBulk(self.0.id.uuid())).await.map_err(load_error)?;
        Ok(found.unwrap_or_default().into_iter().map(Payment).collect())
    }

    /// What its payments come to.
    async fn total(&self) -> Money {
        self.0.total.into()
    }

    /// The client's key.
    async fn idempotency_key(&self) -> &str {
        &self.0.idempotency_key
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// One bill of a bulk payment.
#[derive(Clone, Debug, InputObject)]
pub struct BulkPaymentItem {
    /// The bill.
    pub bill_id: ID,
    /// How much of it.
    pub amount: MoneyInput,
}

/// Several bills to be paid in one instruction.
#[derive(Clone, Debug, InputObject)]
pub struct CreateBulkPaymentInput {
    /// Your own key, one for each intention: 1 to 128 of `[A-Za-z0-9_-]`. The same key never pays twice.
    pub idempotency_key: String,
    /// The bills: 1 to 50, all through one provider and in one currency, none of them twice.
    pub items: Vec<BulkPaymentItem>,
    /// Where the money comes from, for providers that need to know.
    pub funding_account_id: Option<ID>,
    /// When to pay, in the billers' time zone. Absent: now.
    pub process_date: Option<Date>,
    /// Check everything, record nothing.
    #[graphql(default_with = "Some(false)")]
    pub dry_run: Option<bool>,
}

/// The bulk payment, or why none was made.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreateBulkPaymentPayload {
    /// The bulk payment. Null where nothing was written: after errors, and after a dry run.
    pub(in crate::graphql) bulk_payment: Option<BulkPayment>,
    /// What you can act on: why nothing was written, or because of which bills the provider refused.
    pub(in crate::graphql) errors: Vec<UserError>,
    /// True where the key had been used: nothing new was done.
    pub(in crate::graphql) replayed: bool,
}

impl From<CreateBulkPaymentInput> for CreateBulkPayment {
    fn from(input: CreateBulkPaymentInput) -> Self {
        let item = |item: BulkPaymentItem| BulkItem {
            bill_id: item.bill_id.0,
            amount: item.amount.amount.0,
            currency: item.amount.currency.0,
        };
        Self {
            idempotency_key: input.idempotency_key,
            items: input.items.into_iter().map(item).collect(),
            funding_account_id: input.funding_account_id.map(|id| id.0),
            process_date: input.process_date.map(|date| date.0),
            dry_run: input.dry_run.unwrap_or_default(),
        }
    }
}
