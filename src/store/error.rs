//! How the store fails.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

use super::retry::Passing;

/// What went wrong in the database, in the terms of what the caller may do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was changed.
    #[error("the database failed")]
    Database(#[source] DbErr),
    /// The connection was lost while committing: the change may or may not stand.
    #[error("the outcome of a commit is unknown")]
    OutcomeUnknown(#[source] DbErr),
    /// A row holds something that this version does not know. It is passed over, never guessed.
    #[error("a stored row cannot be read: {0}")]
    Unreadable(&'static str),
    /// Someone else changed the same object first; nothing was changed.
    #[error("the object was changed by another")]
    Conflict,
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl StoreError {
    /// Whether the whole transaction may be tried again: a deadlock, a serialisation failure, a busy database.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => {
                sqlstate(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | "5" | "517" | "261"))
            }
            Self::Conflict => true,
            Self::OutcomeUnknown(_) | Self::Unreadable(_) => false,
        }
    }

    /// Whether a uniqueness rule of the database refused.
    pub fn is_duplicate(&self) -> bool {
        match self {
            Self::Database(error) => matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))),
            Self::OutcomeUnknown(_) | Self::Unreadable(_) | Self::Conflict => false,
        }
    }

    /// The error of a commit: known to have failed only where the server itself said so.
    pub(super) fn of_commit(error: DbErr) -> Self {
        if sqlstate(&error).is_some() { Self::Database(error) } else { Self::OutcomeUnknown(error) }
    }
}

impl Passing for StoreError {
    fn is_passing(&self) -> bool {
        self.is_transient() || self.is_duplicate()
    }
}

fn sqlstate(error: &DbErr) -> Option<String> {
    let runtime = match error {
        DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))
        | DbErr::Conn(RuntimeErr::SqlxError(error)) => error,
        _ => return None,
    };
    match runtime.as_ref() {
        sqlx::Error::Database(database) => database.code().map(|code| code.into_owned()),
        _ => None,
    }
}
