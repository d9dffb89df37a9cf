//! Webhooks: endpoints and what is on its way to them.
//!
//! An endpoint's row is changed by whoever holds its lease, and by persons; each change of a person raises the fence, so
//! that a holder who knew the endpoint as it was records nothing more. Locks are taken in one order: the endpoint, then
//! its deliveries, then the event heads.

mod deliveries;
mod due;
mod endpoints;
mod lanes;
mod row;
mod secrets;

pub use due::PassedOver;
pub use endpoints::NewWebhookEndpoint;
pub use lanes::{Lane, LaneStep};
pub use secrets::SealedSecrets;
