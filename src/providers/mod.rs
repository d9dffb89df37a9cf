//! The adapters: one folder a provider, each behind [`Provider`](crate::ports::provider::Provider).
//!
//! An adapter translates and nothing else: it keeps no payment, decides no step and sends a submission at most once.
//! What all of them need of HTTP and JSON stands beside them, so that each is as careful as the others.
//! `docs/adding-a-provider.md` tells how one is made.

pub mod almara;
pub mod bill;
pub mod click;
pub mod clickpesa;
mod http;
mod json;
mod token;

use crate::domain::money::UnknownCurrency;

/// Why an adapter cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The client cannot be built.
    #[error("cannot make the client that calls the provider")]
    Client(#[from] reqwest::Error),
    /// The currency in the settings is historic, or no money that can be paid.
    #[error("the provider's currency is not in use")]
    Currency(#[from] UnknownCurrency),
}
