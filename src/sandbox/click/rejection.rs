//! Answers to what the provider does not take.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::fault::Broken;

/// Half of a success, and HTTP 500 in the form of Rails.
pub(super) const BROKEN: Broken =
    Broken { half_status: StatusCode::CREATED, half_body: b"{", claimed_length: "2", server_error };

/// Why a call is not taken. No money moves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rejection {
    /// The e-mail address or the password is not good.
    SignIn,
    /// No token, or one that is not alive.
    Unauthorised,
    /// The body is neither JSON nor a form.
    Unreadable,
    /// A field that is required and absent.
    Missing(&'static str),
    /// A field whose value is not good.
    Invalid(&'static str),
    /// A business failure.
    Refused(Refusal),
}

/// A business failure, and how it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub error: &'static str,
    pub status: &'static str,
    pub notation: Notation,
}

/// How an error is printed: the page calls it JSON and shows Ruby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    Json,
    Ruby,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
    status: &'a str,
}

/// `sucess` is the documented spelling.
#[derive(Serialize)]
struct SignInRefused {
    sucess: bool,
    message: &'static str,
}

#[derive(Serialize)]
struct Unauthorised {
    error: &'static str,
}

impl Refusal {
    /// A refusal that is not about our account.
    pub(super) const fn of_payment(error: &'static str, notation: Notation) -> Self {
        Self { error, status: "unprocessable_entity", notation }
    }

    /// The one that the page documents; `authroized` is its spelling.
    pub(super) const fn forbidden(notation: Notation) -> Self {
        Self { error: "Sorry!, You are not authroized to use this service.", status: "forbidden", notation }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn => sign_in_refused(),
            Self::Unauthorised => unauthorised(),
            Self::Unreadable => StatusCode::BAD_REQUEST.into_response(),
            Self::Missing(name) => unprocessable(&format!("{name} is missing"), "unprocessable_entity", Notation::Json),
            Self::Invalid(name) => unprocessable(&format!("{name} is invalid"), "unprocessable_entity", Notation::Json),
            Self::Refused(refusal) => unprocessable(refusal.error, refusal.status, refusal.notation),
        }
    }
}

/// HTTP 500 in the form of Rails.
pub(super) fn server_error() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Json(serde_json::json!({ "status": 500, "error": "Internal Server Error" })))
        .into_response()
}

fn sign_in_refused() -> Response {
    let body = SignInRefused { sucess: false, message: "Invalid Email or password." };
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

fn unauthorised() -> Response {
    let body = Unauthorised { error: "You need to sign in or sign up before continuing." };
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], Json(body)).into_response()
}

fn unprocessable(error: &str, status: &str, notation: Notation) -> Response {
    let code = StatusCode::UNPROCESSABLE_ENTITY;
    match notation {
        Notation::Json => (code, Json(ErrorBody { error, status })).into_response(),
        Notation::Ruby => {
            let printed = format!("{{\n  \"error\"=>\"{error}\",\n  \"status\"=>\"{status}\"\n}}");
            (code, [(header::CONTENT_TYPE, "application/json")], printed).into_response()
        }
    }
}
