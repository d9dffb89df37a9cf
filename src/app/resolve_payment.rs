//! Resolving a payment in review: a person decides, with evidence.

use super::access::require;
use super::engine::{Testimony, clean};
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::ids::PaymentId;
use crate::domain::payment::evidence::{Reported, Source, Verdict};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::{Failure, Payment};
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::store::Owner;

const SHORTEST_EVIDENCE: usize = 10;
const LONGEST_EVIDENCE: usize = 4_000;

/// What a person found out.
#[derive(Clone, Debug)]
pub struct ResolvePayment {
    /// Which payment.
    pub payment_id: String,
    /// Whether it was paid.
    pub succeeded: bool,
    /// How it is known.
    pub evidence: String,
    /// What the provider named it.
    pub provider_reference: Option<String>,
}

impl App {
    /// Decides a payment in NEEDS_REVIEW. Repeated with the same outcome it answers the payment as it is.
    pub async fn resolve_payment(&self, requester: &Requester, input: ResolvePayment) -> Result<Payment, AppError> {
        require(requester, Scope::Admin)?;
        let path = &["input", "paymentId"];
        let length = input.evidence.trim().chars().count();
        if !(SHORTEST_EVIDENCE..=LONGEST_EVIDENCE).contains(&length) {
            let message = format!("say how it is known, in {SHORTEST_EVIDENCE} to {LONGEST_EVIDENCE} characters");
            return Err(Refusal::input(&["input", "evidence"], message).into());
        }
        let provider_reference = input.provider_reference.map(checked_reference).transpose()?;
        let id = input.payment_id.parse::<PaymentId>().map_err(|_| Refusal::not_found(path, "payment"))?;
        let mut work = self.store.begin(Step::Decide).await?;
        let owner = Owner::of(requester);
        let seen = work.payment(&owner, id).await?.ok_or_else(|| Refusal::not_found(path, "payment"))?;
        work.lock_submission(seen.submission_id).await?;
        let mut payment = work.payment(&owner, id).await?.ok_or_else(|| Refusal::not_found(path, "payment"))?;
        let wanted = if input.succeeded { PaymentStatus::Succeeded } else { PaymentStatus::Failed };
        // That it was cancelled is another word for not paid, and may have been heard since.
        let is_called_off = !input.succeeded && payment.status == PaymentStatus::Cancelled;
        if payment.status == wanted || is_called_off {
            work.roll_back().await?;
            return Ok(payment);
        }
        if payment.status != PaymentStatus::NeedsReview {
            let message = format!("the payment is {}; only one in NEEDS_REVIEW can be resolved", payment.status);
            return Err(Refusal::input(path, message).into());
        }
        let verdict = if input.succeeded { Verdict::ConfirmedSucceeded } else { Verdict::ConfirmedFailed };
        let testimony = Testimony {
            note: Some(input.evidence.trim()),
            reported: Reported { provider_reference, ..Reported::default() },
            failure: (!input.succeeded).then(failure),
            ..Testimony::new(Source::Administrator, verdict, &requester.subject)
        };
        self.apply(&mut work, &mut payment, &testimony).await?;
        work.commit().await?;
        Ok(payment)
    }
}

/// A reference such as a provider's own may be.
fn checked_reference(told: String) -> Result<String, Refusal> {
    let message = format!("a reference has 1 to {} printable characters", clean::LONGEST_REFERENCE);
    clean::reference(told).ok_or_else(|| Refusal::input(&["input", "providerReference"], message))
}

fn failure() -> Failure {
    Failure {
        code: ErrorCode::ProviderRefused,
        message: "The payment was checked by a person and was not made.".to_owned(),
        provider_code: None,
        provider_message: None,
        fields: Vec::new(),
    }
}
