//! One connection of `graphql-transport-ws`, from the upgrade to the last frame.
//!
//! A single loop takes what comes first: a message of the client, something an operation has, a heartbeat, the
//! deadline (for `connection_init`, then the end of the token), the server's stop. It alone changes the connection's
//! state. Whatever closes the connection is a [`Close`]; after it, and after the client's own, the socket is read to its
//! end, for only then is the closing handshake written.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::close::Close;
use super::message::{ClientMessage, Head, Malformed, ServerMessage};
use super::operations::{Delivery, Operations};
use super::writer;
use crate::domain::requester::Requester;
use crate::graphql::answer::Answer;
use crate::graphql::execute::{RequestContext, answers};
use crate::graphql::request::GraphqlRequest;
use crate::http::graphql::Edge;
use crate::http::request_id::RequestId;
use crate::telemetry::spans::TraceParent;

/// The ends by which a connection reads, writes and hears of its operations.
pub struct Streams {
    incoming: SplitStream<WebSocket>,
    outgoing: SplitSink<WebSocket, Message>,
    queue: mpsc::Receiver<Box<Message>>,
    deliveries: mpsc::Receiver<Box<Delivery>>,
}

/// The state of a connection.
pub struct Connection {
    edge: Arc<Edge>,
    /// The header of the upgrade, for clients that send no token in `connection_init`.
    authorization: Option<String>,
    /// None until the connection is acknowledged.
    requester: Option<Requester>,
    operations: Operations,
    outbox: mpsc::Sender<Box<Message>>,
    deadline: Pin<Box<Sleep>>,
    /// The server's stop, by a token of its own: one that all sockets waited for would make each wait for the others at
    /// every delivery.
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    beats: Interval,
}

/// How the loop ended.
enum End {
    /// The client is gone or has closed.
    Gone,
    Closed(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Closed(close)
    }
}

impl From<Malformed> for End {
    fn from(_: Malformed) -> Self {
        Self::Closed(Close::Malformed)
    }
}

/// A message of ours cannot fail to be written as JSON; if it does, the connection ends.
impl From<serde_json::Error> for End {
    fn from(_: serde_json::Error) -> Self {
        Self::Gone
    }
}

/// What the loop takes next.
enum Event {
    Incoming(Option<Result<Message, axum::Error>>),
    Delivery(Box<Delivery>),
    Beat,
    Deadline,
    Stop,
    WriterGone,
}

impl Connection {
    pub fn open(edge: Arc<Edge>, authorization: Option<String>, socket: WebSocket) -> (Self, Streams) {
        let (outgoing, incoming) = socket.split();
        let (outbox, queue) = mpsc::channel(writer::QUEUE);
        let (operations, deliveries) = Operations::new(edge.limits.max_operations_per_socket);
        let heartbeat = edge.limits.heartbeat;
        let connection = Self {
            deadline: Box::pin(tokio::time::sleep(edge.limits.init_timeout)),
            stop: Box::pin(edge.shutdown.child_token().cancelled_owned()),
            beats: tokio::time::interval_at(Instant::now() + heartbeat, heartbeat),
            authorization,
            requester: None,
            operations,
            outbox,
            edge,
        };
        (connection, Streams { incoming, outgoing, queue, deliveries })
    }

    /// Serves until either side ends. No `async fn`: its future would have room for what it is given twice.
    pub fn serve(mut self, streams: Streams, speaks_ours: bool) -> impl Future<Output = ()> + Send {
        let Streams { mut incoming, outgoing, queue, mut deliveries } = streams;
        let patience = self.edge.limits.send_timeout;
        let writer = tokio::spawn(writer::write(outgoing, queue, patience));
        async move {
            let end = if speaks_ours {
                self.run(&mut incoming, &mut deliveries).await
            } else {
                End::Closed(Close::UnknownProtocol)
            };
            if let End::Closed(close) = end {
                tracing::debug!(close.code = close.code(), close.reason = close.reason(), "closing a websocket");
                // It fails where the writer has ended or is stuck; then nobody is there to read it.
                let _ = tokio::time::timeout(patience, self.outbox.send(Box::new(close.into_message()))).await;
            }
            drop(self);
            drain(incoming, patience).await;
            writer.abort();
        }
    }

    async fn run(
        &mut self,
        incoming: &mut SplitStream<WebSocket>,
        deliveries: &mut mpsc::Receiver<Box<Delivery>>,
    ) -> End {
        loop {
            let event = self.next_event(incoming, deliveries).await;
            if let Err(end) = self.take_turn(event, deliveries).await {
                return end;
            }
        }
    }

    /// What operations have at hand besides goes out with it, as far as there is room: for as many messages as that may
    /// be, nothing else is asked.
    async fn take_turn(&mut self, event: Event, deliveries: &mut mpsc::Receiver<Box<Delivery>>) -> Result<(), End> {
        self.handle(event).await?;
        for _ in 0..writer::QUEUE {
            if self.outbox.capacity() == 0 {
                break;
            }
            let Ok(delivery) = deliveries.try_recv() else { break };
            if let Some(message) = self.told(*delivery)? {
                self.pass_on(message).await?;
            }
        }
        Ok(())
    }

    /// An operation is heard only when there is room to pass on what it has.
    async fn next_event(
        &mut self,
        incoming: &mut SplitStream<WebSocket>,
        deliveries: &mut mpsc::Receiver<Box<Delivery>>,
    ) -> Event {
        tokio::select! {
            biased;
            () = &mut self.stop => Event::Stop,
            () = self.outbox.closed() => Event::WriterGone,
            () = &mut self.deadline => Event::Deadline,
            message = incoming.next() => Event::Incoming(message),
            _ = self.beats.tick() => Event::Beat,
            Some(delivery) = next_delivery(&self.outbox, deliveries) => Event::Delivery(delivery),
        }
    }

    async fn handle(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Incoming(message) => self.incoming(message).await,
            Event::Delivery(delivery) => match self.told(*delivery)? {
                Some(message) => self.pass_on(message).await,
                None => Ok(()),
            },
            Event::Beat => self.beat().await,
            Event::Deadline if self.requester.is_none() => Err(Close::InitTooLate.into()),
            Event::Deadline => Err(Close::TokenEnded.into()),
            Event::Stop => Err(Close::GoingAway.into()),
            Event::WriterGone => Err(End::Gone),
        }
    }

    async fn incoming(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) if text.len() > self.edge.limits.max_message_bytes => {
                Err(Close::MessageTooBig.into())
            }
            // Clients say little, and what it takes to do what they say is large: it has room only for so long.
            Some(Ok(Message::Text(text))) => Box::pin(self.said(ClientMessage::parse(&text)?)).await,
            Some(Ok(Message::Binary(_))) => Err(Close::Malformed.into()),
            // The library answers pings of the wire by itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(_)) => Err(Close::BrokenWire.into()),
        }
    }

    async fn said(&mut self, message: ClientMessage) -> Result<(), End> {
        match message {
            ClientMessage::ConnectionInit { authorization } => self.initialise(authorization).await,
            ClientMessage::Ping => self.say(&ServerMessage::Pong).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, request } => self.subscribe(id, request).await,
            ClientMessage::Complete { id } => {
                self.operations.end(&id);
                Ok(())
            }
        }
    }

    async fn initialise(&mut self, authorization: Option<String>) -> Result<(), End> {
        if self.requester.is_some() {
            return Err(Close::InitTwice.into());
        }
        let header = authorization.or_else(|| self.authorization.take()).ok_or(Close::TokenRefused)?;
        let requester = self.edge.authenticator.authenticate(&header).await.map_err(|_| Close::TokenRefused)?;
        self.deadline = Box::pin(tokio::time::sleep(self.edge.authenticator.time_left(&requester)));
        self.requester = Some(requester);
        self.say(&ServerMessage::ConnectionAck).await
    }

    async fn subscribe(&mut self, id: String, request: GraphqlRequest) -> Result<(), End> {
        let requester = self.requester.clone().ok_or(Close::NotInitialised)?;
        self.operations.admit(&id)?;
        let request_id = RequestId::generate().into_string();
        match self.edge.engine.prepare(request, &requester) {
            Ok(prepared) => {
                // A socket lives on for hours: each operation of it is a trace of its own.
                let context = RequestContext { requester, request_id, trace_parent: TraceParent::default() };
                self.operations.begin(id, answers(&self.edge.engine, prepared, context));
                Ok(())
            }
            Err(error) => {
                let errors = [error.into_server_error(&request_id)];
                self.say(&ServerMessage::Error { id: &id, payload: &errors }).await
            }
        }
    }

    /// What the client is told of a delivery. A refusal ends its operation without `complete`; so does the client's own
    /// `complete`, after which no answer of the operation is passed on.
    fn told(&mut self, delivery: Delivery) -> Result<Option<Message>, End> {
        if !self.operations.is_live(&delivery) {
            return Ok(None);
        }
        let Delivery { id, answer, .. } = delivery;
        let message = match answer {
            Some(Answer::Refused(refusal)) => {
                self.operations.end(&id);
                ServerMessage::Error { id: &id, payload: &refusal.errors }.write()
            }
            Some(answer @ Answer::Executed(_)) => ServerMessage::Next { id: &id, payload: &answer }.write(),
            None => {
                self.operations.end(&id);
                ServerMessage::Complete { id: &id }.write()
            }
        };
        Ok(Some(message?))
    }

    async fn beat(&mut self) -> Result<(), End> {
        let Some(requester) = &self.requester else { return Ok(()) };
        let head = (self.edge.head_of)(requester.tenant.clone()).await;
        let payload = head.map(|head| Head { head: head.to_string() });
        self.say(&ServerMessage::Ping { payload }).await
    }

    async fn say(&self, message: &ServerMessage<'_>) -> Result<(), End> {
        self.pass_on(message.write()?).await
    }

    /// Boxed, since the queue keeps room for as many as it may hold from the beginning.
    async fn pass_on(&self, message: Message) -> Result<(), End> {
        self.outbox.send(Box::new(message)).await.map_err(|_| End::Gone)
    }
}

/// Waits for room in the outbox first, so that what an operation has stays with it until it can be passed on.
async fn next_delivery(
    outbox: &mpsc::Sender<Box<Message>>,
    deliveries: &mut mpsc::Receiver<Box<Delivery>>,
) -> Option<Box<Delivery>> {
    let _room = outbox.reserve().await.ok()?;
    deliveries.recv().await
}

/// Reads what is left, for a limited time.
async fn drain(mut incoming: SplitStream<WebSocket>, patience: Duration) {
    let reading = async { while let Some(Ok(_)) = incoming.next().await {} };
    // Either the closing handshake is done or its time is over: both end the connection.
    let _ = tokio::time::timeout(patience, reading).await;
}
