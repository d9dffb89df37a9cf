//! Events that are told to many: each is resolved and written once for all who ask the same of it with the same rights.
//!
//! What a subscription yields stands in a [`Shared`], which resolves as the object in it does, but looks first whether
//! another subscriber has been answered the very same. What is the same is decided by [`Asked`]: the digest of the
//! selections with their variables' values ([`wish`]), the owner whose objects are seen, and the scopes. Whoever finds
//! the answer out does so as a requester who is made of these and nothing else, in a task, with loaders and a gate of
//! its own: so nothing that belongs to one subscriber can be told to another, and none waits for another's connection.
//!
//! What a subscriber is told next, and nobody has asked for yet, is found out with it, up to [`AHEAD`] events: they
//! share the statements of their level, and whoever follows finds several answers ready, which go out in few writes.
//!
//! An answer in which anything failed is shared with nobody: each subscriber then resolves by itself, and is told the
//! error under the id of its own request. Of several that were found out together nobody knows whose the error is, so
//! that then the first is found out alone.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Instant;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, Data, OutputType, Pos, Positioned, QueryEnv, QueryPathNode, QueryPathSegment, Request,
    SchemaEnv, ServerResult, Value,
};
use bytes::Bytes;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::context;
use super::execute::RequestContext;
use super::gate::{self, Gate};
use super::wish;
use super::written::{to_json, written};
use crate::app::App;
use crate::app::memo::{self, Aged, FRESH, Finding};
use crate::app::told::{Asked, Told, Turn};
use crate::domain::event::Event;
use crate::domain::requester::{Requester, Scopes};
use crate::ports::clock::Clock;
use crate::store::Owner;
use crate::telemetry::spans::TraceParent;

/// Events that are found out with one that is asked for.
pub const AHEAD: usize = 15;

/// An object that tells an event, and what was answered to others.
pub struct Shared<T> {
    object: T,
    /// Since when what the object knows beside its event was so; None: it knows nothing.
    since: Option<Timestamp>,
    /// The event, and what the subscriber is told next.
    turn: Turn,
    dress: Dress<T>,
}

/// Makes an object of an event and what is known of it; None: it is not to be told, or nothing is known.
type OfKnown<T> = dyn Fn(&Told) -> Option<Aged<T>> + Send + Sync;

/// How an object is made of an event.
pub enum Dress<T> {
    /// Of the event alone.
    Bare(fn(Arc<Event>) -> T),
    /// With what is known of it already.
    Known(Arc<OfKnown<T>>),
}

impl<T> fmt::Debug for Dress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dress").finish_non_exhaustive()
    }
}

impl<T> Dress<T> {
    /// The object, and since when what it knows beside its event was so.
    fn object(&self, told: &Told) -> Option<(T, Option<Timestamp>)> {
        match self {
            Self::Bare(dress) => Some((dress(Arc::clone(&told.event)), None)),
            Self::Known(dress) => dress(told).map(|aged| (aged.value, Some(aged.since))),
        }
    }
}

impl<T> Shared<T> {
    /// The object that `dress` makes of an event.
    pub fn new(turn: Turn, dress: fn(Arc<Event>) -> T) -> Self {
        Self { object: dress(Arc::clone(&turn.told.event)), since: None, turn, dress: Dress::Bare(dress) }
    }

    /// An object that knows something beside its event; those that are told next are made by `dress`.
    pub fn with_known(turn: Turn, known: Aged<T>, dress: Dress<T>) -> Self {
        Self { object: known.value, since: Some(known.since), turn, dress }
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
    /// How many more are found out one by one, since several together have failed or taken too long.
    singly: Arc<AtomicUsize>,
}

impl Asking {
    /// With the rights of a requester.
    pub fn of(requester: &Requester) -> Self {
        let (asked, singly) = (OnceLock::new(), Arc::default());
        Self { owner: Owner::of(requester), scopes: requester.scopes, asked, singly }
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

    /// Whether the next events are found out with the one that is asked for; said once for each of those. Events of a
    /// subscription are told one after the other, so that nobody counts beside this.
    fn looks_ahead(&self) -> bool {
        let left = self.singly.load(Ordering::Relaxed);
        self.singly.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    }
}

/// Without the customer and the rights.
impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").finish_non_exhaustive()
    }
}

/// Objects that are found out together: the one that is asked for, and those that are told behind it.
struct Group<T> {
    objects: Vec<T>,
    /// Of all but the first.
    findings: Vec<Finding<Arc<Asked>, Bytes>>,
}

impl<T: OutputType + Clone + 'static> Shared<T> {
    /// What all are answered who ask the same; None: to be resolved alone.
    async fn answer(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> Option<Bytes> {
        let asking = ctx.data_opt::<Asking>()?;
        let asked = asking.asked(ctx, field, &T::type_name())?;
        let clock = &ctx.data_opt::<App>()?.clock;
        let together = || {
            let group = self.group(asking, asked, clock);
            find_out(group, Arc::clone(asked), Arc::clone(&asking.singly), ctx, field)
        };
        self.turn.told.answers.get(asked, clock, self.since, together).await.map(|answer| answer.value)
    }

    /// The object, and what is told behind it as far as nobody has asked this of it.
    fn group(&self, asking: &Asking, asked: &Arc<Asked>, clock: &Clock) -> Group<T> {
        let mut group = Group { objects: vec![self.object.clone()], findings: Vec::new() };
        if !asking.looks_ahead() {
            return group;
        }
        for told in self.turn.next_ones(AHEAD) {
            let Some((object, since)) = self.dress.object(told) else { continue };
            if let Some(finding) = told.answers.take_on(asked, clock, since) {
                group.objects.push(object);
                group.findings.push(finding);
            }
        }
        group
    }
}

/// Resolves and writes objects for all who have these rights, tells all but the first to whoever waits for them, and
/// answers the first; None where anything failed.
fn find_out<T: OutputType + 'static>(
    group: Group<T>,
    asked: Arc<Asked>,
    singly: Arc<AtomicUsize>,
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
) -> impl Future<Output = Option<Bytes>> + Send + use<T> {
    let (schema_env, query_env, field) = (ctx.schema_env.clone(), ctx.query_env.clone(), field.clone());
    async move {
        let Group { objects, findings } = group;
        let began = Instant::now();
        if let Some(answers) = all(&objects, &asked, (&schema_env, &query_env), &field).await {
            let mut answers = answers.into_iter();
            let first = answers.next();
            if began.elapsed() > FRESH {
                // What was found out of the others is too old by now.
                singly.store(AHEAD, Ordering::Relaxed);
            }
            memo::tell(findings.into_iter().zip(answers).collect());
            return first;
        }
        if findings.is_empty() {
            return None;
        }
        // Whoever waits for one of the others asks again.
        drop(findings);
        singly.store(AHEAD, Ordering::Relaxed);
        all(objects.get(..1)?, &asked, (&schema_env, &query_env), &field).await?.pop()
    }
}

/// The answers of all objects in their order; None where anything failed.
async fn all<T: OutputType>(
    objects: &[T],
    asked: &Asked,
    (schema_env, query_env): (&SchemaEnv, &QueryEnv),
    field: &Positioned<Field>,
) -> Option<Vec<Bytes>> {
    let gate = Arc::new(Gate::default());
    let data = data_of(asked, &gate);
    let key = field.node.response_key().node.as_str();
    let path = QueryPathNode { parent: None, segment: QueryPathSegment::Name(key) };
    let ctx = query_env.create_context(schema_env, Some(path), &field.node.selection_set, Some(&data));
    let mut resolving = Vec::with_capacity(objects.len());
    for object in objects {
        resolving.push(object.resolve(&ctx, field));
    }
    let resolved = gate::through(gate, join_all(resolving)).await;
    // A subscription waits for what it has begun to find out, so that what was raised is of these objects alone.
    let raised = std::mem::take(&mut *query_env.errors.lock().unwrap_or_else(PoisonError::into_inner));
    if !raised.is_empty() {
        return None;
    }
    resolved.into_iter().map(|resolved| to_json(&resolved.ok()?).ok().map(Bytes::from)).collect()
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
