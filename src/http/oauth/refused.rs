//! Why no token is given, as RFC 6749 (§5.2) has it said.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;

/// Why no token is given. Those with a text of their own say which part of the request is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// A parameter is missing, stands twice or cannot be read, or the client proves itself in two ways.
    InvalidRequest(&'static str),
    /// The body has more than it may.
    TooLarge,
    /// The body came too slowly.
    TooSlow,
    /// There is no such client, its secret is another, it is revoked, or it did not prove itself.
    InvalidClient,
    /// Another grant than the client's own credentials.
    UnsupportedGrantType,
    /// A scope that does not exist, or that is not the client's.
    InvalidScope,
    /// The database does not answer.
    Unavailable,
}

/// The body of a refusal.
#[derive(Serialize)]
struct Told {
    error: &'static str,
    error_description: &'static str,
}

impl Refused {
    /// The RFC knows no status but 400 and 401 and no code for a server that cannot answer; 408, 413 and 503 with the
    /// nearest of its codes are our choice.
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest(_) | Self::UnsupportedGrantType | Self::InvalidScope => StatusCode::BAD_REQUEST,
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn told(self) -> Told {
        let (error, error_description) = match self {
            Self::InvalidRequest(why) => ("invalid_request", why),
            Self::TooLarge => ("invalid_request", "the body is larger than 8 KiB"),
            Self::TooSlow => ("invalid_request", "the body came too slowly"),
            Self::InvalidClient => {
                ("invalid_client", "send the id and the secret of an API client that is not revoked")
            }
            Self::UnsupportedGrantType => ("unsupported_grant_type", "only client_credentials is served"),
            Self::InvalidScope => ("invalid_scope", "a scope does not exist, or is not one of the API client's"),
            Self::Unavailable => ("temporarily_unavailable", "try again in a moment"),
        };
        Told { error, error_description }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.told())).into_response();
        if self == Self::InvalidClient {
            let challenge = HeaderValue::from_static(r#"Basic realm="billpay", charset="UTF-8""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
