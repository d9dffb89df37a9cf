//! What stands beside an object in memory, so that its plain fields wait for nothing.

use std::sync::Arc;

use async_graphql::ContextBase;

use crate::app::App;
use crate::app::catalogue::Snapshot;
use crate::domain::requester::{Requester, Scope};
use crate::graphql::context::Known;
use crate::graphql::execute::RequestContext;

/// What the writers of fields may look at beside their object.
pub struct AtHand<'a> {
    /// Who asks.
    pub requester: &'a Requester,
    /// The billers.
    pub billers: Arc<Snapshot>,
    /// What the lists of this request have read beside their own objects.
    pub known: &'a Known,
}

impl<'a> AtHand<'a> {
    /// What is at hand where something is resolved.
    pub fn of<T>(ctx: &ContextBase<'a, T>) -> Self {
        Self {
            requester: &ctx.data_unchecked::<RequestContext>().requester,
            billers: ctx.data_unchecked::<App>().catalogue.snapshot(),
            known: ctx.data_unchecked::<Known>(),
        }
    }

    /// Whether the requester is an administrator of the tenant.
    pub fn is_admin(&self) -> bool {
        self.requester.may(Scope::Admin)
    }
}
