//! How the store fails.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, sqlx};

use super::retry::Passing;

/// PostgreSQL's code for a lock that did not come free in time.
const HELD: &str = "55P03";
/// PostgreSQL's code for a statement that took longer than it may.
const TOO_LONG: &str = "57014";

/// What went wrong in the database, in the terms of what the caller may do next.
#[derive(Clone, Debug, thiserror::Error)]
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

/// What the database lacks at present, so that the same may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// No connection came free in time, or SQLite's one lock.
    Connection,
    /// PostgreSQL took too long, most often since another held a lock. Other questions it may answer.
    Time,
    /// The disk is full, or takes no writes.
    Room,
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl StoreError {
    /// Whether the whole transaction may be tried again: a deadlock, a serialisation failure, a lock that did not come
    /// free, a busy database.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => sqlstate(error)
                .is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | HELD | "5" | "517" | "261")),
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

    /// What the database lacked, where that is why nothing was changed.
    pub fn lack(&self) -> Option<Lack> {
        match self {
            Self::Database(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) => Some(Lack::Connection),
            Self::Database(error) => lack_of(&sqlstate(error)?),
            Self::OutcomeUnknown(_) | Self::Unreadable(_) | Self::Conflict => None,
        }
    }

    /// Of a change whose maker fell over before it told the end.
    pub(crate) fn unheard() -> Self {
        Self::OutcomeUnknown(DbErr::Custom("whoever made the change fell over".to_owned()))
    }

    /// Whether the database itself is why, or nobody knows: then it says nothing against the very rows that were to be
    /// written, and to write fewer of them would not help.
    pub(super) fn is_of_all(&self) -> bool {
        match self {
            Self::OutcomeUnknown(_) => true,
            Self::Database(error) => (self.is_in_vain() && !self.is_held()) || sqlstate(error).is_none(),
            Self::Unreadable(_) | Self::Conflict => false,
        }
    }

    /// Whether a lock did not come free in time: that says nothing of who needs another.
    pub(super) fn is_held(&self) -> bool {
        match self {
            Self::Database(error) => sqlstate(error).as_deref() == Some(HELD),
            Self::OutcomeUnknown(_) | Self::Unreadable(_) | Self::Conflict => false,
        }
    }

    /// Whether who tries next would wait as long, and for as little.
    pub(super) fn is_in_vain(&self) -> bool {
        self.lack().is_some()
    }

    /// The error of a statement that is a whole change: as that of a commit, unless it was never sent.
    pub(super) fn of_whole(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Database(error),
            error => Self::of_commit(error),
        }
    }

    /// The error of a commit: known to have failed only where the server itself said so. Of a write that SQLite could
    /// not finish the end may be on the disk all the same, and be found there when the file is next opened.
    pub(super) fn of_commit(error: DbErr) -> Self {
        match sqlstate(&error) {
            Some(code) if lack_of(&code) != Some(Lack::Room) || is_of_postgres(&code) => Self::Database(error),
            Some(_) | None => Self::OutcomeUnknown(error),
        }
    }
}

impl Passing for StoreError {
    fn is_passing(&self) -> bool {
        self.is_transient() || self.is_duplicate()
    }
}

/// PostgreSQL's classes 53 and 57P03, and what took too long; SQLite's BUSY, LOCKED, READONLY, IOERR and FULL with all
/// that extend them.
fn lack_of(code: &str) -> Option<Lack> {
    if is_of_postgres(code) {
        return match code {
            "53100" => Some(Lack::Room),
            "53200" | "53300" | "53400" | "57P03" => Some(Lack::Connection),
            HELD | TOO_LONG => Some(Lack::Time),
            _ => None,
        };
    }
    match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => Some(Lack::Connection),
        8 | 10 | 13 => Some(Lack::Room),
        _ => None,
    }
}

/// An SQLSTATE has five characters; no code of SQLite's has as many.
fn is_of_postgres(code: &str) -> bool {
    code.len() == 5
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_lacking_is_told_by_the_code_of_either_database() {
        for (code, lack) in [
            ("13", Some(Lack::Room)),
            ("778", Some(Lack::Room)),
            ("1032", Some(Lack::Room)),
            ("53100", Some(Lack::Room)),
            ("5", Some(Lack::Connection)),
            ("517", Some(Lack::Connection)),
            ("53300", Some(Lack::Connection)),
            ("55P03", Some(Lack::Time)),
            ("57014", Some(Lack::Time)),
            ("19", None),
            ("2067", None),
            ("23505", None),
            ("40001", None),
        ] {
            assert_eq!(lack_of(code), lack, "{code}");
        }
    }

    #[test]
    fn a_whole_change_that_was_never_sent_is_not_in_doubt() {
        let unsent = StoreError::of_whole(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        assert_eq!((unsent.lack(), unsent.is_of_all()), (Some(Lack::Connection), true));
        let lost = DbErr::Query(RuntimeErr::SqlxError(Arc::new(sqlx::Error::WorkerCrashed)));
        assert!(matches!(StoreError::of_whole(lost), StoreError::OutcomeUnknown(_)));
        assert!(!StoreError::Unreadable("a row").is_of_all(), "another row can be read");
    }

    #[test]
    fn no_connection_in_time_is_no_bug() {
        let error = StoreError::Database(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        assert_eq!(error.lack(), Some(Lack::Connection));
        let error = StoreError::OutcomeUnknown(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        assert_eq!(error.lack(), None, "it may have been written");
    }
}
