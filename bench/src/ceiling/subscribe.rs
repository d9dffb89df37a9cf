//! `graphql-transport-ws`, as far as one subscription on a socket needs it.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::sync::broadcast::error::TryRecvError;

use super::Ceiling;
use crate::failed::{Failed, Outcome, fail};

#[derive(Deserialize)]
struct Init {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    authorization: String,
}

/// `GET /graphql`.
pub(super) async fn upgrade(State(ceiling): State<Ceiling>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols(["graphql-transport-ws"]).on_upgrade(move |socket| async move {
        if let Err(error) = serve(ceiling, socket).await {
            eprintln!("ceiling: {error}");
        }
    })
}

async fn serve(ceiling: Ceiling, mut socket: WebSocket) -> Outcome<()> {
    let init: Init = serde_json::from_str(&hear(&mut socket).await?)?;
    let requester = ceiling.authenticator.authenticate(&init.payload.authorization);
    let Ok(requester) = requester else { return fail("a socket without a good token") };
    say(&mut socket, r#"{"type":"connection_ack"}"#).await?;
    hear(&mut socket).await?;
    let mut events = ceiling.events.follow(&requester.tenant).await?;
    let (mut writer, mut reader) = socket.split();
    loop {
        let first = tokio::select! {
            event = events.recv() => event?,
            said = reader.next() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                Some(Ok(_)) => continue,
            },
        };
        writer.feed(Message::Text(first)).await?;
        // What waits already goes with it, by one write.
        loop {
            match events.try_recv() {
                Ok(event) => writer.feed(Message::Text(event)).await?,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Lagged(_) | TryRecvError::Closed) => return fail("a follower fell behind"),
            }
        }
        writer.flush().await?;
    }
}

async fn hear(socket: &mut WebSocket) -> Outcome<String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
            Some(Ok(Message::Close(_))) | None => return fail("a socket closed before it subscribed"),
            Some(Err(error)) => return Err(Failed::from(error)),
        }
    }
}

async fn say(socket: &mut WebSocket, text: &str) -> Outcome<()> {
    Ok(socket.send(Message::Text(text.into())).await?)
}
