//! GraphQL over Server-Sent Events, in its mode of distinct connections.
//!
//! Each answer is an event `next`, the end is an event `complete`, and the heartbeat is a comment, `: head=…`. The
//! status is always 200: a refused document is a `next` too.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{BoxStream, StreamExt};

use super::negotiate::MediaType;
use super::pulse::Pulse;
use crate::graphql::answer::Answer;
use crate::graphql::request_error::Fault;
use crate::graphql::written::to_json;

/// Streams the pulses of one operation.
pub fn respond(pulses: BoxStream<'static, Pulse>, request_id: String) -> Response {
    let body = Body::from_stream(pulses.map(move |pulse| frame(pulse, &request_id)));
    let headers = [
        (CONTENT_TYPE, MediaType::EventStream.content_type()),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Proxies of nginx's kind would hold events back otherwise.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

/// JSON is written without line breaks, so that an event is one `data` line.
fn frame(pulse: Pulse, request_id: &str) -> Result<Bytes, serde_json::Error> {
    Ok(match pulse {
        Pulse::Answer(answer) => Bytes::from(next(&answer)?),
        Pulse::Heartbeat(Some(head)) => Bytes::from(format!(": head={head}\n\n")),
        Pulse::Heartbeat(None) => Bytes::from_static(b":\n\n"),
        Pulse::TokenEnded => Bytes::from(
            [next(&Answer::refused(Fault::TokenEnded.into(), request_id))?.as_slice(), COMPLETE.as_bytes()].concat(),
        ),
        Pulse::Complete => Bytes::from_static(COMPLETE.as_bytes()),
    })
}

const COMPLETE: &str = "event: complete\ndata:\n\n";

fn next(answer: &Answer) -> Result<Vec<u8>, serde_json::Error> {
    Ok([b"event: next\ndata: ", to_json(answer)?.as_slice(), b"\n\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pulse: Pulse) -> String {
        String::from_utf8(frame(pulse, "r1").unwrap().to_vec()).unwrap()
    }

    #[test]
    fn pulses_are_written_as_the_protocol_wants() {
        assert_eq!(written(Pulse::Heartbeat(Some(7))), ": head=7\n\n");
        assert_eq!(written(Pulse::Complete), "event: complete\ndata:\n\n");
        let ended = written(Pulse::TokenEnded);
        assert!(ended.starts_with("event: next\ndata: {\"errors\":[") && ended.ends_with(COMPLETE));
        assert_eq!(ended.matches("\n\n").count(), 2);
    }
}
