//! Claims: at most one open payment a bill or account.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use entity::bill_claim::{Column, Entity, Model};

use super::StoreError;
use super::create::NewPayment;
use super::work::{Work, all_set};
use crate::domain::ids::PaymentId;

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClaimKey {
    tenant: String,
    biller: Uuid,
    account: String,
    bill: String,
}

impl ClaimKey {
    /// What a new payment claims.
    pub(super) fn of(new: &NewPayment) -> Self {
        Self {
            tenant: new.payment.tenant.as_str().to_owned(),
            biller: new.payment.biller_id.uuid(),
            account: new.payment.account_reference.clone().unwrap_or_default(),
            bill: new.bill_ref.clone(),
        }
    }
}

impl Work {
    /// Who holds which of these claims.
    pub(super) async fn claims(
        &self,
        keys: impl Iterator<Item = ClaimKey>,
    ) -> Result<HashMap<ClaimKey, Uuid>, StoreError> {
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
        if any.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = Entity::find().filter(any).all(&self.tx).await?;
        let held = rows.into_iter().map(|row| {
            let key = ClaimKey {
                tenant: row.tenant_id,
                biller: row.biller_id,
                account: row.account_reference,
                bill: row.bill_ref,
            };
            (key, row.payment_id)
        });
        Ok(held.collect())
    }

    /// Takes the claims of new payments, in one order for everyone.
    pub(super) async fn take_claims(&self, payments: impl Iterator<Item = &NewPayment>) -> Result<(), StoreError> {
        let mut claims: Vec<_> = payments.map(|new| (ClaimKey::of(new), new.payment.id.uuid())).collect();
        if claims.is_empty() {
            return Ok(());
        }
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
        Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Drops what a payment claims, now that it is final.
    pub async fn drop_claim(&self, payment: PaymentId) -> Result<(), StoreError> {
        Entity::delete_many().filter(Column::PaymentId.eq(payment.uuid())).exec(&self.tx).await?;
        Ok(())
    }
}
