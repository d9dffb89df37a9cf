//! Why a connection is closed, in the codes of `graphql-transport-ws`.

use axum::extract::ws::{CloseFrame, Message};

/// A reason to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The server stops.
    GoingAway,
    /// The bytes on the wire are no WebSocket's.
    BrokenWire,
    MessageTooBig,
    /// Not a message of the protocol: no JSON, binary, unknown type, a field missing.
    Malformed,
    /// An operation before the acknowledgement.
    NotInitialised,
    TokenRefused,
    TokenEnded,
    UnknownProtocol,
    InitTooLate,
    InitTwice,
    DuplicateId,
    TooManyOperations,
}

impl Close {
    pub const fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::BrokenWire => 1002,
            Self::MessageTooBig => 1009,
            Self::Malformed => 4400,
            Self::NotInitialised => 4401,
            Self::TokenRefused | Self::TokenEnded => 4403,
            Self::UnknownProtocol => 4406,
            Self::InitTooLate => 4408,
            Self::DuplicateId => 4409,
            Self::InitTwice | Self::TooManyOperations => 4429,
        }
    }

    /// At most 123 bytes, as RFC 6455 has it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "server is stopping",
            Self::BrokenWire => "protocol error",
            Self::MessageTooBig => "message too big",
            Self::Malformed => "invalid message",
            Self::NotInitialised => "unauthorized",
            Self::TokenRefused => "forbidden",
            Self::TokenEnded => "token expired",
            Self::UnknownProtocol => "subprotocol not acceptable",
            Self::InitTooLate => "connection initialisation timeout",
            Self::InitTwice => "too many initialisation requests",
            Self::DuplicateId => "subscriber for this id already exists",
            Self::TooManyOperations => "too many operations",
        }
    }

    pub fn into_message(self) -> Message {
        Message::Close(Some(CloseFrame { code: self.code(), reason: self.reason().into() }))
    }
}
