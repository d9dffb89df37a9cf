//! HTTP: the transports of GraphQL, callbacks, the playground, health.

mod believed;
pub mod callback_limit;
pub mod callbacks;
mod claims;
pub mod event_stream;
pub mod graphql;
pub mod health;
mod jwks;
pub mod jwt;
pub mod listener;
pub mod measure;
pub mod multipart;
pub mod negotiate;
pub mod oauth;
pub mod origin;
pub mod playground;
pub mod pulse;
pub mod request_id;
pub mod router;
pub mod serve;
mod stall;
pub mod token;
mod unique_json;
pub mod websocket;
