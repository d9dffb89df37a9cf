//! Evidence: kept for ever, whatever it did.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::convert::money;
use super::time::micros;
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::domain::ids::{CallbackId, EvidenceId, PaymentId};
use crate::domain::money::Money;
use crate::domain::payment::evidence::{Reported, Source, Verdict};
use crate::domain::payment::fold::Fold;

/// A piece of evidence to be kept.
#[derive(Clone, Debug)]
pub struct NewEvidence<'a> {
    /// Its id.
    pub id: EvidenceId,
    /// About which payment.
    pub payment: PaymentId,
    /// From which attempt.
    pub attempt_no: Option<i32>,
    /// From which callback.
    pub callback: Option<CallbackId>,
    /// Who gave it.
    pub source: Source,
    /// What it says.
    pub verdict: Verdict,
    /// What it did.
    pub fold: Fold,
    /// The facts that it carries.
    pub reported: &'a Reported,
    /// Who reported it.
    pub actor: &'a str,
    /// In words.
    pub note: Option<&'a str>,
}

impl Store {
    /// What a provider last reported of each of several payments, where it differs from what was asked.
    pub async fn reported_amounts(&self, payments: &[Uuid]) -> Result<HashMap<Uuid, Money>, StoreError> {
        use entity::evidence::{Column, Entity};
        let rows = Entity::find()
            .filter(Column::PaymentId.is_in(payments.iter().copied()))
            .filter(Column::Verdict.eq(Verdict::Mismatch.as_str()))
            .order_by_asc(Column::Id)
            .all(&self.reader)
            .await?;
        let mut found = HashMap::new();
        for row in rows {
            if let (Some(minor), Some(currency)) = (row.amount_minor, row.currency.as_deref()) {
                found.insert(row.payment_id, money(minor, currency)?);
            }
        }
        Ok(found)
    }
}

impl Work {
    /// Whether anybody who knows has told this amount of a payment.
    pub async fn was_told(&self, payment: PaymentId, amount: Money) -> Result<bool, StoreError> {
        use entity::evidence::{Column, Entity};
        let found: Option<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::PaymentId.eq(payment.uuid()))
            .filter(Column::AmountMinor.eq(amount.minor()))
            .filter(Column::Currency.eq(amount.currency().as_str()))
            .into_tuple()
            .one(&self.tx)
            .await?;
        Ok(found.is_some())
    }

    /// Keeps a piece of evidence.
    pub async fn keep_evidence(&self, new: &NewEvidence<'_>) -> Result<(), StoreError> {
        let outcome = match new.fold {
            Fold::Become(_) => "BECAME",
            Fold::Stay => "STAYED",
            Fold::Refuse => "REFUSED",
        };
        let row = entity::evidence::Model {
            id: new.id.uuid(),
            payment_id: new.payment.uuid(),
            attempt_no: new.attempt_no,
            callback_id: new.callback.map(|id| id.uuid()),
            source: new.source.to_string(),
            verdict: new.verdict.to_string(),
            outcome: outcome.to_owned(),
            provider_reference: new.reported.provider_reference.clone(),
            amount_minor: new.reported.amount.map(|amount| amount.minor()),
            currency: new.reported.amount.map(|amount| amount.currency().to_string()),
            actor: new.actor.to_owned(),
            note: new.note.map(str::to_owned),
            at: micros(self.now()),
        };
        let row: entity::evidence::ActiveModel = all_set(row);
        entity::evidence::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }
}
