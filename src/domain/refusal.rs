//! Refusals: what a caller did that cannot be done, in words that it can act on.

use super::amount_rule::AmountRule;
use super::ids::PaymentId;
use super::provider::Capability;

/// The one list of codes that a caller can program against. It grows; a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// Something in the input cannot be used; `path` says which.
    BadUserInput,
    /// There is no such object, or it is not yours.
    NotFound,
    /// The token's scopes do not allow it.
    Forbidden,
    /// The idempotency key was used with another input.
    IdempotencyKeyReused,
    /// Another payment for the same bill or account is still open.
    BillAlreadyBeingPaid,
    /// The bill is paid, expired or closed.
    BillNotPayable,
    /// The amount is outside what the biller or bill allows.
    AmountNotAllowed,
    /// The currency is not the biller's.
    CurrencyMismatch,
    /// The biller does not know the account.
    AccountNotFound,
    /// The provider cannot do that.
    CapabilityMissing,
    /// The provider needs to know which funding account pays.
    FundingAccountRequired,
    /// The funding account cannot be used.
    FundingAccountInactive,
    /// The process date is in the past, too far ahead, or not a day on which the provider pays.
    ProcessDateNotAllowed,
    /// The payment went too far to be cancelled.
    PaymentNotCancellable,
    /// The payment is in no state in which it can be voided.
    PaymentNotVoidable,
    /// Another payment of the same bulk was refused.
    BulkRolledBack,
    /// The reference was used before.
    ReferenceInUse,
    /// The provider refused, for a reason that it did not make more precise.
    ProviderRefused,
    /// The provider did not answer; nothing was changed.
    ProviderUnavailable,
    /// Our session with the provider is not trusted to pay.
    ProviderNotTrusted,
    /// billpay has too much to do; try again later.
    Overloaded,
    /// This server can send no webhooks, since a setting is missing.
    WebhooksUnavailable,
}

/// What a client can render beside the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The amounts that are allowed.
    Allowed(AmountRule),
    /// The payment that is still open, where the caller may see it.
    BeingPaid(Option<PaymentId>),
    /// The capability that is lacking.
    Capability(Capability),
}

/// One reason why something was not done. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What went wrong, for a program.
    pub code: ErrorCode,
    /// What went wrong and what to do, for a person.
    pub message: String,
    /// Which part of the input, from the outermost name inwards; empty where it is no single part.
    pub path: Vec<String>,
    /// More for a client to show.
    pub detail: Option<Detail>,
}

impl Refusal {
    /// A refusal of the whole.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: Vec::new(), detail: None }
    }

    /// A refusal of an input.
    pub fn input(path: &[&str], message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadUserInput, message).at(path)
    }

    /// That there is no such thing, said alike for what does not exist and for what is another's.
    pub fn not_found(path: &[&str], what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}")).at(path)
    }

    /// That a provider lacks `capability`.
    pub fn lacks(capability: Capability, message: impl Into<String>) -> Self {
        Self { detail: Some(Detail::Capability(capability)), ..Self::new(ErrorCode::CapabilityMissing, message) }
    }

    /// The same, for the part of the input at `path`.
    #[must_use]
    pub fn at(self, path: &[&str]) -> Self {
        Self { path: path.iter().map(|&name| name.to_owned()).collect(), ..self }
    }

    /// The same, with something to render.
    #[must_use]
    pub fn with(self, detail: Detail) -> Self {
        Self { detail: Some(detail), ..self }
    }
}
