//! Webhooks: what a client is told by a request of ours, where to, when again, and in which words.
//!
//! An endpoint follows its tenant's log as a subscriber does: by a cursor. What went well leaves no trace but the
//! cursor; a delivery is kept for what failed at least once, and for every callback of a payment. Nothing newer is sent
//! to a receiver before the older was delivered or given up: per endpoint, and for callbacks per payment.

pub mod body;
pub mod delivery;
pub mod endpoint;
pub mod renewal;
pub mod schedule;

pub use delivery::{DeliveryState, Outcome, Verdict, WebhookDelivery};
pub use endpoint::{Changes, EndpointKind, EndpointState, Position, Replay, WebhookEndpoint};
pub use renewal::Renewal;
