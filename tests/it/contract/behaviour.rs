//! The list: every behaviour, once.

use super::bench::Stand;
use super::cases::{callback, control_number, failure, look_up, submission};
use super::outcome::Checked;
use super::subject::Subject;

/// What an adapter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    Catalogue,
    AccountFound,
    AccountNotFound,
    Accepted,
    Refused,
    DuplicateKey,
    ConnectionRefused,
    TimeoutBeforeEffect,
    TimeoutAfterEffect,
    Reset,
    ServerError,
    MalformedBody,
    HugeBody,
    RedirectNotFollowed,
    ExpiredSession,
    SentOnce,
    StatusFound,
    StatusNotFound,
    UnknownStatus,
    LateCallback,
    ForgedCallback,
    BulkAccepted,
    BulkRefused,
    Recall,
    NumberCreated,
    NumberFound,
    NumberNotFound,
    NumberUpdated,
    Collections,
}

impl Behaviour {
    /// Every one, in the order of the table.
    pub const ALL: [Self; 29] = [
        Self::Catalogue,
        Self::AccountFound,
        Self::AccountNotFound,
        Self::Accepted,
        Self::Refused,
        Self::DuplicateKey,
        Self::ConnectionRefused,
        Self::TimeoutBeforeEffect,
        Self::TimeoutAfterEffect,
        Self::Reset,
        Self::ServerError,
        Self::MalformedBody,
        Self::HugeBody,
        Self::RedirectNotFollowed,
        Self::ExpiredSession,
        Self::SentOnce,
        Self::StatusFound,
        Self::StatusNotFound,
        Self::UnknownStatus,
        Self::LateCallback,
        Self::ForgedCallback,
        Self::BulkAccepted,
        Self::BulkRefused,
        Self::Recall,
        Self::NumberCreated,
        Self::NumberFound,
        Self::NumberNotFound,
        Self::NumberUpdated,
        Self::Collections,
    ];

    /// For the table.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Catalogue => "the catalogue is read",
            Self::AccountFound => "an account, or a vendor's bills, are found",
            Self::AccountNotFound => "an unknown account is refused",
            Self::Accepted => "a submission is taken",
            Self::Refused => "a definite refusal is told as one",
            Self::DuplicateKey => "a used reference is no new refusal of the first",
            Self::ConnectionRefused => "without a connection nothing was sent",
            Self::TimeoutBeforeEffect => "a time-out before the effect is unknown",
            Self::TimeoutAfterEffect => "a time-out after the effect is unknown",
            Self::Reset => "a broken connection is unknown",
            Self::ServerError => "a 5xx is unknown",
            Self::MalformedBody => "an answer that cannot be read is unknown",
            Self::HugeBody => "a huge answer is cut off, and unknown",
            Self::RedirectNotFollowed => "a redirect is not followed, and unknown",
            Self::ExpiredSession => "an expired session sends nothing and is renewed",
            Self::SentOnce => "whatever happens, a submission is sent once",
            Self::StatusFound => "a submission is found again",
            Self::StatusNotFound => "a submission that never was is not found",
            Self::UnknownStatus => "an unknown status settles nothing",
            Self::LateCallback => "a late callback is read",
            Self::ForgedCallback => "a forged callback proves nothing",
            Self::BulkAccepted => "a bulk is taken",
            Self::BulkRefused => "a refused bulk tells which is bad",
            Self::Recall => "a payment is cancelled",
            Self::NumberCreated => "a control number is made",
            Self::NumberFound => "a control number is found by our reference",
            Self::NumberNotFound => "an unknown control number is not found",
            Self::NumberUpdated => "a control number is changed",
            Self::Collections => "what was paid to a control number is listed",
        }
    }

    /// Tries it.
    pub async fn check(self, subject: &'static dyn Subject, stand: Stand) -> Checked {
        match self {
            Self::Catalogue => look_up::catalogue(subject, stand).await,
            Self::AccountFound => look_up::account_found(subject, stand).await,
            Self::AccountNotFound => look_up::account_not_found(subject, stand).await,
            Self::Accepted => submission::accepted(subject, stand).await,
            Self::Refused => submission::refused(subject, stand).await,
            Self::DuplicateKey => submission::duplicate_key(subject, stand).await,
            Self::ConnectionRefused => failure::connection_refused(subject, stand).await,
            Self::TimeoutBeforeEffect => failure::timeout_before_effect(subject, stand).await,
            Self::TimeoutAfterEffect => failure::timeout_after_effect(subject, stand).await,
            Self::Reset => failure::reset(subject, stand).await,
            Self::ServerError => failure::server_error(subject, stand).await,
            Self::MalformedBody => failure::malformed_body(subject, stand).await,
            Self::HugeBody => failure::huge_body(subject, stand).await,
            Self::RedirectNotFollowed => failure::redirect(subject, stand).await,
            Self::ExpiredSession => submission::expired_session(subject, stand).await,
            Self::SentOnce => failure::sent_once(subject, stand).await,
            Self::StatusFound => look_up::status_found(subject, stand).await,
            Self::StatusNotFound => look_up::status_not_found(subject, stand).await,
            Self::UnknownStatus => look_up::unknown_status(subject, stand).await,
            Self::LateCallback => callback::late(subject, stand).await,
            Self::ForgedCallback => callback::forged(subject, stand).await,
            Self::BulkAccepted => submission::bulk_accepted(subject, stand).await,
            Self::BulkRefused => submission::bulk_refused(subject, stand).await,
            Self::Recall => submission::recall(subject, stand).await,
            Self::NumberCreated => control_number::created(subject, stand).await,
            Self::NumberFound => control_number::found(subject, stand).await,
            Self::NumberNotFound => control_number::not_found(subject, stand).await,
            Self::NumberUpdated => control_number::updated(subject, stand).await,
            Self::Collections => control_number::collections(subject, stand).await,
        }
    }
}
