//! Payments: finding, listing, changing.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use entity::payment::{Column, Entity, Model};

use super::convert::{disbursement_json, failure_json, money, payment};
use super::owner::Owner;
use super::page::newest_of_each;
use super::portions::filled_up;
use super::time::micros;
use super::work::{Work, payment_event};
use super::{Store, StoreError};
use crate::domain::event::EventType;
use crate::domain::ids::{BillId, BillNumberId, BillerId, BulkPaymentId, Id, PaymentId, SubmissionId};
use crate::domain::money::Money;
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{Allocation, Payment};
use crate::domain::requester::TenantId;

/// Which payments are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// In one of these states.
    pub statuses: Option<Vec<PaymentStatus>>,
    /// To this biller.
    pub biller_id: Option<BillerId>,
    /// For this bill number.
    pub bill_number_id: Option<BillNumberId>,
    /// In this bulk.
    pub bulk_payment_id: Option<BulkPaymentId>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Made at or after.
    pub created_from: Option<Timestamp>,
    /// Made before.
    pub created_before: Option<Timestamp>,
}

impl Store {
    /// A payment that the owner may see.
    pub async fn payment(&self, owner: &Owner, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Entity::find_by_id(id.uuid()).filter(owned(owner)).one(&self.reader).await?.map(payment).transpose()
    }

    /// The payment that was made with this key.
    pub async fn payment_by_key(&self, owner: &Owner, key: &str) -> Result<Option<Payment>, StoreError> {
        let found = Entity::find().filter(owned(owner)).filter(Column::IdempotencyKey.eq(key));
        found.one(&self.reader).await?.map(payment).transpose()
    }

    /// The newest payment that a provider named so.
    pub async fn payment_by_provider_reference(
        &self,
        owner: &Owner,
        provider: Option<&str>,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError> {
        let found = Entity::find()
            .filter(owned(owner).add_option(provider.map(|provider| Column::Provider.eq(provider))))
            .filter(Column::ProviderReference.eq(reference))
            .order_by_desc(Column::Id)
            .limit(1);
        found.one(&self.reader).await?.map(payment).transpose()
    }

    /// The payment that was made with this key by anyone in the tenant, and the hash of its input.
    pub async fn used_key(&self, tenant: &TenantId, key: &str) -> Result<Option<(Payment, String)>, StoreError> {
        let found = Entity::find().filter(Column::TenantId.eq(tenant.as_str())).filter(Column::IdempotencyKey.eq(key));
        let Some(row) = found.one(&self.reader).await? else { return Ok(None) };
        let hash = row.request_hash.clone();
        Ok(Some((payment(row)?, hash)))
    }

    /// The payments of several submissions. Those of a submission that has one which cannot be read are left out.
    pub async fn payments_of_submissions(
        &self,
        submissions: &[SubmissionId],
    ) -> Result<HashMap<SubmissionId, Vec<Payment>>, StoreError> {
        let ids = filled_up(submissions.iter().map(|id| id.uuid()).collect());
        let select = Entity::find().filter(Column::SubmissionId.is_in(ids)).into_query();
        let rows = self.query_often(self.reader.get_database_backend().build(&select)).await?;
        let mut found: HashMap<SubmissionId, Vec<Payment>> = HashMap::new();
        let mut unreadable = HashSet::new();
        for row in &rows {
            let row = Model::from_query_result(row, "")?;
            let (id, submission) = (row.id, SubmissionId::from_uuid(row.submission_id));
            match payment(row) {
                Ok(payment) => found.entry(submission).or_default().push(payment),
                Err(error) => {
                    tracing::error!(payment.id = %id, submission.id = %submission, %error, "a payment is passed over");
                    unreadable.insert(submission);
                }
            }
        }
        found.retain(|submission, _| !unreadable.contains(submission));
        Ok(found)
    }

    /// Several payments that the owner may see, by id.
    pub async fn payments_by_id(&self, owner: &Owner, ids: &[Uuid]) -> Result<HashMap<Uuid, Payment>, StoreError> {
        let rows =
            Entity::find().filter(owned(owner)).filter(Column::Id.is_in(ids.iter().copied())).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, payment(row)?))).collect()
    }

    /// The first page of payments of each of several bill numbers, newest first: one more than `limit` of each, so that
    /// the caller can tell that there is more.
    pub async fn payments_of_bill_numbers(
        &self,
        owner: &Owner,
        bill_numbers: &[Uuid],
        limit: u64,
    ) -> Result<HashMap<Uuid, Vec<Payment>>, StoreError> {
        let wanted =
            Entity::find().filter(owned(owner)).filter(Column::BillNumberId.is_in(bill_numbers.iter().copied()));
        let rows = newest_of_each(wanted, Column::Id, Column::BillNumberId, limit).all(&self.reader).await?;
        let mut found: HashMap<Uuid, Vec<Payment>> = HashMap::new();
        for row in rows {
            let payment = payment(row)?;
            if let Some(bill_number) = payment.bill_number_id {
                found.entry(bill_number.uuid()).or_default().push(payment);
            }
        }
        Ok(found)
    }

    /// The allocations of several payments.
    pub async fn allocations(&self, payments: &[Uuid]) -> Result<HashMap<Uuid, Vec<Allocation>>, StoreError> {
        let select = allocations_of(payments).into_query();
        let rows = self.query_often(self.reader.get_database_backend().build(&select)).await?;
        let rows = rows.iter().map(|row| entity::allocation::Model::from_query_result(row, ""));
        by_payment(rows.collect::<Result<_, _>>()?)
    }

    /// The newest open payment of each of several bills, and how much of each bill is in open payments.
    pub async fn open_payments_of_bills(
        &self,
        owner: &Owner,
        bills: &[Uuid],
    ) -> Result<HashMap<Uuid, (Payment, i64)>, StoreError> {
        let rows = entity::allocation::Entity::find()
            .filter(entity::allocation::Column::BillId.is_in(bills.iter().copied()))
            .all(&self.reader)
            .await?;
        let open = PaymentStatus::ALL.iter().filter(|status| !status.is_final()).map(ToString::to_string);
        let payments = Entity::find()
            .filter(owned(owner))
            .filter(Column::Id.is_in(rows.iter().map(|row| row.payment_id)))
            .filter(Column::Status.is_in(open))
            .all(&self.reader)
            .await?;
        let payments = payments
            .into_iter()
            .map(|row| Ok((row.id, payment(row)?)))
            .collect::<Result<HashMap<_, _>, StoreError>>()?;
        let mut found: HashMap<Uuid, (Payment, i64)> = HashMap::new();
        for row in rows {
            let (Some(bill), Some(payment)) = (row.bill_id, payments.get(&row.payment_id)) else { continue };
            let (newest, scheduled) = found.entry(bill).or_insert_with(|| (payment.clone(), 0));
            *scheduled += row.amount_minor;
            if payment.id > newest.id {
                *newest = payment.clone();
            }
        }
        Ok(found)
    }
}

impl Work {
    /// A payment that the owner may see.
    pub async fn payment(&self, owner: &Owner, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Entity::find_by_id(id.uuid()).filter(owned(owner)).one(&self.tx).await?.map(payment).transpose()
    }

    /// Saves what a change made of a payment, as its next version, with the event that tells of it. Someone else's
    /// change in between is a [`StoreError::Conflict`].
    pub async fn save_payment(
        &mut self,
        before: &Payment,
        after: &mut Payment,
        kind: EventType,
        actor: &str,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        self.touch_bulk(after.bulk_payment_id);
        after.version = before.version + 1;
        after.updated_at = self.now();
        self.write_payment(before.version, after).await?;
        self.tell(payment_event(after, kind, actor, reason));
        self.note_awaited(after);
        Ok(())
    }

    /// Saves facts that came with evidence that changed no state.
    pub async fn save_facts(&mut self, payment: &Payment) -> Result<(), StoreError> {
        self.write_payment(payment.version, payment).await
    }

    async fn write_payment(&mut self, version: i32, after: &Payment) -> Result<(), StoreError> {
        let (reason, since) = match after.review {
            Some((reason, since)) => (Some(reason.to_string()), Some(micros(since))),
            None => (None, None),
        };
        let written = Entity::update_many()
            .filter(Column::Id.eq(after.id.uuid()))
            .filter(Column::Version.eq(version))
            .col_expr(Column::Status, Expr::value(after.status.as_str()))
            .col_expr(Column::Version, Expr::value(after.version))
            .col_expr(Column::ReviewReason, Expr::value(reason))
            .col_expr(Column::ReviewSince, Expr::value(since))
            .col_expr(Column::AccountHolderName, Expr::value(after.account_holder_name.clone()))
            .col_expr(Column::ProviderReference, Expr::value(after.provider_reference.clone()))
            .col_expr(Column::BillerReference, Expr::value(after.biller_reference.clone()))
            .col_expr(Column::ProviderStatus, Expr::value(after.provider_status.clone()))
            .col_expr(Column::ConfirmationNumber, Expr::value(after.confirmation_number.clone()))
            .col_expr(Column::FundingAmountMinor, Expr::value(after.funding_amount.map(Money::minor)))
            .col_expr(
                Column::FundingCurrency,
                Expr::value(after.funding_amount.map(|amount| amount.currency().to_string())),
            )
            .col_expr(Column::ExchangeRate, Expr::value(after.exchange_rate.clone()))
            .col_expr(Column::Disbursement, Expr::value(disbursement_json(after.disbursement.as_ref())))
            .col_expr(Column::Failure, Expr::value(failure_json(after.failure.as_ref())))
            .col_expr(Column::UpdatedAt, Expr::value(micros(after.updated_at)))
            .exec(&self.tx)
            .await?;
        if written.rows_affected == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Has later payments of the same bill or account that are about to be sent, or were, be looked up. Whoever settles
    /// one of them at this moment is waited for, so that what he stored is seen; whoever does so next finds the wish, and
    /// so what is stored here. To be called for what was given up and succeeded all the same, before its
    /// [rivals](Self::rivals_of) are read.
    pub async fn request_look_up_of_rivals(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let in_the_air =
            [PaymentStatus::Ready, PaymentStatus::Submitting, PaymentStatus::Pending, PaymentStatus::Unknown];
        let rivals = Entity::find()
            .filter(of_same_account(payment))
            .filter(Column::Id.gt(payment.id.uuid()))
            .filter(Column::Status.is_in(in_the_air.map(PaymentStatus::as_str)))
            .order_by_asc(Column::SubmissionId);
        for rival in rivals.all(&self.tx).await? {
            self.request_look_up(Id::from_uuid(rival.submission_id)).await?;
        }
        Ok(())
    }

    /// Settled payments of the same bill or account that may be the same payment made twice: made after this one, where
    /// this one had been given up; else made before it, and believed lost when it was made.
    pub async fn rivals_of(&self, payment_now: &Payment) -> Result<Vec<Payment>, StoreError> {
        if payment_now.new_bill {
            return Ok(Vec::new());
        }
        let same = Entity::find()
            .filter(of_same_account(payment_now))
            .filter(Column::Status.eq(PaymentStatus::Succeeded.as_str()));
        let rivals = if payment_now.status == PaymentStatus::Failed {
            same.filter(Column::Id.gt(payment_now.id.uuid()))
        } else {
            let late = sea_orm::sea_query::Query::select()
                .column(entity::event::Column::SubjectId)
                .from(entity::event::Entity)
                .and_where(entity::event::Column::TenantId.eq(payment_now.tenant.as_str()))
                // Written out, since the index of these events is for this word alone.
                .and_where(Expr::cust("kind = 'LATE_SUCCESS'"))
                .and_where(entity::event::Column::At.gt(micros(payment_now.created_at)))
                .to_owned();
            same.filter(Column::Id.lt(payment_now.id.uuid())).filter(Column::Id.in_subquery(late))
        };
        rivals.all(&self.tx).await?.into_iter().map(payment).collect()
    }

    /// The allocations of several payments.
    pub async fn allocations(&self, payments: &[Uuid]) -> Result<HashMap<Uuid, Vec<Allocation>>, StoreError> {
        by_payment(allocations_of(payments).all(&self.tx).await?)
    }

    /// Which of these names a provider has given to payments of other submissions.
    pub async fn references_of_others(
        &self,
        submission: &Submission,
        references: &[&str],
    ) -> Result<HashSet<String>, StoreError> {
        use entity::allocation;
        let of_payments: Vec<String> = Entity::find()
            .select_only()
            .column(Column::ProviderReference)
            .filter(Column::Provider.eq(submission.provider.as_str()))
            .filter(Column::ProviderReference.is_in(references.iter().copied()))
            .filter(Column::SubmissionId.ne(submission.id.uuid()))
            .into_tuple()
            .all(&self.tx)
            .await?;
        let of_others = sea_orm::sea_query::Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::Provider.eq(submission.provider.as_str()))
            .and_where(Column::SubmissionId.ne(submission.id.uuid()))
            .to_owned();
        let of_parts: Vec<String> = allocation::Entity::find()
            .select_only()
            .column(allocation::Column::ProviderReference)
            .filter(allocation::Column::ProviderReference.is_in(references.iter().copied()))
            .filter(allocation::Column::PaymentId.in_subquery(of_others))
            .into_tuple()
            .all(&self.tx)
            .await?;
        Ok(of_payments.into_iter().chain(of_parts).collect())
    }

    /// Keeps what the provider names the parts of a payment, in their order.
    pub async fn name_parts(&self, payment: PaymentId, references: &[Option<String>]) -> Result<(), StoreError> {
        use entity::allocation::{Column, Entity};
        for (no, reference) in (1_i32..).zip(references) {
            let Some(reference) = reference else { continue };
            Entity::update_many()
                .filter(Column::PaymentId.eq(payment.uuid()))
                .filter(Column::No.eq(no))
                .col_expr(Column::ProviderReference, Expr::value(reference.as_str()))
                .exec(&self.tx)
                .await?;
        }
        Ok(())
    }

    /// The bills that a payment pays, with how much of each.
    pub async fn bills_of(&self, payment: PaymentId) -> Result<Vec<(BillId, Money)>, StoreError> {
        use entity::allocation::{Column, Entity};
        let rows = Entity::find().filter(Column::PaymentId.eq(payment.uuid())).all(&self.tx).await?;
        let with_bill = rows.into_iter().filter_map(|row| row.bill_id.map(|bill| (bill, row)));
        with_bill.map(|(bill, row)| Ok((Id::from_uuid(bill), money(row.amount_minor, &row.currency)?))).collect()
    }
}

/// Payments of the same bill or account, also of one of the bills that a payment combines.
fn of_same_account(payment: &Payment) -> Condition {
    use entity::allocation::{Column as Part, Entity as Parts};
    let parts = |column: Part| sea_orm::sea_query::Query::select().column(column).from(Parts).to_owned();
    let own_bills = parts(Part::BillId)
        .and_where(Part::PaymentId.eq(payment.id.uuid()))
        .and_where(Part::BillId.is_not_null())
        .to_owned();
    let of_own_bills = parts(Part::PaymentId).and_where(Part::BillId.in_subquery(own_bills)).to_owned();
    Condition::all()
        .add(Column::TenantId.eq(payment.tenant.as_str()))
        .add(Column::BillerId.eq(payment.biller_id.uuid()))
        .add(Column::NewBill.eq(false))
        .add(Condition::any().add(Column::Id.in_subquery(of_own_bills)).add(of_same_reference(payment)))
}

fn of_same_reference(payment: &Payment) -> Condition {
    let own_bill = sea_orm::sea_query::Query::select()
        .column(Column::BillRef)
        .from(Entity)
        .and_where(Column::Id.eq(payment.id.uuid()))
        .to_owned();
    Condition::all()
        .add(match &payment.account_reference {
            Some(account) => Column::AccountReference.eq(account),
            None => Column::AccountReference.is_null(),
        })
        .add(Column::BillRef.in_subquery(own_bill))
}

fn allocations_of(payments: &[Uuid]) -> Select<entity::allocation::Entity> {
    use entity::allocation::{Column, Entity};
    let wanted = filled_up(payments.to_vec());
    Entity::find().filter(Column::PaymentId.is_in(wanted)).order_by_asc(Column::No)
}

fn by_payment(rows: Vec<entity::allocation::Model>) -> Result<HashMap<Uuid, Vec<Allocation>>, StoreError> {
    let mut found: HashMap<Uuid, Vec<Allocation>> = HashMap::new();
    for row in rows {
        found.entry(row.payment_id).or_default().push(Allocation {
            payment_id: Id::from_uuid(row.payment_id),
            bill_id: row.bill_id.map(Id::from_uuid),
            bill_reference: row.bill_reference,
            amount: money(row.amount_minor, &row.currency)?,
            provider_reference: row.provider_reference,
        });
    }
    Ok(found)
}

/// Rows that an owner may see.
fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}

/// The payments that are wanted of those that an owner may see.
pub(super) fn matching(owner: &Owner, filter: &PaymentFilter) -> Condition {
    let statuses =
        filter.statuses.as_ref().map(|statuses| statuses.iter().map(ToString::to_string).collect::<Vec<_>>());
    owned(owner)
        .add_option(statuses.map(|statuses| Column::Status.is_in(statuses)))
        .add_option(filter.biller_id.map(|biller| Column::BillerId.eq(biller.uuid())))
        .add_option(filter.bill_number_id.map(|number| Column::BillNumberId.eq(number.uuid())))
        .add_option(filter.bulk_payment_id.map(|bulk| Column::BulkPaymentId.eq(bulk.uuid())))
        .add_option(filter.customer.as_ref().map(|customer| Column::Customer.eq(customer.as_str())))
        .add_option(filter.created_from.map(|from| Column::CreatedAt.gte(micros(from))))
        .add_option(filter.created_before.map(|before| Column::CreatedAt.lt(micros(before))))
}
