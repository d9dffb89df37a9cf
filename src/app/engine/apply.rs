//! Applying one piece of evidence to one payment, inside a change.

use jiff::Timestamp;

use super::{BILLPAY, weaken};
use crate::app::App;
use crate::domain::disbursement::Disbursement;
use crate::domain::event::EventType;
use crate::domain::ids::CallbackId;
use crate::domain::money::Money;
use crate::domain::payment::evidence::{Reported, Source, Verdict, weigh_success};
use crate::domain::payment::fold::{Fold, State, fold};
use crate::domain::payment::status::{PaymentStatus, ReviewReason};
use crate::domain::payment::{Failure, Payment, Receipt};
use crate::domain::provider::{Capability, ProviderCode};
use crate::domain::refusal::ErrorCode;
use crate::store::work::Work;
use crate::store::{NewEvidence, StoreError};
use crate::telemetry::metric;

/// One piece of evidence, with all that came with it.
#[derive(Clone, Debug)]
pub struct Testimony<'a> {
    /// Who gave it.
    pub source: Source,
    /// What it says.
    pub verdict: Verdict,
    /// Who is named as actor of the change.
    pub actor: &'a str,
    /// From which attempt.
    pub attempt_no: Option<i32>,
    /// From which callback.
    pub callback: Option<CallbackId>,
    /// In words, for a person; it becomes the event's reason.
    pub note: Option<&'a str>,
    /// The facts that it carries.
    pub reported: Reported,
    /// Whose account it is.
    pub account_holder_name: Option<String>,
    /// The provider's own words for the state.
    pub provider_status: Option<String>,
    /// What else it tells of the payment.
    pub facts: Facts,
    /// Why it failed, where it says so.
    pub failure: Option<Failure>,
    /// A prepaid token, for the receipt alone.
    pub token: Option<String>,
    /// What else belongs on the receipt.
    pub receipt_fields: Vec<(String, String)>,
}

/// What a provider tells of a payment beside where it stands.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its number for a payer to quote.
    pub confirmation_number: Option<String>,
    /// What it costs the payer, where the currencies differ.
    pub funding_amount: Option<Money>,
    /// By which rate.
    pub exchange_rate: Option<String>,
    /// How the money reaches the biller.
    pub disbursement: Option<Disbursement>,
}

impl<'a> Testimony<'a> {
    /// Evidence that carries a verdict and nothing else.
    pub fn new(source: Source, verdict: Verdict, actor: &'a str) -> Self {
        Self {
            source,
            verdict,
            actor,
            attempt_no: None,
            callback: None,
            note: None,
            reported: Reported::default(),
            account_holder_name: None,
            provider_status: None,
            facts: Facts::default(),
            failure: None,
            token: None,
            receipt_fields: Vec::new(),
        }
    }
}

/// The actor of what a provider says.
pub fn actor_of(provider: ProviderCode) -> &'static str {
    provider.as_str()
}

impl App {
    /// Keeps the evidence, folds it, and saves what it changes.
    pub async fn apply(
        &self,
        work: &mut Work,
        payment: &mut Payment,
        testimony: &Testimony<'_>,
    ) -> Result<Fold, StoreError> {
        let (verdict, outcome) = weigh(payment, testimony);
        let mut outcome = weaken::folded(outcome, verdict);
        if outcome == Fold::Become(State::of(PaymentStatus::Succeeded))
            && testimony.source != Source::Administrator
            && self.suspect_duplicate(work, payment).await?
        {
            outcome = Fold::Become(State::in_review(ReviewReason::DuplicateSuspected));
        }
        work.keep_evidence(&NewEvidence {
            id: self.ids.next(),
            payment: payment.id,
            attempt_no: testimony.attempt_no,
            callback: testimony.callback,
            source: testimony.source,
            verdict,
            fold: outcome,
            reported: &testimony.reported,
            actor: testimony.actor,
            note: testimony.note,
        })
        .await?;
        match outcome {
            Fold::Become(next) => self.become_state(work, payment, next, testimony).await?,
            Fold::Stay => self.learn(work, payment, testimony).await?,
            Fold::Refuse => {
                metrics::counter!(metric::TRANSITIONS_REFUSED).increment(1);
                tracing::warn!(payment.id = %payment.id, status = %payment.status, verdict = %verdict, "evidence refused");
            }
        }
        Ok(outcome)
    }

    /// Brings a payment into another state, with the event, and all that hangs on it.
    async fn become_state(
        &self,
        work: &mut Work,
        payment: &mut Payment,
        next: State,
        testimony: &Testimony<'_>,
    ) -> Result<(), StoreError> {
        let before = payment.clone();
        let (kind, reason) = enter(payment, next, testimony, work.now());
        work.save_payment(&before, payment, kind, testimony.actor, reason).await?;
        if next.status.is_final() {
            work.drop_claim(payment.id).await?;
        }
        self.keep_books(work, &before, payment, testimony).await?;
        note_change(payment);
        Ok(())
    }

    /// The receipt and the bills follow what was settled.
    async fn keep_books(
        &self,
        work: &mut Work,
        before: &Payment,
        payment: &Payment,
        testimony: &Testimony<'_>,
    ) -> Result<(), StoreError> {
        let was_paid = before.status == PaymentStatus::Succeeded;
        let is_paid = payment.status == PaymentStatus::Succeeded;
        if is_paid {
            work.write_receipt(payment, &receipt(payment, testimony, work.now())).await?;
        }
        if was_paid != is_paid && payment.status != PaymentStatus::NeedsReview {
            for (bill, amount) in work.bills_of(payment.id).await? {
                work.pay_bill(bill, if is_paid { amount.minor() } else { -amount.minor() }).await?;
            }
        }
        if self.keeps_number(payment) && matches!(payment.status, PaymentStatus::Pending | PaymentStatus::Succeeded) {
            work.note_saved_with_provider(payment).await?;
        }
        Ok(())
    }

    /// Whether the provider keeps the payment's bill number, which is noted beside it.
    pub(super) fn keeps_number(&self, payment: &Payment) -> bool {
        let provider = self.provider(payment.provider);
        payment.save_bill_number
            && provider.is_some_and(|provider| provider.capabilities().contains(&Capability::SaveBillNumber))
    }

    /// Facts that came with evidence that changes no state.
    async fn learn(&self, work: &mut Work, payment: &mut Payment, testimony: &Testimony<'_>) -> Result<(), StoreError> {
        let before = payment.clone();
        merge_facts(payment, testimony);
        if *payment != before {
            work.save_facts(payment).await?;
        }
        if payment.status == PaymentStatus::Succeeded
            && (testimony.token.is_some() || !testimony.receipt_fields.is_empty())
        {
            work.write_receipt(payment, &receipt(payment, testimony, work.now())).await?;
        }
        Ok(())
    }

    /// Whether another payment of the same bill succeeded since this one was given up, or the other way round. Both
    /// then go to a person.
    async fn suspect_duplicate(&self, work: &mut Work, payment: &Payment) -> Result<bool, StoreError> {
        if payment.status == PaymentStatus::Failed {
            work.request_look_up_of_rivals(payment).await?;
        }
        let rivals = work.rivals_of(payment).await?;
        let found = !rivals.is_empty();
        for mut rival in rivals {
            let before = rival.clone();
            rival.status = PaymentStatus::NeedsReview;
            rival.review = Some((ReviewReason::DuplicateSuspected, work.now()));
            let reason = Some(ReviewReason::DuplicateSuspected.sentence().to_owned());
            work.save_payment(&before, &mut rival, EventType::PaymentNeedsReview, BILLPAY, reason).await?;
        }
        Ok(found)
    }
}

/// What a piece of evidence says, and what it makes of a payment, as far as the two alone can tell.
pub(super) fn weigh(payment: &Payment, testimony: &Testimony<'_>) -> (Verdict, Fold) {
    let verdict = match testimony.verdict {
        Verdict::Succeeded => weigh_success(payment.amount, payment.account_reference.as_deref(), &testimony.reported),
        other => other,
    };
    let state = State { status: payment.status, review: payment.review.map(|(reason, _)| reason) };
    (verdict, fold(state, verdict))
}

/// Brings a payment into another state, with the facts that came with it: what happened, and why.
pub(super) fn enter(
    payment: &mut Payment,
    next: State,
    testimony: &Testimony<'_>,
    now: Timestamp,
) -> (EventType, Option<String>) {
    let kind = EventType::of_change(payment.status, next.status);
    merge_facts(payment, testimony);
    payment.status = next.status;
    payment.review = next.review.map(|reason| (reason, now));
    payment.failure = match next.status {
        PaymentStatus::Failed => Some(testimony.failure.clone().unwrap_or_else(unexplained)),
        _ => None,
    };
    (kind, reason_of(next, testimony, payment.failure.as_ref()))
}

fn merge_facts(payment: &mut Payment, testimony: &Testimony<'_>) {
    let reported = &testimony.reported;
    let replace = |known: &mut Option<String>, told: &Option<String>| {
        if told.is_some() {
            known.clone_from(told);
        }
    };
    replace(&mut payment.provider_reference, &reported.provider_reference);
    replace(&mut payment.biller_reference, &reported.biller_reference);
    replace(&mut payment.account_holder_name, &testimony.account_holder_name);
    replace(&mut payment.provider_status, &testimony.provider_status);
    let facts = &testimony.facts;
    replace(&mut payment.confirmation_number, &facts.confirmation_number);
    replace(&mut payment.exchange_rate, &facts.exchange_rate);
    payment.funding_amount = facts.funding_amount.or(payment.funding_amount);
    if facts.disbursement.is_some() {
        payment.disbursement.clone_from(&facts.disbursement);
    }
}

fn reason_of(next: State, testimony: &Testimony<'_>, failure: Option<&Failure>) -> Option<String> {
    next.review
        .map(|reason| reason.sentence().to_owned())
        .or_else(|| testimony.note.map(str::to_owned))
        .or_else(|| failure.map(|failure| failure.message.clone()))
}

fn unexplained() -> Failure {
    Failure {
        code: ErrorCode::ProviderRefused,
        message: "The provider refused the payment.".to_owned(),
        provider_code: None,
        provider_message: None,
        fields: Vec::new(),
    }
}

pub(super) fn receipt(payment: &Payment, testimony: &Testimony<'_>, now: Timestamp) -> Receipt {
    Receipt {
        number: format!("R-{}", payment.id.to_string().trim_start_matches("pay_").to_uppercase()),
        issued_at: now,
        provider_reference: payment.provider_reference.clone(),
        biller_reference: payment.biller_reference.clone(),
        token: testimony.token.clone(),
        fields: testimony.receipt_fields.clone(),
    }
}

/// Counts a change, and logs it.
pub(super) fn note_change(payment: &Payment) {
    let (status, provider) = (payment.status, payment.provider);
    metrics::counter!(metric::TRANSITIONS, "to" => status.as_str(), "provider" => provider.as_str()).increment(1);
    match payment.review {
        Some((reason, _)) => {
            tracing::warn!(payment.id = %payment.id, provider.name = %payment.provider, %reason, "a person must look");
        }
        None => tracing::info!(payment.id = %payment.id, %status, "payment changed"),
    }
}
