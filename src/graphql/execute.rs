//! The one way by which an operation of any transport is executed.
//!
//! [`Engine::prepare`] finds the document, refuses what may not run and charges its tenant; [`execute`] and
//! [`subscribe`] run the rest. A mutation runs in a task of its own, which neither a closed connection nor a deadline
//! ends: only the waiting for it ends. A panic becomes an answer. Nothing is logged of documents or variables.

mod outcome;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::{Request, Response, Value};
use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use metrics::Counter;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::answer::Answer;
use super::direct::DirectPage;
use super::documents::{Document, Documents};
use super::gate::{self, Gate};
use super::guard::{self, Cost, Limits, OperationKind, Prepared};
use super::library::{Deposit, Library};
use super::rates::{Charge, RateLimits};
use super::request::GraphqlRequest;
use super::request_error::{Fault, RequestError};
use super::shared::Asking;
use super::validity::Kinds;
use super::{Schema, Schemas, context};
use crate::app::App;
use crate::domain::requester::Requester;
use crate::telemetry::metric;
use crate::telemetry::spans::{self, TraceParent};

/// On whose behalf an operation runs, under which id it is found in the logs, and below which span in the traces.
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub requester: Requester,
    pub request_id: String,
    pub trace_parent: TraceParent,
}

/// The schema with all that stands around its execution.
pub struct Engine {
    schemas: Schemas,
    limits: Limits,
    documents: Documents,
    library: Arc<Library>,
    rates: RateLimits,
    mutations: TaskTracker,
    query_timeout: Duration,
}

/// Counts a subscription, and keeps its span open, as long as its stream lives.
struct OpenSubscription {
    span: Span,
    has_answered: bool,
}

impl OpenSubscription {
    fn new(span: Span) -> Self {
        metrics::gauge!(metric::SUBSCRIPTIONS).increment(1.0);
        Self { span, has_answered: false }
    }

    /// Its first answer tells what came of it.
    fn count_event(&mut self, answer: &Answer) {
        // As the figure of queries that were answered: found once and kept.
        static DELIVERED: OnceLock<Counter> = OnceLock::new();
        DELIVERED.get_or_init(|| metrics::counter!(metric::EVENTS_DELIVERED)).increment(1);
        if !self.has_answered {
            self.has_answered = true;
            spans::ended(&self.span, outcome::of(answer));
        }
    }
}

impl Drop for OpenSubscription {
    fn drop(&mut self) {
        metrics::gauge!(metric::SUBSCRIPTIONS).decrement(1.0);
    }
}

/// An operation panicked; its message went to the panic hook.
struct Panicked;

impl Engine {
    /// How long a client waits for its mutation, which goes on after that.
    pub const MUTATION_PATIENCE: Duration = Duration::from_secs(60);

    /// An engine whose queries may take `query_timeout`.
    pub fn new(schemas: Schemas, limits: Limits, query_timeout: Duration, library: Library, rates: RateLimits) -> Self {
        Self {
            schemas,
            limits,
            documents: Documents::default(),
            library: Arc::new(library),
            rates,
            mutations: TaskTracker::new(),
            query_timeout,
        }
    }

    /// Finds, parses, checks and weighs what a request asks for, and charges the requester's tenant for it. What it
    /// returns may be executed.
    pub fn prepare(&self, request: GraphqlRequest, requester: &Requester) -> Result<Prepared, RequestError> {
        let GraphqlRequest { source, operation_name, variables, extensions: _ } = request;
        let found = self.library.find(source, requester)?;
        let document = self.documents.get_or_parse(&found.text, || self.parse(&found.text))?;
        let prepared = guard::prepare(document, operation_name.as_deref(), variables, &self.limits)?;
        found.check(&prepared)?;
        let charge = Charge { points: prepared.cost.complexity, creates: prepared.creates };
        self.rates.charge(&requester.tenant, charge).inspect_err(|_| outcome::count(prepared.kind, "rate_limited"))?;
        Ok(Prepared { deposit: found.deposit, ..prepared })
    }

    /// Parses a document and checks what needs no values of its variables.
    fn parse(&self, text: &str) -> Result<Document, RequestError> {
        let document = guard::parse(text, &self.limits)?;
        if let Some(places) = self.schemas.places {
            places.check(&document)?;
        }
        Ok(document)
    }

    /// Ends when every mutation that was begun has ended. For the shutdown, after the transports are closed.
    pub async fn drained(&self) {
        self.mutations.close();
        self.mutations.wait().await;
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Runs a query or a mutation to its answer.
pub async fn execute(engine: &Engine, prepared: Prepared, context: RequestContext) -> Answer {
    let (kind, span) = (prepared.kind, span_of(&prepared, &context));
    let answer = run_to_answer(engine, prepared, context).instrument(span.clone()).await;
    let outcome = outcome::of(&answer);
    spans::ended(&span, outcome);
    outcome::count(kind, outcome);
    answer
}

/// Of what an operation is, its kind, its name and its cost are told; of its document and its variables nothing.
fn span_of(prepared: &Prepared, context: &RequestContext) -> Span {
    let (kind, name) = (outcome::word(prepared.kind), prepared.operation_name.as_deref());
    spans::operation(spans::Operation { kind, name, cost: prepared.cost.complexity }, &context.trace_parent)
}

async fn run_to_answer(engine: &Engine, mut prepared: Prepared, context: RequestContext) -> Answer {
    let (kind, cost, deposit) = (prepared.kind, prepared.cost, prepared.deposit.take());
    let (document, kinds) = (Arc::clone(&prepared.document), prepared.kinds());
    let known = kinds.is_some_and(|kinds| document.validity.is_known(kinds));
    let page = if known { DirectPage::of(&prepared, &context.requester) } else { None };
    let run_by_library = || {
        let gate = Arc::new(Gate::default());
        let schema = if known { &engine.schemas.trusting } else { &engine.schemas.strict };
        let request = context::attach(prepared.into_request(), &context, &gate);
        run(schema.clone(), request, gate)
    };
    let outcome = match kind {
        OperationKind::Query => {
            let running = async {
                match run_directly(page, &engine.schemas.app, &context.requester).await {
                    Some(ended) => ended,
                    None => run_by_library().await,
                }
            };
            within(engine.query_timeout, Fault::QueryTooSlow, running).await
        }
        OperationKind::Mutation => {
            let task = engine.mutations.spawn(run_by_library().in_current_span());
            let ended = async { task.await.unwrap_or(Err(Panicked)) };
            within(Engine::MUTATION_PATIENCE, Fault::MutationTooSlow, ended).await
        }
        OperationKind::Subscription => Err(Fault::SubscriptionNeedsStream),
    };
    let answer = match outcome {
        Ok(ended) => answer(ended, cost, &context.request_id),
        Err(fault) => Answer::refused(fault.into(), &context.request_id),
    };
    if !known {
        note_validity(&document, kinds, &answer);
    }
    keep(&engine.library, &context.requester, deposit, &answer);
    answer
}

/// Keeps the document of what was executed, and only of that: a refused one may not even be valid.
fn keep(library: &Library, requester: &Requester, deposit: Option<Deposit>, answer: &Answer) {
    match (answer, deposit) {
        (Answer::Executed(_), Some(deposit)) => library.keep(&requester.tenant, deposit),
        (Answer::Executed(_), None) | (Answer::Refused(_), _) => {}
    }
}

/// What was executed without a fault had been found valid.
fn note_validity(document: &Document, kinds: Option<Kinds>, answer: &Answer) {
    match (answer, kinds) {
        (Answer::Executed(response), Some(kinds)) if response.errors.is_empty() => document.validity.note(kinds),
        (Answer::Executed(_) | Answer::Refused(_), _) => {}
    }
}

/// Runs a subscription; the stream ends where it ends, and with an event that could not be told.
pub fn subscribe(engine: &Engine, mut prepared: Prepared, context: RequestContext) -> BoxStream<'static, Answer> {
    let mut open = OpenSubscription::new(span_of(&prepared, &context));
    let (cost, mut deposit) = (prepared.cost, prepared.deposit.take());
    let library = Arc::clone(&engine.library);
    let gate = Arc::new(Gate::default());
    let asking = Asking::of(&context.requester);
    let request = context::attach(prepared.into_request(), &context, &gate).data(asking);
    let events = gate::stream_through(gate, engine.schemas.strict.execute_stream(request));
    let events = AssertUnwindSafe(events).catch_unwind();
    let answers = events.map(move |event| {
        let answer = answer(event.map_err(|_| Panicked), cost, &context.request_id);
        open.count_event(&answer);
        keep(&library, &context.requester, deposit.take(), &answer);
        answer
    });
    up_to_the_untold(answers).boxed()
}

/// Ends behind the first answer that tells nothing: its client knows the last event that it was told, and asks again
/// behind that. If the stream went on, it would miss this one.
fn up_to_the_untold(answers: impl Stream<Item = Answer> + Send + 'static) -> impl Stream<Item = Answer> + Send {
    stream::unfold(Some(Box::pin(answers)), |answers| async move {
        let mut answers = answers?;
        let answer = answers.next().await?;
        let goes_on = tells_something(&answer);
        Some((answer, goes_on.then_some(answers)))
    })
}

fn tells_something(answer: &Answer) -> bool {
    match answer {
        Answer::Executed(response) => response.data != Value::Null,
        Answer::Refused(_) => false,
    }
}

/// Runs whatever a transport that streams was asked for.
pub fn answers(engine: &Arc<Engine>, prepared: Prepared, context: RequestContext) -> BoxStream<'static, Answer> {
    match prepared.kind {
        OperationKind::Subscription => subscribe(engine, prepared, context),
        OperationKind::Query | OperationKind::Mutation => {
            let engine = Arc::clone(engine);
            stream::once(async move { execute(&engine, prepared, context).await }).boxed()
        }
    }
}

async fn run(schema: Schema, request: Request, gate: Arc<Gate>) -> Result<Response, Panicked> {
    // The executor's future is large; boxed, it is not copied by each layer around it.
    let execution = Box::pin(schema.execute(request));
    AssertUnwindSafe(gate::through(gate, execution)).catch_unwind().await.map_err(|_| Panicked)
}

/// The answer of a page that needs no executor; None where the library is to run the operation.
async fn run_directly(
    page: Option<DirectPage>,
    app: &App,
    requester: &Requester,
) -> Option<Result<Response, Panicked>> {
    // Boxed for the same reason.
    let answering = Box::pin(page?.answer(app, requester));
    AssertUnwindSafe(answering).catch_unwind().await.map_err(|_| Panicked).transpose()
}

async fn within<T>(limit: Duration, too_slow: Fault, running: impl Future<Output = T>) -> Result<T, Fault> {
    tokio::time::timeout(limit, running).await.map_err(|_| too_slow)
}

fn answer(ended: Result<Response, Panicked>, cost: Cost, request_id: &str) -> Answer {
    match ended {
        Ok(response) => Answer::of_response(response, cost, request_id),
        Err(Panicked) => Answer::of_panic(cost, request_id),
    }
}

#[cfg(test)]
mod tests;
