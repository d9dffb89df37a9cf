//! What a resolver finds in its context: the application, the requester, and loaders that batch.

use std::sync::{Arc, OnceLock};

use async_graphql::dataloader::DataLoader;
use async_graphql::runtime::TokioSpawner;
use async_graphql::{Context, Request};

use super::error::top_level;
use super::execute::RequestContext;
use super::gate::{AtGate, Gate};
use super::loader::StoreLoader;
use crate::app::App;
use crate::app::access::require;
use crate::domain::requester::{Requester, Scope};
use crate::store::Owner;

/// The loaders of one request: made when the first is needed, never shared between requests.
struct Loaders {
    gate: Arc<Gate>,
    made: OnceLock<DataLoader<StoreLoader>>,
}

/// Gives a request what its resolvers need.
pub fn attach(request: Request, context: &RequestContext, gate: &Arc<Gate>) -> Request {
    request.data(context.clone()).data(Loaders { gate: gate.clone(), made: OnceLock::new() })
}

/// Shorthands for what stands in the context. Everything here is put there by [`attach`] and by the schema.
pub trait ContextExt {
    /// The application.
    fn app(&self) -> &App;
    /// Who asks.
    fn requester(&self) -> &Requester;
    /// Whose objects are seen.
    fn owner(&self) -> Owner;
    /// Whether the requester is an administrator of the tenant.
    fn is_admin(&self) -> bool;
    /// Whether the requester is an operator, who sees what belongs to no tenant.
    fn is_operator(&self) -> bool;
    /// Refuses a requester without a scope.
    fn require(&self, scope: Scope) -> async_graphql::Result<()>;
    /// Loaders that batch.
    fn loader(&self) -> &DataLoader<StoreLoader>;
}

impl ContextExt for Context<'_> {
    fn app(&self) -> &App {
        self.data_unchecked()
    }

    fn requester(&self) -> &Requester {
        &self.data_unchecked::<RequestContext>().requester
    }

    fn owner(&self) -> Owner {
        Owner::of(self.requester())
    }

    fn is_admin(&self) -> bool {
        self.requester().may(Scope::Admin)
    }

    fn is_operator(&self) -> bool {
        self.requester().may(Scope::Operator)
    }

    fn require(&self, scope: Scope) -> async_graphql::Result<()> {
        require(self.requester(), scope).map_err(top_level)
    }

    fn loader(&self) -> &DataLoader<StoreLoader> {
        let loaders = self.data_unchecked::<Loaders>();
        loaders.made.get_or_init(|| {
            let loader = StoreLoader::new(self.app().clone(), self.requester());
            DataLoader::new(loader, TokioSpawner::current(), AtGate(loaders.gate.clone()))
        })
    }
}
