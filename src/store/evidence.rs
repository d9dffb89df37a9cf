//! Evidence: kept for ever, whatever it did.

use sea_orm::EntityTrait;

use super::StoreError;
use super::time::micros;
use super::work::{Work, all_set};
use crate::domain::ids::{CallbackId, EvidenceId, PaymentId};
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

impl Work {
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
