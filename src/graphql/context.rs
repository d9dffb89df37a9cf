//! What a resolver finds in its context: the application, the requester, and loaders that batch.
//!
//! A list that read what its objects will be asked for leaves it here (`Known`), so that no loader has to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_graphql::dataloader::DataLoader;
use async_graphql::{Context, Request};
use uuid::Uuid;

use super::error::top_level;
use super::execute::RequestContext;
use super::gate::{AtGate, Gate};
use super::loader::StoreLoader;
use super::plain::Plans;
use crate::app::App;
use crate::app::access::require;
use crate::domain::bill_number::BillNumber;
use crate::domain::requester::{Requester, Scope};
use crate::store::Owner;

/// The loaders of one request: made when the first is needed, never shared between requests.
struct Loaders {
    gate: Arc<Gate>,
    made: OnceLock<DataLoader<StoreLoader>>,
}

/// What a query's lists have read beside their own objects, by id; None: there is none that the requester may see.
/// Nothing is left here by a subscription, whose context outlives what was read.
#[derive(Default)]
pub(super) struct Known {
    bill_numbers: Mutex<HashMap<Uuid, Option<BillNumber>>>,
}

impl Known {
    /// What `tell` makes of a bill number that a list has read; None where none has. It is not copied.
    pub(super) fn bill_number<T>(&self, id: Uuid, tell: impl FnOnce(Option<&BillNumber>) -> T) -> Option<T> {
        let read = self.bill_numbers.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(&id).map(|number| tell(number.as_ref()))
    }

    fn leave_bill_numbers(&self, read: impl Iterator<Item = (Uuid, Option<BillNumber>)>) {
        self.bill_numbers.lock().unwrap_or_else(PoisonError::into_inner).extend(read);
    }
}

/// Gives a request what its resolvers need.
pub fn attach(request: Request, context: &RequestContext, gate: &Arc<Gate>) -> Request {
    let loaders = Loaders { gate: gate.clone(), made: OnceLock::new() };
    request.data(context.clone()).data(loaders).data(Known::default()).data(Plans::default())
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
    /// Leaves what a list of a query has read of bill numbers.
    fn leave_bill_numbers(&self, read: impl Iterator<Item = (Uuid, Option<BillNumber>)>);
    /// What a list of this query has read of a bill number; None where it has not.
    fn known_bill_number(&self, id: Uuid) -> Option<Option<BillNumber>>;
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
            DataLoader::new(loader, AtGate(loaders.gate.clone()), AtGate(loaders.gate.clone()))
        })
    }

    fn leave_bill_numbers(&self, read: impl Iterator<Item = (Uuid, Option<BillNumber>)>) {
        self.data_unchecked::<Known>().leave_bill_numbers(read);
    }

    fn known_bill_number(&self, id: Uuid) -> Option<Option<BillNumber>> {
        self.data_unchecked::<Known>().bill_number(id, |number| number.cloned())
    }
}
