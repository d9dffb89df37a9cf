//! Bills: amounts owed, as last told by a biller.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use entity::bill::{ActiveModel, Column, Entity, Model};
use entity::bill_number;

use super::convert::{customer, date, money, tenant};
use super::owner::Owner;
use super::page::keyset;
use super::time::{micros, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::bill::{Bill, BillStatus};
use crate::domain::ids::{BillId, BillNumberId, BillerId, Id};
use crate::domain::money::Money;
use crate::domain::page::{Page, PageRequest};

/// Which bills are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillFilter {
    /// Of this biller.
    pub biller_id: Option<BillerId>,
    /// Of this account.
    pub account_reference: Option<String>,
    /// Of the account that this bill number keeps.
    pub bill_number_id: Option<BillNumberId>,
    /// In one of these states.
    pub statuses: Option<Vec<BillStatus>>,
    /// Only those that can be paid.
    pub payable: Option<bool>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Told at or after.
    pub told_from: Option<Timestamp>,
    /// Told before.
    pub told_before: Option<Timestamp>,
}

/// A bill as a look-up told it.
#[derive(Clone, Debug)]
pub struct ToldBill {
    /// Its id, if it is new.
    pub id: BillId,
    /// Who is owed.
    pub biller_id: BillerId,
    /// Who owes.
    pub account_reference: String,
    /// What the provider calls it; empty where it lists no bills.
    pub provider_reference: String,
    /// The biller's number of it, where told.
    pub invoice_number: Option<String>,
    /// What for, where told.
    pub description: Option<String>,
    /// What was owed at first.
    pub amount: Money,
    /// What is owed.
    pub amount_due: Money,
    /// What was paid already.
    pub amount_paid: Money,
    /// What the provider has in payments that it has not made yet.
    pub amount_scheduled: Money,
    /// Until when.
    pub due_date: Option<Date>,
}

/// What a new telling replaces.
const TOLD: [Column; 9] = [
    Column::InvoiceNumber,
    Column::Description,
    Column::AmountMinor,
    Column::AmountDueMinor,
    Column::AmountPaidMinor,
    Column::AmountScheduledMinor,
    Column::Currency,
    Column::DueDate,
    Column::AsOf,
];

impl Store {
    /// A bill that the owner may see.
    pub async fn bill(&self, owner: &Owner, id: BillId) -> Result<Option<Bill>, StoreError> {
        Entity::find_by_id(id.uuid()).filter(owned(owner)).one(&self.reader).await?.map(bill).transpose()
    }

    /// Several bills that the owner may see.
    pub async fn bills_by_id(&self, owner: &Owner, ids: &[Uuid]) -> Result<HashMap<Uuid, Bill>, StoreError> {
        let rows =
            Entity::find().filter(owned(owner)).filter(Column::Id.is_in(ids.iter().copied())).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, bill(row)?))).collect()
    }

    /// A page of bills, newest first.
    pub async fn bills(&self, owner: &Owner, filter: &BillFilter, page: PageRequest) -> Result<Page<Bill>, StoreError> {
        let wanted = matching(owner, filter);
        let rows = keyset(Entity::find().filter(wanted), Column::Id, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(bill).collect::<Result<Vec<_>, _>>()?))
    }

    /// Stores what a look-up told. What was paid since the last one is forgotten: the biller has told anew.
    pub async fn tell_bill(&self, owner: &Owner, told: &ToldBill) -> Result<Bill, StoreError> {
        let work = self.begin(Step::Other).await?;
        let key = natural_key(told.biller_id, &told.account_reference, &told.provider_reference);
        let known = Entity::find().filter(exactly(owner)).filter(key).one(&work.tx).await?;
        let row = told_row(owner, told, known.as_ref(), micros(work.now()));
        let active = all_set::<ActiveModel, _>(row.clone());
        match known {
            Some(_) => Entity::update(active).exec(&work.tx).await.map(|_| ())?,
            None => Entity::insert(active).exec_without_returning(&work.tx).await.map(|_| ())?,
        }
        work.commit().await?;
        bill(row)
    }

    /// Stores the open bills of a biller that lists them, in the order in which they were told. What was known and is no
    /// longer told is owed no more.
    pub async fn tell_bills(
        &self,
        owner: &Owner,
        biller: BillerId,
        told: &[ToldBill],
    ) -> Result<Vec<Bill>, StoreError> {
        let work = self.begin(Step::Other).await?;
        let now = micros(work.now());
        let known = Entity::find().filter(exactly(owner)).filter(Column::BillerId.eq(biller.uuid()));
        let known = known.filter(Column::AmountDueMinor.gt(0)).all(&work.tx).await?;
        let mut known: HashMap<String, Model> =
            known.into_iter().map(|row| (row.provider_reference.clone(), row)).collect();
        let mut rows: Vec<Model> = Vec::with_capacity(told.len());
        for bill in told {
            rows.push(told_row(owner, bill, known.remove(&bill.provider_reference).as_ref(), now));
        }
        let settled = known.into_values().map(|row| Model { amount_due_minor: 0, as_of: now, ..row });
        let all: Vec<ActiveModel> = rows.iter().cloned().chain(settled).map(all_set::<ActiveModel, _>).collect();
        if !all.is_empty() {
            let key = ["tenant_id", "coalesce(customer, \'\')", "biller_id", "account_reference", "provider_reference"];
            let conflict = OnConflict::new().exprs(key.map(Expr::cust)).update_columns(TOLD).to_owned();
            Entity::insert_many(all).on_conflict(conflict).exec_without_returning(&work.tx).await?;
        }
        // A row that was there keeps its id.
        let references = rows.iter().map(|row| row.provider_reference.clone());
        let stored = Entity::find()
            .filter(exactly(owner))
            .filter(Column::BillerId.eq(biller.uuid()))
            .filter(Column::ProviderReference.is_in(references))
            .all(&work.tx)
            .await?;
        work.commit().await?;
        let mut stored: HashMap<String, Model> =
            stored.into_iter().map(|row| (row.provider_reference.clone(), row)).collect();
        rows.iter().filter_map(|row| stored.remove(&row.provider_reference)).map(bill).collect()
    }
}

impl Work {
    /// Applies a settled payment to a bill, or takes it back with a negative amount.
    pub async fn pay_bill(&self, id: BillId, minor: i64) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .col_expr(Column::AmountDueMinor, Expr::cust(format!("amount_due_minor - ({minor})")))
            .col_expr(Column::AmountPaidMinor, Expr::cust(format!("amount_paid_minor + ({minor})")))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}

fn matching(owner: &Owner, filter: &BillFilter) -> Condition {
    let of_number = |number: BillNumberId| {
        Condition::all()
            .add(Column::BillerId.in_subquery(kept(owner, number, bill_number::Column::BillerId)))
            .add(Column::AccountReference.in_subquery(kept(owner, number, bill_number::Column::AccountReference)))
    };
    owned(owner)
        .add_option(filter.biller_id.map(|biller| Column::BillerId.eq(biller.uuid())))
        .add_option(filter.account_reference.as_ref().map(|account| Column::AccountReference.eq(account)))
        .add_option(filter.bill_number_id.map(of_number))
        .add_option(filter.statuses.as_deref().map(in_one_of))
        .add_option(filter.payable.map(owing))
        .add_option(filter.customer.as_ref().map(|customer| Column::Customer.eq(customer)))
        .add_option(filter.told_from.map(|from| Column::AsOf.gte(micros(from))))
        .add_option(filter.told_before.map(|before| Column::AsOf.lt(micros(before))))
}

/// Bills on which something is owed, as [`Bill::is_payable`] has it, or those on which nothing is.
pub(super) fn owing(something: bool) -> Condition {
    let due = Column::AmountDueMinor;
    Condition::all().add(if something { due.gt(0) } else { due.lte(0) })
}

/// What a bill number keeps in one column, where the owner may see it.
fn kept(owner: &Owner, number: BillNumberId, column: bill_number::Column) -> SelectStatement {
    let mine = owner
        .condition(bill_number::Column::TenantId, bill_number::Column::Customer)
        .add(bill_number::Column::Id.eq(number.uuid()));
    Query::select().column(column).from(bill_number::Entity).cond_where(mine).to_owned()
}

/// The states of a bill, as [`Bill::status`] derives them, in the words of the rows; of no state is no bill.
fn in_one_of(statuses: &[BillStatus]) -> Condition {
    let none = Condition::any().add(Column::Id.is_in(Vec::<Uuid>::new()));
    statuses.iter().fold(none, |any, status| {
        any.add(match status {
            BillStatus::Paid => Condition::all().add(Column::AmountDueMinor.lte(0)),
            BillStatus::PartiallyPaid => {
                Condition::all().add(Column::AmountDueMinor.gt(0)).add(Column::AmountPaidMinor.gt(0))
            }
            BillStatus::Open => Condition::all().add(Column::AmountDueMinor.gt(0)).add(Column::AmountPaidMinor.lte(0)),
        })
    })
}

/// Rows that bear exactly this owner; said twice of the customer, since the index of the natural key holds an expression
/// of it, and is walked through all bills of the tenant where that is not named.
pub(super) fn exactly(owner: &Owner) -> Condition {
    let as_indexed = Expr::cust("coalesce(customer, '')").eq(owner.customer_or_empty());
    owner.exactly(Column::TenantId, Column::Customer).add(as_indexed)
}

pub(super) fn natural_key(biller: BillerId, account: &str, reference: &str) -> Condition {
    Condition::all()
        .add(Column::BillerId.eq(biller.uuid()))
        .add(Column::AccountReference.eq(account))
        .add(Column::ProviderReference.eq(reference))
}

fn told_row(owner: &Owner, told: &ToldBill, known: Option<&Model>, now: i64) -> Model {
    Model {
        id: known.map_or(told.id.uuid(), |row| row.id),
        tenant_id: owner.tenant.as_str().to_owned(),
        customer: owner.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        biller_id: told.biller_id.uuid(),
        account_reference: told.account_reference.clone(),
        provider_reference: told.provider_reference.clone(),
        invoice_number: told.invoice_number.clone().or_else(|| known.and_then(|row| row.invoice_number.clone())),
        description: told.description.clone().or_else(|| known.and_then(|row| row.description.clone())),
        amount_minor: told.amount.minor(),
        amount_due_minor: told.amount_due.minor(),
        amount_paid_minor: told.amount_paid.minor(),
        amount_scheduled_minor: told.amount_scheduled.minor(),
        currency: told.amount_due.currency().to_string(),
        due_date: told.due_date.map(|date| date.to_string()),
        as_of: now,
    }
}

fn bill(row: Model) -> Result<Bill, StoreError> {
    let reference = Some(row.provider_reference).filter(|reference| !reference.is_empty());
    Ok(Bill {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        customer: customer(row.customer.as_deref())?,
        biller_id: Id::from_uuid(row.biller_id),
        account_reference: Some(row.account_reference).filter(|account| !account.is_empty()),
        invoice_number: row.invoice_number,
        description: row.description,
        amount: money(row.amount_minor, &row.currency)?,
        amount_due: money(row.amount_due_minor, &row.currency)?,
        amount_paid: money(row.amount_paid_minor, &row.currency)?,
        amount_scheduled: money(row.amount_scheduled_minor, &row.currency)?,
        due_date: row.due_date.as_deref().map(date).transpose()?,
        provider_reference: reference,
        as_of: timestamp(row.as_of)?,
    })
}
