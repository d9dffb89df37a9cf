//! Bill numbers: account references that a user keeps.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use entity::bill_number::{ActiveModel, Column, Entity, Model};

use super::convert::{customer, date, some_money, tenant};
use super::owner::Owner;
use super::page::keyset;
use super::time::{micros, timestamp};
use super::work::{NewEvent, Work, all_set};
use super::{Store, StoreError};
use crate::domain::bill_number::BillNumber;
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::{BillNumberId, BillerId, Id};
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::Payment;

/// Which bill numbers are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillNumberFilter {
    /// With this biller.
    pub biller_id: Option<BillerId>,
    /// With this number.
    pub account_reference: Option<String>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Those whose account takes payments, or those whose does not.
    pub account_active: Option<bool>,
    /// Saved at or after.
    pub created_from: Option<Timestamp>,
    /// Saved before.
    pub created_before: Option<Timestamp>,
}

impl Store {
    /// A bill number that the owner may see; one that was removed is none.
    pub async fn bill_number(&self, owner: &Owner, id: BillNumberId) -> Result<Option<BillNumber>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(owned(owner)).filter(Column::RemovedAt.is_null());
        found.one(&self.reader).await?.map(bill_number).transpose()
    }

    /// Several bill numbers that the owner may see, removed ones too: payments go on naming them.
    pub async fn bill_numbers_by_id(
        &self,
        owner: &Owner,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, BillNumber>, StoreError> {
        let rows =
            Entity::find().filter(owned(owner)).filter(Column::Id.is_in(ids.iter().copied())).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, bill_number(row)?))).collect()
    }

    /// A page of bill numbers, newest first.
    pub async fn bill_numbers(
        &self,
        owner: &Owner,
        filter: &BillNumberFilter,
        page: PageRequest,
    ) -> Result<Page<BillNumber>, StoreError> {
        let wanted = owned(owner)
            .add(Column::RemovedAt.is_null())
            .add_option(filter.biller_id.map(|biller| Column::BillerId.eq(biller.uuid())))
            .add_option(filter.account_reference.as_ref().map(|account| Column::AccountReference.eq(account)))
            .add_option(filter.customer.as_ref().map(|customer| Column::Customer.eq(customer)))
            .add_option(filter.account_active.map(|active| Column::AccountActive.eq(active)))
            .add_option(filter.created_from.map(|from| Column::CreatedAt.gte(micros(from))))
            .add_option(filter.created_before.map(|before| Column::CreatedAt.lt(micros(before))));
        let rows = keyset(Entity::find().filter(wanted), Column::Id, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(bill_number).collect::<Result<Vec<_>, _>>()?))
    }
}

impl Work {
    /// The owner's own bill number of this account, removed or not, locked until the end of the change.
    pub async fn bill_number_of_account(
        &self,
        owner: &Owner,
        biller: BillerId,
        account: &str,
    ) -> Result<Option<BillNumber>, StoreError> {
        let found = Entity::find()
            .filter(owner.exactly(Column::TenantId, Column::Customer))
            .filter(Column::BillerId.eq(biller.uuid()))
            .filter(Column::AccountReference.eq(account))
            .lock_exclusive();
        found.one(&self.tx).await?.map(bill_number).transpose()
    }

    /// Records when the balance was asked for, although it was the same.
    pub async fn note_balance_asked(&self, number: &BillNumber) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(number.id.uuid()))
            .col_expr(Column::BalanceAsOf, Expr::value(number.balance_as_of.map(micros)))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Records that the provider keeps the bill number of a payment that asked for it.
    pub async fn note_saved_with_provider(&self, payment: &Payment) -> Result<(), StoreError> {
        let Some(number) = payment.bill_number_id else { return Ok(()) };
        Entity::update_many()
            .filter(Column::Id.eq(number.uuid()))
            .col_expr(Column::SavedWithProvider, Expr::value(true))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// A bill number that the owner may see, removed or not.
    pub async fn bill_number(&self, owner: &Owner, id: BillNumberId) -> Result<Option<BillNumber>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(owned(owner)).lock_exclusive();
        found.one(&self.tx).await?.map(bill_number).transpose()
    }

    /// Saves a bill number as its next version, with the event that tells of it.
    pub async fn save_bill_number(
        &mut self,
        number: &mut BillNumber,
        kind: EventType,
        actor: &str,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        number.version += 1;
        let active = all_set::<ActiveModel, _>(row(number));
        if number.version == 1 {
            Entity::insert(active).exec_without_returning(&self.tx).await?;
        } else {
            let before = number.version - 1;
            let updated = Entity::update_many()
                .set(active)
                .filter(Column::Id.eq(number.id.uuid()))
                .filter(Column::Version.eq(before))
                .exec(&self.tx)
                .await?;
            if updated.rows_affected != 1 {
                return Err(StoreError::Conflict);
            }
        }
        self.tell(changed(number, kind, actor, reason));
        Ok(())
    }
}

/// The event that tells of a bill number's change.
pub(super) fn changed(number: &BillNumber, kind: EventType, actor: &str, reason: Option<String>) -> NewEvent {
    NewEvent {
        tenant: number.tenant.clone(),
        subject_kind: SubjectKind::BillNumber,
        subject_id: number.id.uuid(),
        subject_version: number.version,
        customer: number.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        status: None,
        kind,
        actor: actor.to_owned(),
        reason,
        failure: None,
    }
}

fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}

/// A bill number as it is stored.
pub(super) fn row(number: &BillNumber) -> Model {
    Model {
        id: number.id.uuid(),
        tenant_id: number.tenant.as_str().to_owned(),
        customer: number.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        biller_id: number.biller_id.uuid(),
        account_reference: number.account_reference.clone(),
        customer_name: number.customer_name.clone(),
        phone_number: number.phone_number.clone(),
        description: number.description.clone(),
        balance_minor: number.last_known_balance.map(|balance| balance.minor()),
        balance_currency: number.last_known_balance.map(|balance| balance.currency().to_string()),
        balance_as_of: number.balance_as_of.map(micros),
        due_date: number.due_date.map(|date| date.to_string()),
        verified: number.verified,
        account_active: number.account_active,
        remind_due_date: number.remind_due_date,
        saved_with_provider: number.saved_with_provider,
        provider_reference: number.provider_reference.clone(),
        version: number.version,
        created_at: micros(number.created_at),
        removed_at: number.removed_at.map(micros),
    }
}

/// Reads a bill number.
pub(super) fn bill_number(row: Model) -> Result<BillNumber, StoreError> {
    let balance = some_money(row.balance_minor, row.balance_currency.as_deref())?;
    Ok(BillNumber {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        customer: customer(row.customer.as_deref())?,
        biller_id: Id::from_uuid(row.biller_id),
        account_reference: row.account_reference,
        customer_name: row.customer_name,
        phone_number: row.phone_number,
        description: row.description,
        last_known_balance: balance,
        balance_as_of: row.balance_as_of.map(timestamp).transpose()?,
        due_date: row.due_date.as_deref().map(date).transpose()?,
        verified: row.verified,
        account_active: row.account_active,
        remind_due_date: row.remind_due_date,
        saved_with_provider: row.saved_with_provider,
        provider_reference: row.provider_reference,
        version: row.version,
        created_at: timestamp(row.created_at)?,
        removed_at: row.removed_at.map(timestamp).transpose()?,
    })
}
