//! GraphQL over WebSocket: the protocol `graphql-transport-ws`, and no other.
//!
//! A page of a foreign origin is refused before the upgrade. After it, one task reads and decides (`connection`), one
//! writes (`writer`), and each operation has its own; a client that does not read is dropped and holds nobody up. Most
//! sockets wait most of the time, so nothing that is large stays with one that waits.
//! async-graphql's own service is not used: it knows neither the closing codes nor a deadline for `connection_init`,
//! and one slow reader stops its reading, its pings and its operations.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::graphql::Edge;
use super::origin;
use connection::Connection;

mod close;
mod connection;
mod message;
mod operations;
mod writer;

const PROTOCOL: &str = "graphql-transport-ws";

/// How much larger than permitted a message may be and still be read to its end, so that the closing frame, which
/// says why, reaches the client. Beyond it the connection is torn.
const READ_TO_END: usize = 16;

/// What is read at once. The library keeps a buffer of this size for each socket, all of it resident: with its usual
/// 128 KiB 5,000 idle sockets cost 700 MB.
const READ_BUFFER_BYTES: usize = 2 * 1024;

/// Upgrades a request to a WebSocket.
pub fn accept(edge: Arc<Edge>, headers: &HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    if !origin::is_allowed(headers, &edge.allowed_origins) {
        return (StatusCode::FORBIDDEN, "this origin may not open a WebSocket\n").into_response();
    }
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let most_bytes = edge.limits.max_message_bytes * READ_TO_END;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(most_bytes)
        .max_frame_size(most_bytes);
    let speaks_ours = upgrade.selected_protocol().is_some();
    let span = tracing::Span::current();
    upgrade.on_upgrade(move |socket| {
        let (connection, streams) = Connection::open(edge, authorization, socket);
        // In a task of its own: the upgrade's would keep what the upgrade took for as long as the socket lives.
        drop(tokio::spawn(connection.serve(streams, speaks_ours).instrument(span)));
        std::future::ready(())
    })
}
