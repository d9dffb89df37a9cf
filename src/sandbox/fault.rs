//! The ways in which a call can go without a proper answer, the same for all providers.
//!
//! What a broken answer looks like differs by provider; that part is data, in [`Broken`].

use std::io;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::time::sleep;

/// Where [`Fault::Redirect`] sends a caller. Its `{}` looks like a success to a client that follows.
pub(super) const ELSEWHERE: &str = "/_sandbox/elsewhere";

/// Long enough for the first half to leave this host before the connection breaks.
const BEFORE_BREAKING: Duration = Duration::from_millis(50);
/// A huge body is so many chunks of blanks, all that JSON allows before its first character: 32 MiB.
const CHUNKS: usize = 512;
const CHUNK_BYTES: usize = 64 * 1024;
static CHUNK: [u8; CHUNK_BYTES] = [b' '; CHUNK_BYTES];

/// How one provider's broken answers look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken {
    /// The HTTP status of an answer that breaks off.
    pub half_status: StatusCode,
    /// The half that is sent of it.
    pub half_body: &'static [u8],
    /// The length in bytes that the whole of it claims to have.
    pub claimed_length: &'static str,
    /// The answer with HTTP 500.
    pub server_error: fn() -> Response,
}

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection is held open, longer than a client waits.
    Silence,
    /// HTTP 500.
    ServerError,
    /// HTTP 200 with a page instead of JSON.
    Garbage,
    /// The status of a success with half a body; then the connection breaks.
    HalfAnswer,
    /// HTTP 307 to another path of the sandbox.
    Redirect,
    /// HTTP 200 with 32 MiB that call themselves JSON.
    Huge,
}

impl Fault {
    /// Goes wrong in this way; a client that is still there after `hang` gets a 504.
    pub(super) async fn respond(self, broken: &Broken, hang: Duration) -> Response {
        match self {
            Self::Silence => {
                sleep(hang).await;
                StatusCode::GATEWAY_TIMEOUT.into_response()
            }
            Self::ServerError => (broken.server_error)(),
            Self::Garbage => {
                ([(header::CONTENT_TYPE, "text/html")], "<html><body>It works!</body></html>").into_response()
            }
            Self::HalfAnswer => half_answer(broken),
            Self::Redirect => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, ELSEWHERE)]).into_response(),
            Self::Huge => huge(),
        }
    }
}

/// What is found where a redirect leads.
pub(super) async fn elsewhere() -> Response {
    Json(serde_json::json!({})).into_response()
}

fn half_answer(broken: &Broken) -> Response {
    let half_body = broken.half_body;
    let half = stream::once(async move { Ok(Bytes::from_static(half_body)) });
    let broken_off = stream::once(async {
        sleep(BEFORE_BREAKING).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_LENGTH, broken.claimed_length)];
    (broken.half_status, headers, Body::from_stream(half.chain(broken_off))).into_response()
}

fn huge() -> Response {
    let chunks = stream::iter((0..CHUNKS).map(|_| Ok::<_, io::Error>(Bytes::from_static(&CHUNK))));
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(chunks)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    const BROKEN: Broken = Broken {
        half_status: StatusCode::CREATED,
        half_body: b"{\"a\":",
        claimed_length: "9",
        server_error: || StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };

    #[tokio::test]
    async fn a_half_answer_is_shorter_than_it_claims_and_breaks() {
        let answer = Fault::HalfAnswer.respond(&BROKEN, Duration::ZERO).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers()[header::CONTENT_LENGTH], "9");
        assert!(to_bytes(answer.into_body(), 9).await.is_err());
    }

    #[tokio::test]
    async fn a_huge_answer_has_32_mebibytes() {
        let answer = Fault::Huge.respond(&BROKEN, Duration::ZERO).await;
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        assert_eq!(body.len(), 32 * 1024 * 1024);
    }

    #[tokio::test]
    async fn a_redirect_leads_to_another_path_of_the_sandbox() {
        let answer = Fault::Redirect.respond(&BROKEN, Duration::ZERO).await;
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.headers()[header::LOCATION], ELSEWHERE);
    }
}
