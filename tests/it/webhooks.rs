//! Webhooks: what happens is told to whoever asked for it, in order, signed, and until it is taken.
//!
//! Receivers are real servers on this host, so the setting for local trials is on, except where it is the point that it
//! is not. Pauses are passed by moving the clock, and only once an attempt was recorded: whoever holds an endpoint then
//! has given it back.

mod addresses;
mod callbacks;
mod delivery;
mod endpoint;
mod fairness;
mod faults;
mod kills;
mod limits;
mod lives;
mod makers;
mod replay;
mod rotations;
mod secrets;
mod shown;
mod silence;

/// What seals signing secrets.
pub const KEY: (&str, &str) = ("BILLPAY_SECRETS_KEY", "the tests keep their signing secrets with this");
/// Lets receivers be on this host.
pub const TRIAL: (&str, &str) = ("BILLPAY_EGRESS__ALLOW_PRIVATE_WEBHOOKS", "true");
