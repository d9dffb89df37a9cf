//! Why a request is not executed.
//!
//! Each [`Fault`] has a fixed text of ours and a code from the contract. No text holds a piece of the query, of the
//! variables or of a library's error: where it happened is told by line and column alone.

use async_graphql::{ErrorExtensionValues, Pos, ServerError};

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the body is not JSON")]
    NotJson,
    #[error("the request is not a JSON object; batches are not served")]
    NotAnObject,
    #[error("`{key}` must be {expected}")]
    WrongType { key: &'static str, expected: &'static str },
    #[error("`query` is missing")]
    QueryMissing,
    /// The texts of this and the next are Apollo's: its clients read them.
    #[error("PersistedQueryNotFound")]
    DocumentNotFound,
    #[error("PersistedQueryNotSupported")]
    DocumentHashesOff,
    #[error("the document is not in the list of trusted documents")]
    DocumentNotListed,
    #[error("documents run here by their hash, from the list of trusted documents")]
    DocumentIdRequired,
    #[error("the document does not have the hash that is given with it")]
    DocumentHashMismatch,
    #[error("this tenant has asked for too much in too little time: try again in {retry_after_seconds} s")]
    RateLimited { retry_after_seconds: u64 },
    #[error("the body must be application/json in UTF-8")]
    UnsupportedMediaType,
    #[error("the body is larger than {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: usize },
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    #[error("a bearer token is needed in the header Authorization")]
    TokenMissing,
    #[error("{0}")]
    TokenRefused(String),
    #[error("the token has ended")]
    TokenEnded,
    #[error("mutations are served by POST only")]
    MutationByGet,
    #[error("subscriptions need a WebSocket, text/event-stream or multipart/mixed")]
    SubscriptionNeedsStream,
    #[error("the document cannot be parsed")]
    Syntax,
    #[error("the document defines an operation or a fragment twice, or has an anonymous operation beside others")]
    DefinedTwice,
    #[error("the document has no operation")]
    NoOperation,
    #[error("no operation has the name in `operationName`")]
    UnknownOperation,
    #[error("`operationName` is needed: the document has several operations")]
    OperationNameMissing,
    #[error("a fragment contains itself")]
    FragmentCycle,
    #[error("a fragment is not defined")]
    UnknownFragment,
    #[error("a directive is not one of operations: these are @skip and @include")]
    UnknownDirective,
    #[error("introspection is switched off")]
    IntrospectionOff,
    #[error("introspection lists may not be nested this deep")]
    IntrospectionTooDeep,
    #[error("a subscription has exactly one field")]
    SubscriptionFields,
    #[error("a required variable is missing or null")]
    VariableMissing,
    #[error("a variable is used where its type is not allowed")]
    VariableMisplaced,
    #[error("in a mutation of several fields every variable must be given, as a value or as null")]
    VariableOmitted,
    #[error("too many {what}: the limit is {limit}")]
    TooMany { what: &'static str, limit: usize },
    #[error("the operation was not finished in time")]
    QueryTooSlow,
    #[error(
        "the mutation is still being carried out; repeat it with the same key, or read the object, to learn its end"
    )]
    MutationTooSlow,
}

/// The class of a fault, by which transports choose their answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// The transport could not make a request of what was sent.
    Malformed,
    /// The request is well formed; its document or its variables are refused.
    Document,
    UnsupportedMediaType,
    BodyTooLarge,
    TimedOut,
    Unauthenticated,
    MutationByGet,
    RateLimited {
        retry_after_seconds: u64,
    },
}

impl Fault {
    /// The `extensions.code` of the contract.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson
            | Self::NotAnObject
            | Self::WrongType { .. }
            | Self::QueryMissing
            | Self::UnsupportedMediaType
            | Self::BodyTooLarge { .. }
            | Self::MutationByGet
            | Self::SubscriptionNeedsStream => "BAD_USER_INPUT",
            Self::BodyTooSlow => "BAD_USER_INPUT",
            Self::QueryTooSlow => "QUERY_TOO_COMPLEX",
            Self::MutationTooSlow => "OUTCOME_UNKNOWN_RETRY_SAME_KEY",
            Self::TokenMissing | Self::TokenRefused(_) | Self::TokenEnded => "UNAUTHENTICATED",
            Self::Syntax | Self::DefinedTwice | Self::NoOperation => "GRAPHQL_PARSE_FAILED",
            Self::FragmentCycle
            | Self::UnknownFragment
            | Self::UnknownDirective
            | Self::IntrospectionOff
            | Self::VariableMisplaced
            | Self::SubscriptionFields => "GRAPHQL_VALIDATION_FAILED",
            Self::UnknownOperation | Self::OperationNameMissing | Self::VariableMissing | Self::VariableOmitted => {
                "BAD_USER_INPUT"
            }
            Self::TooMany { .. } | Self::IntrospectionTooDeep => "QUERY_TOO_COMPLEX",
            Self::DocumentNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::DocumentHashesOff => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::DocumentNotListed => "PERSISTED_QUERY_NOT_IN_LIST",
            Self::DocumentIdRequired => "PERSISTED_QUERY_ID_REQUIRED",
            Self::DocumentHashMismatch => "BAD_USER_INPUT",
            Self::RateLimited { .. } => "RATE_LIMITED",
        }
    }

    /// The class, for the choice of an HTTP status.
    pub const fn class(&self) -> FaultClass {
        match self {
            Self::NotJson | Self::NotAnObject | Self::WrongType { .. } | Self::QueryMissing => FaultClass::Malformed,
            Self::UnsupportedMediaType => FaultClass::UnsupportedMediaType,
            Self::BodyTooLarge { .. } => FaultClass::BodyTooLarge,
            Self::BodyTooSlow | Self::QueryTooSlow | Self::MutationTooSlow => FaultClass::TimedOut,
            Self::TokenMissing | Self::TokenRefused(_) | Self::TokenEnded => FaultClass::Unauthenticated,
            Self::MutationByGet => FaultClass::MutationByGet,
            Self::RateLimited { retry_after_seconds } => {
                FaultClass::RateLimited { retry_after_seconds: *retry_after_seconds }
            }
            Self::DocumentNotFound
            | Self::DocumentHashesOff
            | Self::DocumentNotListed
            | Self::DocumentIdRequired
            | Self::DocumentHashMismatch
            | Self::SubscriptionNeedsStream
            | Self::Syntax
            | Self::DefinedTwice
            | Self::NoOperation
            | Self::UnknownOperation
            | Self::OperationNameMissing
            | Self::FragmentCycle
            | Self::UnknownFragment
            | Self::UnknownDirective
            | Self::IntrospectionOff
            | Self::IntrospectionTooDeep
            | Self::SubscriptionFields
            | Self::VariableMissing
            | Self::VariableMisplaced
            | Self::VariableOmitted
            | Self::TooMany { .. } => FaultClass::Document,
        }
    }
}

/// A fault and, where the document shows it, its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct RequestError {
    pub fault: Fault,
    pub position: Option<Pos>,
}

impl RequestError {
    /// A fault at a place of the document.
    pub fn at(fault: Fault, position: Pos) -> Self {
        Self { fault, position: Some(position) }
    }

    /// The error as GraphQL clients read it.
    pub fn into_server_error(self, request_id: &str) -> ServerError {
        let mut extensions = extensions(self.fault.code(), request_id);
        if let Fault::RateLimited { retry_after_seconds } = self.fault {
            extensions.set("retryAfter", retry_after_seconds);
        }
        let mut error = ServerError::new(self.fault.to_string(), self.position);
        error.extensions = Some(extensions);
        error
    }
}

impl From<Fault> for RequestError {
    fn from(fault: Fault) -> Self {
        Self { fault, position: None }
    }
}

/// The two extensions that every top-level error has.
pub fn extensions(code: &'static str, request_id: &str) -> ErrorExtensionValues {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    extensions.set("requestId", request_id);
    extensions
}
