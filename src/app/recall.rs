//! Recalls: having the provider asked to cancel or to void a payment.
//!
//! The wish is a fact about the payment, stored with an event in one change; the worker carries it out under the lease
//! and a mark of the payment's submission. It changes no status: only what the provider then says does. One of a kind at
//! a time: whoever repeats a wish gets the payment as it is. After an unclear answer it is never sent again by billpay
//! itself; a person may ask once more as soon as the provider was asked how the payment stands.

use super::{App, AppError};
use crate::domain::event::EventType;
use crate::domain::payment::Payment;
use crate::domain::payment::action::can_recall;
use crate::domain::payment::recall::{Recall, RecallKind, RecallState, VoidKind};
use crate::domain::provider::Capability;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::Requester;
use crate::store::StoreError;
use crate::store::work::Work;

/// The most characters of a reason.
const LONGEST_REASON: usize = 500;

/// What a caller wants to be asked of the provider.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// To cancel or to void.
    pub(super) kind: RecallKind,
    /// What becomes of the money of a voided payment.
    pub(super) void_kind: Option<VoidKind>,
    /// Why.
    pub(super) reason: Option<String>,
}

impl Wish {
    /// The recall that this wish becomes.
    pub(super) fn recall(&self, app: &App, requester: &Requester, payment: &Payment, state: RecallState) -> Recall {
        Recall {
            id: app.ids.next::<()>().uuid(),
            payment_id: payment.id,
            kind: self.kind,
            void_kind: self.void_kind,
            reason: self.reason.clone(),
            requested_by: requester.subject.clone(),
            requested_at: app.clock.now(),
            state,
            provider_message: None,
        }
    }

    const fn event(&self) -> EventType {
        match self.kind {
            RecallKind::Cancel => EventType::CancelRequested,
            RecallKind::Void => EventType::VoidRequested,
        }
    }
}

/// Refuses a reason that is too long, or that no database and no provider takes.
pub(super) fn check_reason(reason: Option<&str>) -> Result<(), Refusal> {
    let fits = |reason: &str| reason.chars().count() <= LONGEST_REASON && !reason.chars().any(char::is_control);
    if reason.is_none_or(fits) {
        return Ok(());
    }
    let message = format!("a reason has at most {LONGEST_REASON} printable characters");
    Err(Refusal::input(&["input", "reason"], message))
}

impl App {
    /// Which recalls the provider may be asked for now: those that it can do at all, and that fit its own words for the
    /// payment's state.
    pub fn recalls_of(&self, payment: &Payment) -> Vec<RecallKind> {
        let Some(provider) = self.provider(payment.provider) else { return Vec::new() };
        let offered = provider.recalls(payment.provider_status.as_deref()).iter().copied();
        offered.filter(|kind| provider.capabilities().contains(&capability(*kind))).collect()
    }

    /// Refuses a recall that the provider of a payment cannot do at all.
    pub(super) fn require_recall(&self, payment: &Payment, kind: RecallKind) -> Result<(), Refusal> {
        let Some(provider) = self.provider(payment.provider) else {
            let message = format!("{} is switched off", payment.provider.name());
            return Err(Refusal::new(ErrorCode::ProviderUnavailable, message));
        };
        if provider.capabilities().contains(&capability(kind)) {
            return Ok(());
        }
        let verb = match kind {
            RecallKind::Cancel => "cancel",
            RecallKind::Void => "void",
        };
        Err(Refusal::lacks(capability(kind), format!("{} cannot {verb} a payment", payment.provider.name())))
    }

    /// Stores a wish with its event and wakes the worker. The payment's submission is locked by this change already. A
    /// wish that is on its way is not stored again; `None` tells so.
    pub(super) async fn wish(
        &self,
        work: &mut Work,
        requester: &Requester,
        before: &Payment,
        wish: &Wish,
    ) -> Result<Option<Payment>, AppError> {
        if self.is_on_its_way(work, before, wish.kind).await? {
            return Ok(None);
        }
        if !can_recall(before, wish.kind, &self.recalls_of(before)) {
            return Err(refusal(before, wish.kind).into());
        }
        let recall = wish.recall(self, requester, before, RecallState::Requested);
        work.insert_recall(&before.tenant, &recall).await?;
        let mut after = before.clone();
        work.save_payment(before, &mut after, wish.event(), &requester.subject, wish.reason.clone()).await?;
        // Counted as a question, so that whoever holds the submission now comes back to it.
        work.request_look_up(before.submission_id).await?;
        Ok(Some(after))
    }

    async fn is_on_its_way(&self, work: &Work, payment: &Payment, kind: RecallKind) -> Result<bool, StoreError> {
        let Some((recall, ended_at)) = work.newest_recall(payment.id, kind).await? else { return Ok(false) };
        if recall.state != RecallState::Unknown {
            return Ok(recall.state.is_open());
        }
        let submission = work.lock_submission(payment.submission_id).await?;
        let looked_up_at = submission.and_then(|submission| submission.last_look_up).map(|(_, at)| at);
        let looked_up_since = looked_up_at.is_some_and(|at| ended_at.is_some_and(|ended| at > ended));
        Ok(!looked_up_since)
    }
}

const fn capability(kind: RecallKind) -> Capability {
    match kind {
        RecallKind::Cancel => Capability::Cancel,
        RecallKind::Void => Capability::Void,
    }
}

/// Why a payment in its present state is not recalled.
fn refusal(payment: &Payment, kind: RecallKind) -> Refusal {
    let name = payment.provider.name();
    let (code, verb) = match kind {
        RecallKind::Cancel => (ErrorCode::PaymentNotCancellable, "cancel"),
        RecallKind::Void => (ErrorCode::PaymentNotVoidable, "void"),
    };
    let message = if payment.provider_reference.is_none() {
        format!("the payment is {}: {name} has not named it yet, so it cannot be asked to {verb} it", payment.status)
    } else {
        format!("the payment is {}: {name} cannot be asked to {verb} it at this point", payment.status)
    };
    Refusal::new(code, message)
}
