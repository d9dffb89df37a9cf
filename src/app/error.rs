//! How a use case fails.

use crate::domain::refusal::Refusal;
use crate::domain::requester::Scope;
use crate::store::{Passing, StoreError};

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The caller can act on it. Nothing was written.
    #[error("refused")]
    Refused(Vec<Refusal>),
    /// The token lacks this scope.
    #[error("the token lacks the scope {0}")]
    Forbidden(Scope),
    /// The log does not go on from where it was asked for: that is no longer held, or was never part of it. Its oldest
    /// sequence is this.
    #[error("the log begins at {0}")]
    ResyncRequired(i64),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AppError {
    /// The same of a use case that has written nothing: what the database could not give in time is a refusal then.
    #[must_use]
    pub(super) fn unwritten(self) -> Self {
        match self {
            Self::Store(error) => super::overload::unwritten(error),
            Self::Refused(_) | Self::Forbidden(_) | Self::ResyncRequired(_) => self,
        }
    }
}

impl Passing for AppError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Refused(_) | Self::Forbidden(_) | Self::ResyncRequired(_) => false,
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}
