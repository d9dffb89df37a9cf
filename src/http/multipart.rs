//! Subscriptions over multipart/mixed, the protocol of Apollo's mobile clients.
//!
//! Each part is `{"payload": …}`, a heartbeat is `{}`, an error of the transport stands beside a null payload. The
//! delimiter that ends a part is sent with it, for clients wait for it before they read the part.

use async_graphql::ServerError;
use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::Serialize;

use super::negotiate::MediaType;
use super::pulse::Pulse;
use crate::graphql::answer::Answer;
use crate::graphql::request_error::{Fault, RequestError};
use crate::graphql::written::to_json;

const DELIMITER: &str = "--graphql";

#[derive(Serialize)]
struct Event<'a> {
    payload: &'a Answer,
}

#[derive(Serialize)]
struct TransportError<'a> {
    payload: (),
    errors: &'a [ServerError],
}

/// Streams the pulses of one subscription.
pub fn respond(pulses: BoxStream<'static, Pulse>, request_id: String) -> Response {
    let opening = stream::once(async { Ok(Bytes::from_static(DELIMITER.as_bytes())) });
    let body = Body::from_stream(opening.chain(pulses.map(move |pulse| frame(pulse, &request_id))));
    let headers = [
        (CONTENT_TYPE, MediaType::MultipartMixed.content_type()),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

fn frame(pulse: Pulse, request_id: &str) -> Result<Bytes, serde_json::Error> {
    Ok(Bytes::from(match pulse {
        Pulse::Answer(answer) => part(&to_json(&Event { payload: &answer })?),
        Pulse::Heartbeat(_) => part(b"{}"),
        Pulse::TokenEnded => [part(&token_ended(request_id)?).as_slice(), b"--\r\n"].concat(),
        Pulse::Complete => b"--\r\n".to_vec(),
    }))
}

fn part(json: &[u8]) -> Vec<u8> {
    [b"\r\ncontent-type: application/json\r\n\r\n", json, b"\r\n", DELIMITER.as_bytes()].concat()
}

fn token_ended(request_id: &str) -> Result<Vec<u8>, serde_json::Error> {
    let error = RequestError::from(Fault::TokenEnded).into_server_error(request_id);
    to_json(&TransportError { payload: (), errors: &[error] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pulse: Pulse) -> String {
        String::from_utf8(frame(pulse, "r1").unwrap().to_vec()).unwrap()
    }

    #[test]
    fn parts_end_with_the_delimiter_and_the_stream_closes_it() {
        let heartbeat = written(Pulse::Heartbeat(Some(7)));
        assert_eq!(heartbeat, "\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql");
        assert_eq!(written(Pulse::Complete), "--\r\n");
        let ended = written(Pulse::TokenEnded);
        assert!(ended.contains("{\"payload\":null,\"errors\":[") && ended.ends_with("--graphql--\r\n"));
    }
}
