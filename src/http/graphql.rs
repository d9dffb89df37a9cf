//! `/graphql`: what HTTP sends becomes a request, and its answer HTTP again.
//!
//! A POST carries application/json and nothing else; a GET carries queries only; both need the header Authorization,
//! which no form of a foreign page can send. A GET that asks for an upgrade becomes a WebSocket. The body is read
//! within a size and a time, after the token was accepted.
//!
//! Of async-graphql-axum the answer's head is used ([`GraphQLResponse`] tells the headers that resolvers have set), and
//! neither its body, which knows nothing of what is [`written`](crate::graphql::written), nor the extractors: they run
//! mutations sent by GET, as text/plain and as multipart, read bodies of any size, ignore `operationName` in a query
//! string, and cancel a mutation when its client goes away.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_graphql_axum::GraphQLResponse;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{RawQuery, State};
use axum::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio_util::sync::CancellationToken;

use super::jwt::Authenticator;
use super::negotiate::{self, Accepted, MediaType};
use super::pulse::{Pulse, pulses};
use super::request_id::RequestId;
use super::serve::Endless;
use super::{event_stream, multipart, websocket};
use crate::domain::requester::{Requester, TenantId};
use crate::graphql::answer::Answer;
use crate::graphql::execute::{Engine, RequestContext, answers, execute};
use crate::graphql::guard::{OperationKind, Prepared};
use crate::graphql::request::GraphqlRequest;
use crate::graphql::request_error::{Fault, FaultClass, RequestError};
use crate::graphql::written::to_json;
use crate::telemetry::spans::TraceParent;

/// The span of a client that an operation belongs below, by W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Tells the last sequence of a tenant's log; None where it cannot be told now.
pub type HeadOf = Arc<dyn Fn(TenantId) -> BoxFuture<'static, Option<i64>> + Send + Sync>;

/// All that the transports of GraphQL need.
#[derive(Clone)]
pub struct Edge {
    pub engine: Arc<Engine>,
    pub authenticator: Arc<Authenticator>,
    /// Origins, besides our own host, whose pages may open a WebSocket: `https://app.example`.
    pub allowed_origins: Arc<[String]>,
    pub head_of: HeadOf,
    pub limits: EdgeLimits,
    /// Cancelled when the server stops: streams end, sockets close with 1001.
    pub shutdown: CancellationToken,
}

/// What a client may take of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeLimits {
    pub max_body_bytes: usize,
    pub body_timeout: Duration,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    pub max_message_bytes: usize,
    /// Time for `connection_init`.
    pub init_timeout: Duration,
    /// Time for a client to take one message.
    pub send_timeout: Duration,
    pub max_operations_per_socket: usize,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            max_body_bytes: 256 * 1024,
            body_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(12),
            max_message_bytes: 64 * 1024,
            init_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(10),
            max_operations_per_socket: 100,
        }
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The routes of the GraphQL edge.
pub fn routes(edge: Edge) -> Router {
    // Shared, since the router copies its state several times for each request.
    Router::new().route("/graphql", get(by_get).post(by_post)).with_state(Arc::new(edge))
}

async fn by_get(
    State(edge): State<Arc<Edge>>,
    request_id: RequestId,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    RawQuery(query_string): RawQuery,
    headers: HeaderMap,
) -> Response {
    match upgrade {
        Ok(upgrade) => websocket::accept(edge, &headers, upgrade),
        Err(rejection) if asks_for_websocket(&headers) => rejection.into_response(),
        Err(_) => {
            let call = Call::new(edge, request_id, &headers);
            call.get(&headers, query_string.unwrap_or_default()).await
        }
    }
}

async fn by_post(State(edge): State<Arc<Edge>>, request_id: RequestId, headers: HeaderMap, body: Body) -> Response {
    let call = Call::new(edge, request_id, &headers);
    call.post(&headers, body).await
}

/// Other upgrades, such as h2c, are offers that a server may pass over.
fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// One request over HTTP.
struct Call {
    edge: Arc<Edge>,
    accepted: Accepted,
    request_id: String,
    trace_parent: TraceParent,
}

impl Call {
    fn new(edge: Arc<Edge>, request_id: RequestId, headers: &HeaderMap) -> Self {
        let trace_parent = TraceParent::read(headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()));
        Self { edge, accepted: Accepted::read(headers), request_id: request_id.into_string(), trace_parent }
    }

    async fn get(self, headers: &HeaderMap, query_string: String) -> Response {
        if !self.can_be_answered() {
            return not_acceptable();
        }
        match self.prepare_get(headers, &query_string).await {
            Ok((requester, prepared)) => self.run(requester, prepared).await,
            Err(error) => self.refuse(error),
        }
    }

    async fn post(self, headers: &HeaderMap, body: Body) -> Response {
        if !self.can_be_answered() {
            return not_acceptable();
        }
        match self.prepare_post(headers, body).await {
            Ok((requester, prepared)) => self.run(requester, prepared).await,
            Err(error) => self.refuse(error),
        }
    }

    fn can_be_answered(&self) -> bool {
        self.accepted.single().is_some() || self.accepted.many().is_some()
    }

    async fn prepare_get(
        &self,
        headers: &HeaderMap,
        query_string: &str,
    ) -> Result<(Requester, Prepared), RequestError> {
        let requester = self.authenticate(headers).await?;
        let request = GraphqlRequest::from_query_string(query_string)?;
        let prepared = self.edge.engine.prepare(request, &requester)?;
        match prepared.kind {
            OperationKind::Query | OperationKind::Subscription => Ok((requester, prepared)),
            OperationKind::Mutation => Err(Fault::MutationByGet.into()),
        }
    }

    async fn prepare_post(&self, headers: &HeaderMap, body: Body) -> Result<(Requester, Prepared), RequestError> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(negotiate::is_json) {
            return Err(Fault::UnsupportedMediaType.into());
        }
        let requester = self.authenticate(headers).await?;
        let body = read(body, self.edge.limits).await?;
        let prepared = self.edge.engine.prepare(GraphqlRequest::from_body(&body)?, &requester)?;
        Ok((requester, prepared))
    }

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Requester, Fault> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(Fault::TokenMissing)?;
        self.edge.authenticator.authenticate(header).await.map_err(|error| Fault::TokenRefused(error.to_string()))
    }

    async fn run(self, requester: Requester, prepared: Prepared) -> Response {
        let media = match prepared.kind {
            OperationKind::Query | OperationKind::Mutation => self.accepted.single(),
            OperationKind::Subscription => self.accepted.many(),
        };
        match (media, prepared.kind) {
            (Some(MediaType::EventStream), _) => self.stream(event_stream::respond, requester, prepared),
            (Some(MediaType::MultipartMixed), _) => self.stream(multipart::respond, requester, prepared),
            (Some(media @ (MediaType::Json | MediaType::GraphqlResponse)), _) => {
                let context =
                    RequestContext { requester, request_id: self.request_id, trace_parent: self.trace_parent };
                write(execute(&self.edge.engine, prepared, context).await, media)
            }
            (None, OperationKind::Subscription) => self.refuse(Fault::SubscriptionNeedsStream.into()),
            (None, OperationKind::Query | OperationKind::Mutation) => not_acceptable(),
        }
    }

    fn stream(
        self,
        respond: fn(BoxStream<'static, Pulse>, String) -> Response,
        requester: Requester,
        prepared: Prepared,
    ) -> Response {
        let context = RequestContext {
            requester: requester.clone(),
            request_id: self.request_id.clone(),
            trace_parent: self.trace_parent,
        };
        let endless = (prepared.kind == OperationKind::Subscription).then_some(Extension(Endless));
        let answers = answers(&self.edge.engine, prepared, context);
        (endless, respond(pulses(&self.edge, &requester, answers), self.request_id)).into_response()
    }

    /// A document refused to an event stream, for what it is or for its tenant's rate, is an event; every other error is
    /// an answer of its own.
    fn refuse(self, error: RequestError) -> Response {
        let is_of_operation = matches!(error.fault.class(), FaultClass::Document | FaultClass::RateLimited { .. });
        let is_event = is_of_operation && self.accepted.single() == Some(MediaType::EventStream);
        let answer = Answer::refused(error, &self.request_id);
        if is_event {
            let events = stream::iter([Pulse::Answer(answer), Pulse::Complete]).boxed();
            return event_stream::respond(events, self.request_id);
        }
        write(answer, self.accepted.error())
    }
}

/// Reads a body within the limits.
async fn read(body: Body, limits: EdgeLimits) -> Result<Bytes, Fault> {
    let reading = Limited::new(body, limits.max_body_bytes).collect();
    match tokio::time::timeout(limits.body_timeout, reading).await {
        Err(_) => Err(Fault::BodyTooSlow),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Fault::BodyTooLarge { limit_bytes: limits.max_body_bytes })
        }
        Ok(Err(_)) => Err(Fault::NotJson),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

fn write(answer: Answer, media: MediaType) -> Response {
    let body = json(&answer);
    let mut response = match answer {
        Answer::Executed(executed) => (head(*executed), body).into_response(),
        Answer::Refused(refusal) => refused(refusal.class, body, media),
    };
    response.headers_mut().insert(CONTENT_TYPE, media.content_type());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The headers that resolvers have set.
fn head(executed: async_graphql::Response) -> HeaderMap {
    let bare = async_graphql::Response::new(async_graphql::Value::Null)
        .http_headers(executed.http_headers)
        .cache_control(executed.cache_control);
    GraphQLResponse::from(bare).into_response().into_parts().0.headers
}

/// An answer cannot fail to be written as JSON; if it does, there is none.
fn json(answer: &Answer) -> Response {
    match to_json(answer) {
        Ok(json) => Body::from(json).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refused(class: FaultClass, body: Response, media: MediaType) -> Response {
    let status = negotiate::status(class, media);
    match header_of(class) {
        Some(header) => (status, [header], body).into_response(),
        None => (status, body).into_response(),
    }
}

/// The header that HTTP wants beside some statuses.
fn header_of(class: FaultClass) -> Option<(HeaderName, HeaderValue)> {
    match class {
        FaultClass::MutationByGet => Some((ALLOW, HeaderValue::from_static("POST"))),
        FaultClass::Unauthenticated => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        FaultClass::RateLimited { retry_after_seconds } => Some((RETRY_AFTER, HeaderValue::from(retry_after_seconds))),
        FaultClass::TimedOut | FaultClass::BodyTooLarge => Some((CONNECTION, HeaderValue::from_static("close"))),
        FaultClass::Malformed | FaultClass::Document | FaultClass::UnsupportedMediaType => None,
    }
}

/// Plain text: an answer that is no GraphQL must not carry its media type.
fn not_acceptable() -> Response {
    let text =
        "application/graphql-response+json, application/json, text/event-stream and multipart/mixed are served\n";
    (StatusCode::NOT_ACCEPTABLE, text).into_response()
}
