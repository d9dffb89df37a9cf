//! Applying one piece of evidence to one control number, inside a change.

use super::answer::{Said, unexplained};
use crate::app::App;
use crate::domain::control_number::fold::{Fold, State, fold};
use crate::domain::control_number::stage::event_of;
use crate::domain::control_number::{ControlNumber, ControlNumberStatus};
use crate::store::work::Work;
use crate::store::{NumberEvidence, StoreError};
use crate::telemetry::metric;

impl App {
    /// Keeps the evidence, folds it, and saves what it changes.
    pub(super) async fn apply_to_number(
        &self,
        work: &mut Work,
        number: &mut ControlNumber,
        said: &Said<'_>,
    ) -> Result<(), StoreError> {
        let state = State { status: number.status, review: number.review.map(|(reason, _)| reason) };
        let outcome = fold(state, said.verdict);
        work.keep_number_evidence(&NumberEvidence {
            id: self.ids.next(),
            number: number.id,
            attempt_no: said.attempt_no,
            source: said.source,
            verdict: said.verdict,
            fold: outcome,
            told_number: said.answer.map(|answer| answer.number.as_str()),
            told_amount: said.answer.and_then(|answer| answer.amount),
            actor: said.actor,
            note: said.note,
        })
        .await?;
        match outcome {
            Fold::Become(next) => become_state(work, number, next, said).await,
            Fold::Stay => Ok(()),
            Fold::Refuse => {
                metrics::counter!(metric::TRANSITIONS_REFUSED).increment(1);
                tracing::warn!(control_number.id = %number.id, status = %number.status, verdict = %said.verdict, "evidence refused");
                Ok(())
            }
        }
    }
}

/// Brings a number into another state, with the event. One that was made stands where the money has brought it.
async fn become_state(
    work: &mut Work,
    number: &mut ControlNumber,
    next: State,
    said: &Said<'_>,
) -> Result<(), StoreError> {
    let before = number.clone();
    if let Some(answer) = said.answer {
        number.number = Some(answer.number.clone());
        number.enabled = answer.active.unwrap_or(number.enabled);
    }
    number.review = next.review.map(|reason| (reason, work.now()));
    let failed = next.status == ControlNumberStatus::Failed;
    number.failure = failed.then(|| said.failure.clone().unwrap_or_else(unexplained));
    number.status = if next.status == ControlNumberStatus::Active { number.status_by_money() } else { next.status };
    let reason = next
        .review
        .map(|reason| reason.sentence().to_owned())
        .or_else(|| said.note.map(str::to_owned))
        .or_else(|| number.failure.as_ref().map(|failure| failure.message.clone()));
    work.save_control_number(&before, number, event_of(next.status), said.actor, reason).await?;
    match next.review {
        Some(reason) => {
            tracing::warn!(control_number.id = %number.id, provider.name = %number.provider, %reason, "a person must look");
        }
        None => tracing::info!(control_number.id = %number.id, status = %number.status, "control number changed"),
    }
    Ok(())
}
