//! The viewer: what the token says.

use async_graphql::SimpleObject;

use crate::graphql::scalar::Sequence;

/// Who asks, as the token says it.
#[derive(Clone, Debug, SimpleObject)]
pub struct Viewer {
    /// The token's subject.
    pub subject: String,
    /// The organisation.
    pub tenant: String,
    /// The customer, where the token speaks for one.
    pub customer: Option<String>,
    /// What may be done.
    pub scopes: Vec<String>,
    /// The last sequence of the tenant's log.
    pub events_head: Sequence,
}
