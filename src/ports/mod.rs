//! What the core asks of the world, as traits and plain types.

pub mod clock;
pub mod ids;
pub mod limits;
pub(crate) mod pace;
pub mod provider;
pub mod sessions;
pub mod webhook_sender;
