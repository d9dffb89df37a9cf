//! Traces: what a real process tells a collector of one payment, and that it tells nobody unasked.
//!
//! The program is a process of its own, since what takes spans is the process's. The collector is a receiver on this
//! host; what it was sent is read with the types of the protocol.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::{TestApp, on_both_databases, text};
use crate::webhooks::{KEY, TRIAL};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const BUSY: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "true");
const COLLECTOR: &str = "BILLPAY_TELEMETRY__OTLP_ENDPOINT";
/// How long a process may take to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// Paid.
const ACCOUNT: &str = "1111111";
/// A client's own span, and the two parts of it that go on.
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const PAY: &str = "mutation Pay($input: CreatePaymentInput!) {
    createPayment(input: $input) { payment { id } errors { code message } } }";
const LISTEN: &str = "mutation ($url: URL!) {
    createWebhookEndpoint(input: { url: $url }) { webhookEndpoint { id } errors { code message } } }";

/// What a collector was told.
struct Told {
    spans: Vec<Span>,
    services: Vec<String>,
}

impl Told {
    fn read(received: &[Received]) -> Self {
        let mut told = Self { spans: Vec::new(), services: Vec::new() };
        for one in received {
            assert_eq!((one.path.as_str(), one.header("content-type")), ("/v1/traces", "application/x-protobuf"));
            let request = ExportTraceServiceRequest::decode(one.body.as_slice()).expect("a request of the protocol");
            for resource in request.resource_spans {
                let attributes = resource.resource.expect("a resource").attributes;
                told.services.extend(attribute(&attributes, "service.name"));
                told.spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        told
    }

    /// The only span of which that is true.
    #[track_caller]
    fn only(&self, what: &str, wanted: impl Fn(&Span) -> bool) -> &Span {
        let found: Vec<&Span> = self.spans.iter().filter(|span| wanted(span)).collect();
        assert_eq!(found.len(), 1, "{what}: {:?}", self.names());
        found[0]
    }

    fn names(&self) -> Vec<&str> {
        self.spans.iter().map(|span| span.name.as_str()).collect()
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let mut found = attributes.iter().filter(|attribute| attribute.key == key);
    let AnyValue { value } = found.next()?.value.clone()?;
    assert!(found.next().is_none(), "{key} is told twice");
    match value? {
        Any::StringValue(text) => Some(text),
        Any::IntValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

fn of(span: &Span, key: &str) -> Option<String> {
    attribute(&span.attributes, key)
}

fn is(span: &Span, key: &str, value: &str) -> bool {
    of(span, key).as_deref() == Some(value)
}

/// Sends the payment as a client that traces does; its id.
async fn pay(app: &TestApp, program: &Program, client: &Client, token: &str) -> String {
    let input = payment_input(&client.biller(KPLC).await, ACCOUNT, "15");
    let request = app.http().post(program.url("/graphql")).bearer_auth(token).header("traceparent", TRACEPARENT);
    let request = request.json(&json!({ "query": PAY, "variables": { "input": input } }));
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["data"]["createPayment"]["errors"], json!([]), "{answer}");
    text(&answer, "/data/createPayment/payment/id").to_owned()
}

async fn stop(mut program: Program) {
    program.terminate();
    let ended = program.ended(PATIENCE).await;
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}\n{}", program.log());
}

on_both_databases! {
    with [IDLE, KEY, TRIAL]
    async fn a_payment_is_told_from_the_client_to_the_provider_and_the_receiver(app: TestApp) {
        let (collector, hooks) = (Receiver::start().await, Receiver::start().await);
        let program = Program::serve(&app, &[BUSY, (COLLECTOR, &collector.url(""))]).await;
        let token = app.token(TENANT, &format!("{ALL} webhooks:write"));
        let client = app.client_at(program.address, &token);
        let endpoint = client.data(LISTEN, json!({ "url": hooks.url("/hooks") })).await;
        let payment = pay(&app, &program, &client, &token).await;
        client.wait_for_status(&payment, &["SUCCEEDED"]).await;
        hooks.wait_until("the end of the payment", |all| {
            all.iter().any(|one| one.json()["data"]["status"] == "SUCCEEDED")
        })
        .await;
        stop(program).await;

        let received = collector.received();
        let told = Told::read(&received);
        assert!(told.services.iter().all(|service| service == "billpay") && !told.services.is_empty());

        let operation = told.only("the operation", |span| is(span, "graphql.operation.name", "Pay"));
        assert_eq!(operation.name, "graphql mutation");
        assert_eq!((hex::encode(&operation.trace_id), hex::encode(&operation.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
        assert_eq!(of(operation, "outcome").as_deref(), Some("answered"));
        let cost = of(operation, "graphql.cost").expect("a cost");
        assert!(cost.parse::<u32>().is_ok_and(|cost| cost > 0), "{cost}");

        let submission = of(operation, "submission.id").expect("the payment's submission");
        let call = told.only("the call", |span| span.name == "almara submit");
        let step = told.only("the step of the call", |span| span.span_id == call.parent_span_id);
        assert_eq!((step.name.as_str(), &step.trace_id), ("worker step", &call.trace_id));
        assert!(is(step, "submission.id", &submission) && is(step, "outcome", "stored"), "{step:?}");
        assert!(step.parent_span_id.is_empty(), "a step is the beginning of a trace: {step:?}");
        assert!(is(call, "outcome", "answered") && is(call, "provider.name", "almara"), "{call:?}");

        let deliveries: Vec<&Span> = told.spans.iter().filter(|span| span.name == "webhook delivery").collect();
        assert_eq!(deliveries.len(), hooks.received().len());
        let id = text(&endpoint, "/createWebhookEndpoint/webhookEndpoint/id");
        for delivery in deliveries {
            assert!(is(delivery, "webhook_endpoint.id", id) && is(delivery, "outcome", "delivered"), "{delivery:?}");
        }
        assert_nothing_private(&received, &token);
    }
}

/// Texts stand in the protocol as they are.
#[track_caller]
fn assert_nothing_private(received: &[Received], token: &str) {
    let bodies: String = received.iter().map(|one| String::from_utf8_lossy(&one.body).into_owned()).collect();
    assert!(bodies.contains("graphql mutation"), "the texts are not to be read here");
    let signature = token.rsplit('.').next().expect("a token");
    for private in [ACCOUNT, "Irina", "254710000000", token, signature, "createPayment", "127.0.0.1", "/hooks"] {
        assert!(!bodies.contains(private), "{private} is told");
    }
}

on_both_databases! {
    with [IDLE]
    async fn nothing_is_sent_where_no_collector_is_set(app: TestApp) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not wait");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        // What the library would go by if it were asked.
        let program = Program::serve(&app, &[BUSY, ("OTEL_EXPORTER_OTLP_ENDPOINT", &address)]).await;
        let token = app.token(TENANT, ALL);
        let client = app.client_at(program.address, &token);
        let payment = pay(&app, &program, &client, &token).await;
        client.wait_for_status(&payment, &["SUCCEEDED"]).await;
        stop(program).await;
        let called = listener.accept();
        assert!(called.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "{called:?}");
    }
}

on_both_databases! {
    with [IDLE]
    async fn a_collector_that_hangs_holds_neither_payments_nor_the_stop(app: TestApp) {
        let collector = Receiver::start().await;
        collector.always(Reply::Hang);
        let program = Program::serve(&app, &[BUSY, (COLLECTOR, &collector.url(""))]).await;
        let token = app.token(TENANT, ALL);
        let client = app.client_at(program.address, &token);
        let payment = pay(&app, &program, &client, &token).await;
        client.wait_for_status(&payment, &["SUCCEEDED"]).await;
        collector.wait_for(1).await;
        stop(program).await;
    }
}
