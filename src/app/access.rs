//! Who may do what.

use super::AppError;
use crate::domain::requester::{Requester, Scope};

/// Refuses a requester without `scope`.
pub fn require(requester: &Requester, scope: Scope) -> Result<(), AppError> {
    if requester.may(scope) { Ok(()) } else { Err(AppError::Forbidden(scope)) }
}

/// Refuses a requester with neither of two scopes; names the first.
pub fn require_either(requester: &Requester, scope: Scope, or: Scope) -> Result<(), AppError> {
    if requester.may(scope) || requester.may(or) { Ok(()) } else { Err(AppError::Forbidden(scope)) }
}
