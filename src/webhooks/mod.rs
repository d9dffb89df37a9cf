//! Sending webhooks without being turned against our own network.
//!
//! Where a webhook goes is said by whoever registers its URL, so every step doubts it. [`url`] judges the form, at
//! registration and again at each send: https, two ports, no user, and a host that is no private address however it is
//! spelt. [`resolver`] judges the addresses of a name inside the connector, so that the very addresses that were judged
//! are connected to, and one that is not public refuses them all. [`address`] is the table of what is not public.
//! [`send`] follows no redirect, asks no proxy, decompresses nothing and bounds the time and the bytes of an answer;
//! [`answer`] says what of it may be shown. [`sign`] signs as Standard Webhooks writes it.
//!
//! With the setting for local trials, http, every port and every address are let through, and nothing of an answer's
//! body is shown.

mod address;
mod answer;
#[cfg(test)]
mod receiver;
mod resolver;
mod send;
mod sign;
#[cfg(test)]
mod tests;
mod url;

pub use self::send::Sender;

/// Why webhooks cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The client cannot be built.
    #[error("cannot make the client that sends webhooks")]
    Client(#[from] reqwest::Error),
}
