//! How a call to a provider fails: named by what the caller may do next.

use std::fmt;
use std::time::Duration;

use crate::domain::payment::FieldFault;

/// Why a call gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider definitely refused: final, tell the payer.
    #[error("the provider refused")]
    Refused(Refused),
    /// Nothing left this host, or the provider documents that it did not process the request: try again freely.
    #[error("not sent: {0}")]
    NotSent(Trouble),
    /// It may have arrived: resolve it, never submit blindly again.
    #[error("outcome unknown: {0}")]
    Unknown(Trouble),
    /// Our credentials or our contract with the provider are at fault and the request was not processed: stop and
    /// alert.
    #[error("misconfigured: {0}")]
    Misconfigured(Trouble),
}

/// A definite refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// The kind, as far as it is known.
    pub kind: RefusalKind,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub message: String,
    /// Which inputs it named. Paths are of createPayment's input.
    pub fields: Vec<FieldFault>,
    /// Which bills of a bulk it named, each with its own reason.
    pub bills: Vec<RefusedBill>,
    /// Of the answer.
    pub http_status: Option<u16>,
    /// The provider's trace.
    pub trace: Option<String>,
}

/// One bill because of which a bulk was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedBill {
    /// What the provider calls it.
    pub bill_reference: String,
    /// What it is about.
    pub kind: RefusalKind,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub message: String,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefusalKind {
    /// The account does not exist.
    AccountNotFound,
    /// The amount is not allowed.
    Amount,
    /// Some input is malformed; `fields` tell which.
    Input,
    /// The bill, biller or other object that was named does not exist.
    NotFound,
    /// The day is not one on which the provider pays.
    ProcessDate,
    /// The funding account cannot be used.
    FundingAccount,
    /// Our reference was used before.
    ReferenceInUse,
    /// The provider asks for something that billpay does not send; the message says what, in our own words.
    NotSupported,
    /// The payment is in no state in which it can be cancelled or voided.
    NotRecallable,
    /// Anything else.
    #[default]
    Other,
}

impl RefusalKind {
    /// Whether it is about one bill or account, so that it cannot be the reason for all payments of a bulk.
    pub const fn is_of_one_bill(self) -> bool {
        match self {
            Self::AccountNotFound | Self::Amount | Self::NotFound => true,
            Self::Input
            | Self::ProcessDate
            | Self::FundingAccount
            | Self::ReferenceInUse
            | Self::NotSupported
            | Self::NotRecallable
            | Self::Other => false,
        }
    }
}

/// What went wrong on the way, without the body and without any secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// A short fixed text, such as `connect failed` or `answer cannot be read`.
    pub what: &'static str,
    /// Of the answer, where there was one.
    pub http_status: Option<u16>,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words, for an administrator.
    pub message: Option<String>,
    /// The provider's trace.
    pub trace: Option<String>,
    /// How long nothing should be submitted, where the provider told.
    pub retry_after: Option<Duration>,
    /// Whether it is no news of the provider: another call has told it already, as of the token that both carried, or our
    /// own calls were in the way.
    pub is_known: bool,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.http_status {
            Some(status) => write!(f, "{} (HTTP {status})", self.what),
            None => f.write_str(self.what),
        }
    }
}
