//! What is submitted: a payment or a bulk of them, or control numbers; for the contract both are the same.

use std::time::Duration;

use billpay::domain::payment::evidence::Verdict;
use billpay::ports::clock::{Clock, Deadline};
use billpay::ports::provider::{
    ControlNumberRequest, ExpectedPayment, FrozenRequest, PaymentRequest, Preparation, Provider, ProviderError,
    StatusQuery, SubmissionRequest,
};

/// Our reference in every submission of payments.
pub const OURS: &str = "d695e5e7-8a3e-4d60-aae3-731bb81f95d1";

/// One submission.
#[derive(Clone, Debug)]
pub enum Work {
    /// Payments.
    Payments(SubmissionRequest),
    /// Control numbers, all of one kind.
    Numbers(Vec<ControlNumberRequest>),
}

/// What the provider said of one payment or number of a submission.
#[derive(Debug)]
pub struct Taken {
    /// Its verdict; that a number was made counts as accepted.
    pub verdict: Option<Verdict>,
    /// What the provider calls it.
    pub reference: Option<String>,
    /// Why this one of several was not taken.
    pub error: Option<ProviderError>,
}

impl Taken {
    /// Whether the provider has it.
    pub fn is_taken(&self) -> bool {
        self.error.is_none() && matches!(self.verdict, Some(Verdict::Accepted | Verdict::Succeeded))
    }

    /// Whether this one was definitely refused.
    pub fn is_refused(&self) -> bool {
        matches!(self.error, Some(ProviderError::Refused(_)))
    }
}

impl Work {
    /// One payment.
    pub fn payment(payment: PaymentRequest) -> Self {
        let request = SubmissionRequest { our_reference: OURS.to_owned(), bulk: false, payments: vec![payment] };
        Self::Payments(request)
    }

    /// Several payments in one call.
    pub fn bulk(payments: Vec<PaymentRequest>) -> Self {
        Self::Payments(SubmissionRequest { our_reference: OURS.to_owned(), bulk: true, payments })
    }

    /// Gets all that is needed before a submission is marked.
    pub async fn prepare(&self, provider: &dyn Provider) -> Result<Preparation, ProviderError> {
        match self {
            Self::Payments(request) => provider.prepare(Some(request)).await,
            Self::Numbers(_) => provider.prepare(None).await,
        }
    }

    /// The bytes that are sent.
    pub fn freeze(&self, provider: &dyn Provider, preparation: &Preparation) -> Result<FrozenRequest, ProviderError> {
        match self {
            Self::Payments(request) => provider.freeze(request, preparation),
            Self::Numbers(requests) => provider.freeze_control_numbers(requests),
        }
    }

    /// Sends them, once.
    pub async fn send(
        &self,
        provider: &dyn Provider,
        frozen: &FrozenRequest,
        preparation: Preparation,
        limit: Duration,
    ) -> Result<Vec<Taken>, ProviderError> {
        let deadline = Deadline::after(limit);
        match self {
            Self::Payments(_) => {
                let answers = provider.submit(frozen, preparation, deadline).await?;
                let taken = answers.into_iter().map(|answer| Taken {
                    verdict: answer.verdict,
                    reference: answer.reported.provider_reference,
                    error: None,
                });
                Ok(taken.collect())
            }
            Self::Numbers(_) => {
                let outcomes = provider.create_control_numbers(frozen, preparation, deadline).await?;
                let taken = outcomes.into_iter().map(|outcome| match outcome {
                    Ok(made) => Taken { verdict: Some(Verdict::Accepted), reference: Some(made.number), error: None },
                    Err(error) => Taken { verdict: None, reference: None, error: Some(error) },
                });
                Ok(taken.collect())
            }
        }
    }

    /// How its payments are asked for; none for control numbers.
    pub fn query(&self, provider_references: Vec<String>) -> Option<StatusQuery> {
        let Self::Payments(request) = self else { return None };
        let expected = |payment: &PaymentRequest| ExpectedPayment {
            biller_code: payment.biller.code.clone(),
            amount: payment.amount,
            bills: payment.bills.clone(),
        };
        Some(StatusQuery {
            our_reference: request.our_reference.clone(),
            provider_references,
            bulk: request.bulk,
            payments: request.payments.iter().map(expected).collect(),
            first_sent_at: Some(Clock::default().now()),
        })
    }
}
