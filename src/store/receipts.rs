//! Receipts: proof of settled payments.

use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use entity::receipt::{ActiveModel, Column, Entity, Model};

use super::time::{micros, timestamp};
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::domain::payment::{Payment, Receipt};

impl Store {
    /// The receipts of several payments.
    pub async fn receipts(&self, payments: &[Uuid]) -> Result<HashMap<Uuid, Receipt>, StoreError> {
        let rows = Entity::find().filter(Column::PaymentId.is_in(payments.iter().copied())).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.payment_id, receipt(row)?))).collect()
    }
}

impl Work {
    /// Writes the receipt of a payment, or completes one that was written before.
    pub async fn write_receipt(&self, payment: &Payment, receipt: &Receipt) -> Result<(), StoreError> {
        let fields = serde_json::to_string(&receipt.fields).map_err(|_| StoreError::Unreadable("a receipt"))?;
        let row = Model {
            payment_id: payment.id.uuid(),
            tenant_id: payment.tenant.as_str().to_owned(),
            number: receipt.number.clone(),
            issued_at: micros(receipt.issued_at),
            provider_reference: receipt.provider_reference.clone(),
            biller_reference: receipt.biller_reference.clone(),
            token: receipt.token.clone(),
            fields,
        };
        let completed = [Column::ProviderReference, Column::BillerReference, Column::Token, Column::Fields];
        Entity::insert(all_set::<ActiveModel, _>(row))
            .on_conflict(OnConflict::column(Column::PaymentId).update_columns(completed).to_owned())
            .exec_without_returning(&self.tx)
            .await?;
        Ok(())
    }
}

fn receipt(row: Model) -> Result<Receipt, StoreError> {
    Ok(Receipt {
        number: row.number,
        issued_at: timestamp(row.issued_at)?,
        provider_reference: row.provider_reference,
        biller_reference: row.biller_reference,
        token: row.token,
        fields: serde_json::from_str(&row.fields).map_err(|_| StoreError::Unreadable("a receipt"))?,
    })
}
