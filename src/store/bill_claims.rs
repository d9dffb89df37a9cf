//! Claims: at most one open payment a bill or account.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use entity::bill_claim::{Column, Entity, Model};

use super::create::NewPayment;
use super::portions::portions;
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::domain::bill::Bill;
use crate::domain::ids::{BillId, PaymentId};

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClaimKey {
    tenant: String,
    biller: Uuid,
    account: String,
    bill: String,
}

impl ClaimKey {
    /// What a new payment claims: each bill that it pays by name, else the account, or the one bill that is listed.
    pub(super) fn all_of(new: &NewPayment) -> Vec<Self> {
        let key = |bill: &str| Self {
            tenant: claimant(new.payment.tenant.as_str(), bill),
            biller: new.payment.biller_id.uuid(),
            account: new.payment.account_reference.clone().unwrap_or_default(),
            bill: bill.to_owned(),
        };
        match new.allocations.as_slice() {
            [] | [_] => vec![key(&new.bill_ref)],
            several => several.iter().filter_map(|part| part.bill_reference.as_deref()).map(key).collect(),
        }
    }

    /// What a payment of this bill claims.
    fn of_bill(bill: &Bill) -> Self {
        Self {
            tenant: claimant(bill.tenant.as_str(), bill.provider_reference.as_deref().unwrap_or_default()),
            biller: bill.biller_id.uuid(),
            account: bill.account_reference.clone().unwrap_or_default(),
            bill: bill.provider_reference.clone().unwrap_or_default(),
        }
    }
}

/// Whose claim it is. A bill that its provider lists is one and the same for all tenants, since all of them pay through
/// the same credentials: only one payment of it may be open. An account is each tenant's own.
pub(super) fn claimant(tenant: &str, bill: &str) -> String {
    if bill.is_empty() { tenant.to_owned() } else { String::new() }
}

impl Store {
    /// Which of these bills are claimed, and by which open payment. It may have changed by the time that it is read.
    pub async fn claimed_bills(&self, bills: &[Bill]) -> Result<HashMap<BillId, PaymentId>, StoreError> {
        let Some(any) = any_of(bills.iter().map(ClaimKey::of_bill)) else { return Ok(HashMap::new()) };
        let held = holders(Entity::find().filter(any).all(&self.reader).await?);
        let claimed = bills.iter().filter_map(|bill| Some((bill.id, *held.get(&ClaimKey::of_bill(bill))?)));
        Ok(claimed.map(|(bill, holder)| (bill, PaymentId::from_uuid(holder))).collect())
    }
}

impl Work {
    /// Who holds which of these claims.
    pub(super) async fn claims(
        &self,
        keys: impl Iterator<Item = ClaimKey>,
    ) -> Result<HashMap<ClaimKey, Uuid>, StoreError> {
        let Some(any) = any_of(keys) else { return Ok(HashMap::new()) };
        Ok(holders(Entity::find().filter(any).all(&self.tx).await?))
    }

    /// Takes the claims of new payments, in one order for everyone.
    pub(super) async fn take_claims(&self, payments: impl Iterator<Item = &NewPayment>) -> Result<(), StoreError> {
        let keys_of =
            |new: &NewPayment| ClaimKey::all_of(new).into_iter().zip(std::iter::repeat(new.payment.id.uuid()));
        let keys = payments.flat_map(keys_of);
        let mut claims: Vec<_> = keys.collect();
        claims.sort();
        let rows = claims.into_iter().map(|(key, payment_id)| {
            all_set::<entity::bill_claim::ActiveModel, _>(Model {
                tenant_id: key.tenant,
                biller_id: key.biller,
                account_reference: key.account,
                bill_ref: key.bill,
                payment_id,
            })
        });
        for rows in portions(rows.collect()) {
            Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        }
        Ok(())
    }

    /// Drops what a payment claims, now that it is final.
    pub async fn drop_claim(&self, payment: PaymentId) -> Result<(), StoreError> {
        Entity::delete_many().filter(Column::PaymentId.eq(payment.uuid())).exec(&self.tx).await?;
        Ok(())
    }
}

/// The rows of any of these claims; none where there are none.
fn any_of(keys: impl Iterator<Item = ClaimKey>) -> Option<Condition> {
    let mut any = Condition::any();
    for key in keys {
        any = any.add(
            Condition::all()
                .add(Column::TenantId.eq(key.tenant))
                .add(Column::BillerId.eq(key.biller))
                .add(Column::AccountReference.eq(key.account))
                .add(Column::BillRef.eq(key.bill)),
        );
    }
    (!any.is_empty()).then_some(any)
}

fn holders(rows: Vec<Model>) -> HashMap<ClaimKey, Uuid> {
    let held = rows.into_iter().map(|row| {
        let key = ClaimKey {
            tenant: row.tenant_id,
            biller: row.biller_id,
            account: row.account_reference,
            bill: row.bill_ref,
        };
        (key, row.payment_id)
    });
    held.collect()
}
