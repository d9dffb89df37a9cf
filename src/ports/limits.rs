//! The limits that a provider sets to our calls, kept for all processes together.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::provider::ProviderCode;

/// What a provider allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallBudget {
    /// The most calls at once.
    pub at_once: Option<u32>,
    /// The most calls within one hour of the clock.
    pub per_hour: Option<u32>,
}

/// Why a call may not be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// As many calls as are allowed are running.
    #[error("all calls that the provider allows at once are running")]
    AllRunning,
    /// The calls of this hour are spent.
    #[error("the calls that the provider allows in an hour are spent")]
    HourSpent {
        /// When the next hour begins.
        until: Timestamp,
    },
    /// The limits cannot be read.
    #[error("the limits of the provider cannot be read")]
    Unavailable,
}

/// The right to make one call at a time; given back when it is dropped.
pub struct Permit(#[expect(dead_code, reason = "it is held for what happens when it is dropped")] Box<dyn Send + Sync>);

impl Permit {
    /// The right that ends when `held` is dropped.
    pub fn new(held: impl Send + Sync + 'static) -> Self {
        Self(Box::new(held))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// Who knows how many calls are running.
#[async_graphql::async_trait::async_trait]
pub trait CallLimits: Send + Sync + fmt::Debug {
    /// Waits for a free place, at most as long as `patience`, and counts the call against the hour.
    async fn enter(&self, provider: ProviderCode, budget: CallBudget, patience: Duration) -> Result<Permit, Busy>;
}

/// For a process that makes a call or two and shares nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unlimited;

#[async_graphql::async_trait::async_trait]
impl CallLimits for Unlimited {
    async fn enter(&self, _: ProviderCode, _: CallBudget, _: Duration) -> Result<Permit, Busy> {
        Ok(Permit::new(()))
    }
}
