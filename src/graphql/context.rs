//! What a resolver finds in its context: the application, the requester, and loaders that batch.

use std::sync::OnceLock;

use async_graphql::dataloader::DataLoader;
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use async_graphql::{Context, Request};

use super::execute::RequestContext;
use super::loader::StoreLoader;
use crate::app::App;
use crate::domain::requester::{Requester, Scope};
use crate::store::Owner;

/// The loaders of one request: made when the first is needed, never shared between requests.
#[derive(Default)]
struct Loaders(OnceLock<DataLoader<StoreLoader>>);

/// Gives a request what its resolvers need.
pub fn attach(request: Request, context: &RequestContext) -> Request {
    request.data(context.clone()).data(Loaders::default())
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

    fn loader(&self) -> &DataLoader<StoreLoader> {
        self.data_unchecked::<Loaders>().0.get_or_init(|| {
            let loader = StoreLoader::new(self.app().clone(), self.owner());
            DataLoader::new(loader, TokioSpawner::current(), TokioTimer::default())
        })
    }
}
