//! The messages of `graphql-transport-ws`, read strictly and written as JSON.

use async_graphql::ServerError;
use axum::extract::ws::{Message, Utf8Bytes};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::graphql::answer::Answer;
use crate::graphql::request::GraphqlRequest;
use crate::graphql::written::to_json;

/// What a client says.
#[derive(Debug, PartialEq)]
pub enum ClientMessage {
    /// With the token, where the payload has one.
    ConnectionInit {
        authorization: Option<String>,
    },
    Ping,
    Pong,
    Subscribe {
        id: String,
        request: GraphqlRequest,
    },
    Complete {
        id: String,
    },
}

/// What is no message of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl ClientMessage {
    /// Reads a text message.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let Ok(Json::Object(mut message)) = serde_json::from_str(text) else { return Err(Malformed) };
        match message.get("type").and_then(Json::as_str) {
            Some("connection_init") => Ok(Self::ConnectionInit { authorization: authorization(&mut message)? }),
            Some("ping") => payload(&mut message).map(|_| Self::Ping),
            Some("pong") => payload(&mut message).map(|_| Self::Pong),
            Some("subscribe") => Ok(Self::Subscribe { id: id(&mut message)?, request: request(&mut message)? }),
            Some("complete") => Ok(Self::Complete { id: id(&mut message)? }),
            Some(_) | None => Err(Malformed),
        }
    }
}

fn authorization(message: &mut Map<String, Json>) -> Result<Option<String>, Malformed> {
    let payload = payload(message)?;
    match payload.get("authorization").or_else(|| payload.get("Authorization")) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(header)) => Ok(Some(header.clone())),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => Err(Malformed),
    }
}

fn payload(message: &mut Map<String, Json>) -> Result<Map<String, Json>, Malformed> {
    match message.remove("payload") {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(payload)) => Ok(payload),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::String(_)) => Err(Malformed),
    }
}

fn id(message: &mut Map<String, Json>) -> Result<String, Malformed> {
    match message.remove("id") {
        Some(Json::String(id)) if !id.is_empty() => Ok(id),
        Some(_) | None => Err(Malformed),
    }
}

fn request(message: &mut Map<String, Json>) -> Result<GraphqlRequest, Malformed> {
    GraphqlRequest::from_json(message.remove("payload").ok_or(Malformed)?).map_err(|_| Malformed)
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage<'a> {
    ConnectionAck,
    Ping {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Head>,
    },
    Pong,
    Next {
        id: &'a str,
        payload: &'a Answer,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

/// The last sequence of the tenant's log, as a `Sequence`.
#[derive(Debug, Serialize)]
pub struct Head {
    pub head: String,
}

impl ServerMessage<'_> {
    pub fn write(&self) -> Result<Message, serde_json::Error> {
        // What we write is UTF-8: anything else would be a fault of ours, told as one of JSON.
        let text = Utf8Bytes::try_from(to_json(self)?).map_err(serde::ser::Error::custom)?;
        Ok(Message::Text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ClientMessage, Malformed> {
        ClientMessage::parse(text)
    }

    #[test]
    fn messages_of_the_protocol_are_read() {
        let init = |authorization: Option<&str>| {
            Ok(ClientMessage::ConnectionInit { authorization: authorization.map(str::to_owned) })
        };
        assert_eq!(parse(r#"{"type":"connection_init"}"#), init(None));
        assert_eq!(parse(r#"{"type":"connection_init","payload":null}"#), init(None));
        let with = r#"{"type":"connection_init","payload":{"Authorization":"Bearer t"}}"#;
        assert_eq!(parse(with), init(Some("Bearer t")));
        assert_eq!(parse(r#"{"type":"ping","payload":{"a":1}}"#), Ok(ClientMessage::Ping));
        assert_eq!(parse(r#"{"type":"complete","id":"1"}"#), Ok(ClientMessage::Complete { id: "1".to_owned() }));
        let subscribe = parse(r#"{"type":"subscribe","id":"1","payload":{"query":"{a}"}}"#);
        assert!(matches!(subscribe, Ok(ClientMessage::Subscribe { .. })));
    }

    #[test]
    fn everything_else_is_malformed() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"connection_init","payload":"t"}"#,
            r#"{"type":"connection_init","payload":{"authorization":1}}"#,
            r#"{"type":"ping","payload":1}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"complete"}"#,
        ] {
            assert_eq!(parse(text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn messages_are_written_as_the_protocol_wants() {
        let written = |message: ServerMessage<'_>| serde_json::to_string(&message).unwrap();
        assert_eq!(written(ServerMessage::ConnectionAck), r#"{"type":"connection_ack"}"#);
        assert_eq!(written(ServerMessage::Ping { payload: None }), r#"{"type":"ping"}"#);
        let ping = written(ServerMessage::Ping { payload: Some(Head { head: "7".to_owned() }) });
        assert_eq!(ping, r#"{"type":"ping","payload":{"head":"7"}}"#);
        assert_eq!(written(ServerMessage::Complete { id: "1" }), r#"{"type":"complete","id":"1"}"#);
    }
}
