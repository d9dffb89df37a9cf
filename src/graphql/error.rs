//! Errors, as a client sees them: what it can act on stands in a payload, the rest at the top level with a code.

use std::collections::HashMap;

use async_graphql::{Context, Enum, Error, ErrorExtensions, Interface, SimpleObject};
use uuid::Uuid;

use super::context::ContextExt;
use super::object::amount_rule::AmountRule;
use super::object::payment::Payment;
use super::object::provider::Capability;
use crate::app::AppError;
use crate::domain::ids::PaymentId;
use crate::domain::payment;
use crate::domain::refusal::{self, Detail, Refusal};
use crate::store::StoreError;

/// When who was told that there is too much to do is to come again.
const BUSY_RETRY_AFTER_SECONDS: u64 = 3;

/// What went wrong, for a program. The list grows; a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "refusal::ErrorCode")]
pub enum ErrorCode {
    /// Something in the input cannot be used; `path` says which.
    BadUserInput,
    /// There is no such object, or it is not yours.
    NotFound,
    /// The token's scopes do not allow it.
    Forbidden,
    /// The idempotency key was used with another input. Nothing was done.
    IdempotencyKeyReused,
    /// Another payment for the same bill or account is still open.
    BillAlreadyBeingPaid,
    /// The bill is paid, expired or closed, or its biller cannot be paid at present.
    BillNotPayable,
    /// The amount is outside what the biller or bill takes.
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
    /// Another payment of the same bulk payment was refused.
    BulkRolledBack,
    /// The reference was used before.
    ReferenceInUse,
    /// The provider refused, for a reason that it did not make more precise.
    ProviderRefused,
    /// The provider gave no usable answer. Nothing was changed.
    ProviderUnavailable,
    /// Our session with the provider is not trusted to pay.
    ProviderNotTrusted,
    /// billpay has too much to do at present; try again later.
    Overloaded,
    /// This server can send no webhooks, since a setting is missing.
    WebhooksUnavailable,
}

/// Something that the caller can act on. Without an object beside it, nothing was written.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "code", ty = "&ErrorCode", desc = "What went wrong, for a program."),
    field(name = "message", ty = "&String", desc = "What went wrong and what to do, for a person."),
    field(
        name = "path",
        ty = "&Option<Vec<String>>",
        desc = "Which part of the input, from the outermost name inwards; null where it is no single part."
    )
)]
pub enum UserError {
    /// An input that cannot be used.
    InputError(InputError),
    /// An amount that is not taken.
    AmountError(AmountError),
    /// A bill or account that is being paid.
    BeingPaidError(Box<BeingPaidError>),
    /// A provider that cannot do it.
    CapabilityError(CapabilityError),
    /// Anything else.
    OperationError(OperationError),
}

/// An input that cannot be used.
#[derive(Clone, Debug, SimpleObject)]
pub struct InputError {
    /// What went wrong, for a program.
    code: ErrorCode,
    /// What went wrong and what to do, for a person.
    message: String,
    /// Which part of the input, from the outermost name inwards.
    path: Option<Vec<String>>,
}

/// An amount or a currency that is not taken.
#[derive(Clone, Debug, SimpleObject)]
pub struct AmountError {
    /// What went wrong, for a program.
    code: ErrorCode,
    /// What went wrong and what to do, for a person.
    message: String,
    /// Which part of the input, from the outermost name inwards.
    path: Option<Vec<String>>,
    /// The amounts that are taken.
    allowed: AmountRule,
}

/// A bill or account for which another payment is still open.
#[derive(Clone, Debug, SimpleObject)]
pub struct BeingPaidError {
    /// What went wrong, for a program.
    code: ErrorCode,
    /// What went wrong and what to do, for a person.
    message: String,
    /// Which part of the input, from the outermost name inwards.
    path: Option<Vec<String>>,
    /// The open payment; null where you may not see it.
    payment: Option<Payment>,
}

/// Something that the provider cannot do.
#[derive(Clone, Debug, SimpleObject)]
pub struct CapabilityError {
    /// What went wrong, for a program.
    code: ErrorCode,
    /// What went wrong and what to do, for a person.
    message: String,
    /// Which part of the input, from the outermost name inwards.
    path: Option<Vec<String>>,
    /// What is lacking.
    capability: Capability,
}

/// Anything else that the caller can act on.
#[derive(Clone, Debug, SimpleObject)]
pub struct OperationError {
    /// What went wrong, for a program.
    code: ErrorCode,
    /// What went wrong and what to do, for a person.
    message: String,
    /// Which part of the input, from the outermost name inwards.
    path: Option<Vec<String>>,
}

/// What a use case gave, and what the caller can act on: the one or the other.
pub async fn split<T>(
    ctx: &Context<'_>,
    outcome: Result<T, AppError>,
) -> async_graphql::Result<(Option<T>, Vec<UserError>)> {
    match outcome {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(AppError::Refused(refusals)) => Ok((None, user_errors(ctx, refusals).await?)),
        // What the database could not give may have been wanted behind a commit.
        Err(AppError::Store(error)) if error.lack().is_some() => Err(maybe_stored(&error)),
        Err(error) => Err(top_level(error)),
    }
}

/// Several refusals as a client sees them. The payments that they name are read at once.
pub async fn user_errors(ctx: &Context<'_>, refusals: Vec<Refusal>) -> async_graphql::Result<Vec<UserError>> {
    let named: Vec<Uuid> = refusals.iter().filter_map(open_payment).map(|id| id.uuid()).collect();
    let open = match named.as_slice() {
        [] => HashMap::new(),
        named => ctx.app().store.payments_by_id(&ctx.owner(), named).await.map_err(database)?,
    };
    Ok(refusals.into_iter().map(|refusal| user_error(refusal, &open)).collect())
}

/// The payment that a refusal names.
fn open_payment(refusal: &Refusal) -> Option<PaymentId> {
    match refusal.detail {
        Some(Detail::BeingPaid(id)) => id,
        Some(Detail::Allowed(_) | Detail::Capability(_)) | None => None,
    }
}

/// One refusal as a client sees it; of the payments that refusals name, those that the client may see are at hand.
fn user_error(refusal: Refusal, open: &HashMap<Uuid, payment::Payment>) -> UserError {
    let (code, message) = (ErrorCode::from(refusal.code), refusal.message);
    let path = Some(refusal.path).filter(|path| !path.is_empty());
    match refusal.detail {
        Some(Detail::Allowed(rule)) => {
            UserError::AmountError(AmountError { code, message, path, allowed: rule.into() })
        }
        Some(Detail::BeingPaid(id)) => {
            let payment = id.and_then(|id| open.get(&id.uuid())).cloned().map(Payment);
            UserError::BeingPaidError(Box::new(BeingPaidError { code, message, path, payment }))
        }
        Some(Detail::Capability(capability)) => {
            UserError::CapabilityError(CapabilityError { code, message, path, capability: capability.into() })
        }
        None if code == ErrorCode::BadUserInput => UserError::InputError(InputError { code, message, path }),
        None => UserError::OperationError(OperationError { code, message, path }),
    }
}

/// An error of a use case where there is no payload to put it in.
pub fn top_level(error: AppError) -> Error {
    match error {
        AppError::Forbidden(scope) => coded("FORBIDDEN", format!("the token lacks the scope {scope}")),
        AppError::ResyncRequired(oldest) => {
            let message = "the log does not go on from `after`: read `viewer { eventsHead }`, then the present state, \
                           and follow from that head";
            coded("RESYNC_REQUIRED", message).extend_with(|_, values| values.set("oldest", oldest.to_string()))
        }
        AppError::Refused(refusals) => {
            let message = refusals.into_iter().map(|refusal| refusal.message).next().unwrap_or_default();
            coded("BAD_USER_INPUT", message)
        }
        AppError::Store(error) => database(error),
    }
}

/// A failure of the database. What was to be committed may stand: the same key tells.
pub fn database(error: StoreError) -> Error {
    if error.lack().is_some() {
        tracing::warn!(%error, "the database could not answer in time");
        let message = "the server has too much to do: try again in a few seconds";
        return coded("RATE_LIMITED", message)
            .extend_with(|_, values| values.set("retryAfter", BUSY_RETRY_AFTER_SECONDS));
    }
    match error {
        StoreError::OutcomeUnknown(_) => maybe_stored(&error),
        StoreError::Database(ref source) => {
            tracing::error!(%error, %source, "the database failed");
            Error::new("the database failed")
        }
        StoreError::Unreadable(_) | StoreError::Conflict => Error::new(error.to_string()),
    }
}

fn maybe_stored(error: &StoreError) -> Error {
    let source = std::error::Error::source(error).map(tracing::field::display);
    tracing::error!(%error, source, "it is not known whether something was stored");
    coded("OUTCOME_UNKNOWN_RETRY_SAME_KEY", "it is not known whether this was stored; send it again with the same key")
}

/// An input without a payload to tell it in.
pub fn bad_input(message: impl Into<String>) -> Error {
    coded("BAD_USER_INPUT", message)
}

fn coded(code: &'static str, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, values| values.set("code", code))
}
