//! What the core asks of the world, as traits and plain types.

pub mod clock;
pub mod ids;
pub mod limits;
pub mod provider;
pub mod sessions;
pub mod webhook_sender;
