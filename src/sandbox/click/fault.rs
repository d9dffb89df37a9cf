//! The ways in which a call can go without a proper answer.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::rejection;

/// Half of a success, and the length that it claims to have.
const HALF_ANSWER: &[u8] = b"{";
const CLAIMED_LENGTH: &str = "2";
/// Long enough for the first half to leave this host before the connection breaks.
const BEFORE_BREAKING: Duration = Duration::from_millis(50);

/// One way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The connection is held open, longer than a client waits.
    Silence,
    /// HTTP 500.
    ServerError,
    /// HTTP 200 with a page instead of JSON.
    Garbage,
    /// HTTP 201 with half a body; then the connection breaks.
    HalfAnswer,
}

impl Fault {
    /// Goes wrong in this way; a client that is still there after `hang` gets a 504.
    pub(super) async fn respond(self, hang: Duration) -> Response {
        match self {
            Self::Silence => {
                sleep(hang).await;
                StatusCode::GATEWAY_TIMEOUT.into_response()
            }
            Self::ServerError => rejection::server_error(),
            Self::Garbage => {
                ([(header::CONTENT_TYPE, "text/html")], "<html><body>It works!</body></html>").into_response()
            }
            Self::HalfAnswer => half_answer(),
        }
    }
}

fn half_answer() -> Response {
    let half = stream::once(async { Ok(Bytes::from_static(HALF_ANSWER)) });
    let broken = stream::once(async {
        sleep(BEFORE_BREAKING).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_LENGTH, CLAIMED_LENGTH)];
    (StatusCode::CREATED, headers, Body::from_stream(half.chain(broken))).into_response()
}
