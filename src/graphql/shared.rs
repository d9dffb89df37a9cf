//! Events that are told to many: each is resolved and written once for all who ask the same of it with the same rights.
//!
//! What a subscription yields stands in a [`Shared`], which resolves as the object in it does, but looks first whether
//! another subscriber has been answered the very same. What is the same is decided by [`Asked`]: the digest of the
//! selections with their variables' values ([`wish`]), the owner whose objects are seen, and the scopes. Whoever finds
//! the answer out does so as a requester who is made of these and nothing else, in a task, with loaders and a gate of
//! its own: so nothing that belongs to one subscriber can be told to another, and none waits for another's connection.
//!
//! An answer in which anything failed is shared with nobody: each subscriber then resolves by itself, and is told the
//! error under the id of its own request.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock, PoisonError};

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, Data, OutputType, Pos, Positioned, QueryPathNode, QueryPathSegment, Request, ServerResult,
    Value,
};
use bytes::Bytes;
use jiff::Timestamp;

use super::context;
use super::execute::RequestContext;
use super::gate::{self, Gate};
use super::wish;
use super::written::{to_json, written};
use crate::app::App;
use crate::app::told::{Asked, Told};
use crate::domain::event::Event;
use crate::domain::requester::{Requester, Scopes};
use crate::store::Owner;
use crate::telemetry::spans::TraceParent;

/// An object that tells an event, and what was answered to others.
pub struct Shared<T> {
    object: T,
    told: Arc<Told>,
    /// Since when what the object knows beside its event was so; None: it knows nothing.
    since: Option<Timestamp>,
}

impl<T> Shared<T> {
    /// The object that `dress` makes of an event.
    pub fn new(told: Arc<Told>, dress: impl FnOnce(Arc<Event>) -> T) -> Self {
        Self { object: dress(Arc::clone(&told.event)), told, since: None }
    }

    /// An object that knows what was read at this time.
    pub fn with_known(told: Arc<Told>, object: T, since: Timestamp) -> Self {
        Self { object, told, since: Some(since) }
    }
}

/// Without the object, which belongs to a client.
impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// In the context of a subscription: what it asks, read from its document with its first event.
pub struct Asking {
    owner: Owner,
    scopes: Scopes,
    asked: OnceLock<(Pos, Option<Arc<Asked>>)>,
}

impl Asking {
    /// With the rights of a requester.
    pub fn of(requester: &Requester) -> Self {
        Self { owner: Owner::of(requester), scopes: requester.scopes, asked: OnceLock::new() }
    }

    /// What a field asks of each of its events; None where that cannot be told apart from everything else. A
    /// subscription has one field: another one's would be shared with nobody.
    fn asked(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>, of: &str) -> Option<&Arc<Asked>> {
        let (place, asked) = self.asked.get_or_init(|| {
            let asked =
                wish::digest(of, ctx).map(|what| Asked { what, owner: self.owner.clone(), scopes: self.scopes });
            (field.pos, asked.map(Arc::new))
        });
        asked.as_ref().filter(|_| *place == field.pos)
    }
}

/// Without the customer and the rights.
impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").finish_non_exhaustive()
    }
}

impl<T: OutputType + Clone + 'static> Shared<T> {
    /// What all are answered who ask the same; None: to be resolved alone.
    async fn answer(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> Option<Bytes> {
        let answers = self.told.answers()?;
        let asked = ctx.data_opt::<Asking>()?.asked(ctx, field, &T::type_name())?;
        let clock = &ctx.data_opt::<App>()?.clock;
        let alone = || find_out(self.object.clone(), Arc::clone(asked), ctx, field);
        answers.get(asked, clock, self.since, alone).await.map(|answer| answer.value)
    }
}

/// Resolves and writes an object for all who have these rights; None where anything failed.
fn find_out<T: OutputType + 'static>(
    object: T,
    asked: Arc<Asked>,
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
) -> impl Future<Output = Option<Bytes>> + Send + use<T> {
    let (schema_env, query_env, field) = (ctx.schema_env.clone(), ctx.query_env.clone(), field.clone());
    async move {
        let gate = Arc::new(Gate::default());
        let data = data_of(&asked, &gate);
        let key = field.node.response_key().node.as_str();
        let path = QueryPathNode { parent: None, segment: QueryPathSegment::Name(key) };
        let ctx = query_env.create_context(&schema_env, Some(path), &field.node.selection_set, Some(&data));
        let resolved = gate::through(gate, object.resolve(&ctx, &field)).await;
        // Of a subscription one event is resolved after the other, and it waits for this: these errors are of this one.
        let raised = std::mem::take(&mut *query_env.errors.lock().unwrap_or_else(PoisonError::into_inner));
        match resolved {
            Ok(answer) if raised.is_empty() => to_json(&answer).ok().map(Bytes::from),
            Ok(_) | Err(_) => None,
        }
    }
}

/// What resolvers find in their context before anything that a subscriber has put there.
fn data_of(asked: &Asked, gate: &Arc<Gate>) -> Data {
    let Owner { tenant, customer } = asked.owner.clone();
    let requester =
        Requester { subject: String::new(), tenant, customer, scopes: asked.scopes, expires_at: Timestamp::MAX };
    let context = RequestContext { requester, request_id: String::new(), trace_parent: TraceParent::default() };
    context::attach(Request::new(""), &context, gate).data
}

/// In the schema it is the object.
impl<T: OutputType + Clone + 'static> OutputType for Shared<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.object.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match self.answer(ctx, field).await {
            Some(answer) => Ok(written(answer)),
            None => self.object.resolve(ctx, field).await,
        }
    }
}
