//! Answers to what the provider does not take: a status and `{"message": …}`, in its words where they are documented.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::fault::Broken;

/// What the provider's broken answers look like: half of a control number, and an error without a cause.
pub(super) const BROKEN: Broken = Broken {
    half_status: StatusCode::OK,
    half_body: br#"{"billPayNumber":"550429148"#,
    claimed_length: "145",
    server_error,
};

/// Why a call is not taken. Nothing is made and no money moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// No token, or one that is not alive.
    Unauthorised,
    /// What the account may not do.
    Forbidden(&'static str),
    /// A field, or the state of what it names, is not good.
    Invalid(String),
    /// Nobody was given this number.
    UnknownNumber,
    /// Nothing was paid under this reference.
    UnknownPayment(String),
    /// Another number has this reference.
    ReferenceUsed,
    /// Too many calls.
    Throttled,
    /// The ledger could not be written.
    NotRecorded,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    message: &'a str,
}

impl Rejection {
    /// A field or a state that is not good, in words.
    pub(super) fn invalid(message: &str) -> Self {
        Self::Invalid(message.to_owned())
    }

    /// The words of the answer.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Unauthorised => "Unauthorized".to_owned(),
            Self::Forbidden(message) => (*message).to_owned(),
            Self::Invalid(message) => message.clone(),
            Self::UnknownNumber => "BillPay Number does not exist".to_owned(),
            Self::UnknownPayment(reference) => format!("Invalid or missing payment: {reference}"),
            Self::ReferenceUsed => "Bill reference already used: Use a different reference".to_owned(),
            Self::Throttled => "Too many requests".to_owned(),
            Self::NotRecorded => "Internal server error".to_owned(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::UnknownNumber | Self::UnknownPayment(_) => StatusCode::NOT_FOUND,
            Self::ReferenceUsed => StatusCode::CONFLICT,
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::NotRecorded => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        (self.status(), Json(ErrorBody { message: &self.message() })).into_response()
    }
}

/// HTTP 500.
pub(super) fn server_error() -> Response {
    Rejection::NotRecorded.into_response()
}
