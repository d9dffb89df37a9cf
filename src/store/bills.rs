//! Bills: amounts owed, as last told by a biller.

use std::collections::HashMap;

use jiff::civil::Date;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use entity::bill::{ActiveModel, Column, Entity, Model};

use super::convert::{customer, date, money, tenant};
use super::payments::{Owner, keyset};
use super::time::{micros, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::bill::Bill;
use crate::domain::ids::{BillId, BillerId, Id};
use crate::domain::money::Money;
use crate::domain::page::{Page, PageRequest};

/// Which bills are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillFilter {
    /// Of this biller.
    pub biller_id: Option<BillerId>,
    /// Of this account.
    pub account_reference: Option<String>,
    /// Only those that can be paid.
    pub payable: Option<bool>,
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
    /// What is owed.
    pub amount_due: Money,
    /// Until when.
    pub due_date: Option<Date>,
}

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
        let wanted =
            owned(owner)
                .add_option(filter.biller_id.map(|biller| Column::BillerId.eq(biller.uuid())))
                .add_option(filter.account_reference.as_ref().map(|account| Column::AccountReference.eq(account)))
                .add_option(
                    filter.payable.map(|payable| {
                        if payable { Column::AmountDueMinor.gt(0) } else { Column::AmountDueMinor.lte(0) }
                    }),
                );
        let rows = keyset(Entity::find().filter(wanted), Column::Id, page).all(&self.reader).await?;
        Ok(page.cut(rows.into_iter().map(bill).collect::<Result<Vec<_>, _>>()?))
    }

    /// The bill of an account with a biller that lists none, as last told.
    pub async fn bill_of_account(
        &self,
        owner: &Owner,
        biller: BillerId,
        account: &str,
    ) -> Result<Option<Bill>, StoreError> {
        let found = Entity::find().filter(exactly(owner)).filter(natural_key(biller, account, ""));
        found.one(&self.reader).await?.map(bill).transpose()
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
    Condition::all()
        .add(Column::TenantId.eq(owner.tenant.as_str()))
        .add_option(owner.customer.as_ref().map(|customer| Column::Customer.eq(customer.as_str())))
}

/// Rows that bear exactly this owner: without a customer, those that bear none.
fn exactly(owner: &Owner) -> Condition {
    let customer = match &owner.customer {
        Some(customer) => Column::Customer.eq(customer.as_str()),
        None => Column::Customer.is_null(),
    };
    Condition::all().add(Column::TenantId.eq(owner.tenant.as_str())).add(customer)
}

fn natural_key(biller: BillerId, account: &str, reference: &str) -> Condition {
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
        invoice_number: known.and_then(|row| row.invoice_number.clone()),
        description: known.and_then(|row| row.description.clone()),
        amount_minor: told.amount_due.minor(),
        amount_due_minor: told.amount_due.minor(),
        amount_paid_minor: 0,
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
        due_date: row.due_date.as_deref().map(date).transpose()?,
        provider_reference: reference,
        as_of: timestamp(row.as_of)?,
    })
}
