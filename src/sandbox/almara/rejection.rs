//! Answers to what the provider does not take, each in its own documented shape.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::fault::Broken;
use super::wire::{self, APP_DOMAIN_NAME};

/// Half of an acceptance, and HTTP 500 in the form of ASP.NET.
pub(super) const BROKEN: Broken = Broken {
    half_status: StatusCode::OK,
    half_body: br#"{"message":{"appDomainName":"TEST","remarks":"Bill Paym"#,
    claimed_length: "386",
    server_error,
};

/// Why a call is not taken. Nothing is captured and no money moves.
#[derive(Debug)]
pub(super) enum Rejection {
    /// No token, or one that is not alive.
    Unauthorised,
    /// The body does not call itself JSON.
    NotJson,
    /// The body breaks the model; the messages by field.
    Invalid(BTreeMap<String, Vec<String>>),
    /// A business failure, with its reason.
    Refused(&'static str),
    /// A saved bill number that does not exist.
    NumberNotFound(String),
}

impl Rejection {
    /// The answer to a call that lacks one field.
    pub(super) fn missing(name: &str) -> Self {
        let message = format!("The {name} field is required.");
        Self::Invalid(BTreeMap::from([(name.to_owned(), vec![message])]))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    app_domain_name: &'static str,
    timestamp: String,
    reason: &'static str,
}

/// ASP.NET's problem details, in their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, Vec<String>>,
    r#type: &'static str,
    title: &'static str,
    status: u16,
    trace_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotFound {
    id: String,
    id_type: &'static str,
    message: &'static str,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorised => (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response(),
            Self::NotJson => not_json(),
            Self::Invalid(errors) => invalid(errors),
            Self::Refused(reason) => refused(reason),
            Self::NumberNotFound(id) => number_not_found(id),
        }
    }
}

/// HTTP 500 in the form of ASP.NET.
pub(super) fn server_error() -> Response {
    let problem = Problem {
        errors: BTreeMap::new(),
        r#type: "https://tools.ietf.org/html/rfc7231#section-6.6.1",
        title: "An error occurred while processing your request.",
        status: 500,
        trace_id: wire::trace_id(),
    };
    (StatusCode::INTERNAL_SERVER_ERROR, Json(problem)).into_response()
}

fn not_json() -> Response {
    let problem = Problem {
        errors: BTreeMap::new(),
        r#type: "https://tools.ietf.org/html/rfc7231#section-6.5.13",
        title: "Unsupported Media Type",
        status: 415,
        trace_id: wire::trace_id(),
    };
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, Json(problem)).into_response()
}

fn invalid(errors: BTreeMap<String, Vec<String>>) -> Response {
    let problem = Problem {
        errors,
        r#type: "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        title: "One or more validation errors occurred.",
        status: 400,
        trace_id: wire::trace_id(),
    };
    (StatusCode::BAD_REQUEST, Json(problem)).into_response()
}

fn refused(reason: &'static str) -> Response {
    let refusal = Refusal { app_domain_name: APP_DOMAIN_NAME, timestamp: wire::timestamp(), reason };
    (StatusCode::BAD_REQUEST, Json(refusal)).into_response()
}

fn number_not_found(id: String) -> Response {
    let not_found = NotFound { id, id_type: "AccountNumber", message: "Bill number not found." };
    (StatusCode::NOT_FOUND, Json(not_found)).into_response()
}
