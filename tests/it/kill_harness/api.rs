//! The API as a caller sees it over HTTP, where any answer may be lost.

mod listen;
mod recall;
mod socket;
mod trouble;

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(super) use self::trouble::Trouble;
use super::purchase::{Mutation, Purchase};
use super::rows::{BulkRow, CollectionRow, EventRow, NumberRow, PaymentRow};

/// Longer than the server holds an answer back.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// How long the first server may take to fetch what can be bought, and how long a healed one may take to answer.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);
const MOST_PAGES: usize = 10_000;

/// Refusals that depend on what others do with the same bill: who gets one has made nothing, and asks no more.
const TURNED_AWAY: [&str; 3] = ["BILL_ALREADY_BEING_PAID", "BILL_NOT_PAYABLE", "AMOUNT_NOT_ALLOWED"];

const CREATE_PAYMENT: &str = "mutation ($input: CreatePaymentInput!) { answer: createPayment(input: $input) {
    made: payment { id } replayed errors { code message }
} }";

const CREATE_BULK_PAYMENT: &str = "mutation ($input: CreateBulkPaymentInput!) {
    answer: createBulkPayment(input: $input) { made: bulkPayment { id } replayed errors { code message } }
}";

const CREATE_CONTROL_NUMBER: &str = "mutation ($input: CreateControlNumberInput!) {
    answer: createControlNumber(input: $input) {
        made: controlNumber { id number } replayed errors { code message }
    }
}";

const OPEN: &str = "{
    payments(first: 1, filter: { statuses: [SCHEDULED, READY, SUBMITTING, UNKNOWN, PENDING] }) { nodes { id } }
    controlNumbers(first: 1, filter: { statuses: [REQUESTED, UNKNOWN] }) { nodes { id } }
}";

const PAYMENTS: &str = "query ($after: String) { payments(first: 100, after: $after) {
    nodes {
        id provider { code } idempotencyKey ourReference accountReference status version amount { amount }
        review { reason } bulkPayment { id } allocations { amount { amount } bill { providerReference } }
    }
    pageInfo { hasNextPage endCursor }
} }";

const BULK_PAYMENTS: &str = "query ($after: String) { bulkPayments(first: 100, after: $after) {
    nodes { id idempotencyKey status version }
    pageInfo { hasNextPage endCursor }
} }";

const CONTROL_NUMBERS: &str = "query ($after: String) { controlNumbers(first: 100, after: $after) {
    nodes { id idempotencyKey number reference status version amountReceived { amount } review { reason } }
    pageInfo { hasNextPage endCursor }
} }";

const COLLECTIONS: &str = "query ($after: String) { collections(first: 100, after: $after) {
    nodes { id number providerReference status version amount { amount } }
    pageInfo { hasNextPage endCursor }
} }";

const EVENTS: &str = "query ($after: Sequence) { events(first: 100, after: $after) { head nodes { ...Told } } }";

/// What is asked of an event, by whoever reads the log and by whoever listens to it.
const TOLD: &str = "fragment Told on Event {
    sequence at type subject { id }
    ... on PaymentEvent { version paymentStatus: status }
    ... on BulkPaymentEvent { version bulkStatus: status }
    ... on ControlNumberEvent { version numberStatus: status }
    ... on CollectionEvent { version collectionStatus: status }
}";

const CREATE_WEBHOOK: &str = "mutation ($input: CreateWebhookEndpointInput!) {
    createWebhookEndpoint(input: $input) { webhookEndpoint { id } errors { code message } }
}";

/// One caller of one server.
#[derive(Clone)]
pub(super) struct Api {
    http: reqwest::Client,
    address: SocketAddr,
    token: String,
}

/// What a mutation that makes something answered.
pub(super) enum Answer {
    /// It is made, now or before; a control number is told as soon as there is one.
    Made { id: String, number: Option<String>, replayed: bool },
    /// Nothing was made, and asking again is of no use: the code of the error.
    TurnedAway(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    nodes: Vec<Value>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
struct EventPage {
    head: String,
    nodes: Vec<EventRow>,
}

impl Api {
    pub(super) fn new(http: reqwest::Client, address: SocketAddr, token: String) -> Self {
        Self { http, address, token }
    }

    /// Asks for something, once: what was answered, or what came instead.
    pub(super) async fn create(&self, purchase: &Purchase) -> Result<Answer, Trouble> {
        let document = match purchase.mutation {
            Mutation::Payment => CREATE_PAYMENT,
            Mutation::BulkPayment => CREATE_BULK_PAYMENT,
            Mutation::ControlNumber => CREATE_CONTROL_NUMBER,
        };
        let data = self.ask(document, &json!({ "input": purchase.input })).await?;
        let text = |pointer: &str| data.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let refusal = text("/answer/errors/0/code");
        let turned_away = TURNED_AWAY.into_iter().find(|code| refusal.as_deref() == Some(*code));
        match (text("/answer/made/id"), turned_away) {
            (Some(id), _) => {
                let replayed = data.pointer("/answer/replayed") == Some(&Value::Bool(true));
                Ok(Answer::Made { id, number: text("/answer/made/number"), replayed })
            }
            (None, Some(code)) => Ok(Answer::TurnedAway(code)),
            // Without an object beside it, nothing was written.
            (None, None) if refusal.is_some() => Err(Trouble::Refused(data.to_string())),
            (None, None) => Err(Trouble::Told(data.to_string())),
        }
    }

    /// What a query finds, once there is something: `find` takes it out of the data.
    pub(super) async fn wait_for<T>(&self, document: &str, variables: &Value, find: impl Fn(&Value) -> Option<T>) -> T {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let data = self.must_tell(document, variables).await;
            if let Some(found) = find(&data) {
                return found;
            }
            assert!(Instant::now() < give_up, "nothing to buy was found in time: {data}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Has events told to a receiver of webhooks.
    pub(super) async fn create_webhook(&self, url: &str) {
        let data = self.must_tell(CREATE_WEBHOOK, &json!({ "input": { "url": url } })).await;
        let id = data.pointer("/createWebhookEndpoint/webhookEndpoint/id");
        assert!(id.is_some_and(Value::is_string), "no webhook endpoint: {data}");
    }

    /// Whether no payment and no control number is open any more. Those in review are not.
    pub(super) async fn is_settled(&self) -> bool {
        let Ok(data) = self.ask(OPEN, &Value::Null).await else { return false };
        let none = |pointer: &str| data.pointer(pointer).and_then(Value::as_array).is_some_and(Vec::is_empty);
        none("/payments/nodes") && none("/controlNumbers/nodes")
    }

    /// All payments, newest first, also those of bulk payments.
    pub(super) async fn payments(&self) -> Vec<PaymentRow> {
        self.all(PAYMENTS, "/payments").await
    }

    /// All bulk payments, newest first.
    pub(super) async fn bulk_payments(&self) -> Vec<BulkRow> {
        self.all(BULK_PAYMENTS, "/bulkPayments").await
    }

    /// All control numbers, newest first.
    pub(super) async fn control_numbers(&self) -> Vec<NumberRow> {
        self.all(CONTROL_NUMBERS, "/controlNumbers").await
    }

    /// All money that was received, newest first.
    pub(super) async fn collections(&self) -> Vec<CollectionRow> {
        self.all(COLLECTIONS, "/collections").await
    }

    /// The whole event log, oldest first, and the number that the log itself calls its last.
    pub(super) async fn events(&self) -> (Vec<EventRow>, u64) {
        let mut rows: Vec<EventRow> = Vec::new();
        for _ in 0..MOST_PAGES {
            let after = rows.last().map_or("0", |row| row.sequence.as_str());
            let document = format!("{EVENTS} {TOLD}");
            let page: EventPage = read(&self.must_tell(&document, &json!({ "after": after })).await, "/events");
            if page.nodes.is_empty() {
                return (rows, page.head.parse().expect("a sequence"));
            }
            rows.extend(page.nodes);
        }
        panic!("the events fill more than {MOST_PAGES} pages");
    }

    /// The number that the event log calls its last.
    pub(super) async fn head(&self) -> String {
        read(&self.must_tell("{ events(first: 1) { head } }", &Value::Null).await, "/events/head")
    }

    /// A figure of `/metrics` that has no labels.
    pub(super) async fn metric(&self, name: &str) -> Option<String> {
        let request = self.http.get(format!("http://{}/metrics", self.address)).timeout(CALL_LIMIT);
        let text = request.send().await.expect("the metrics").text().await.expect("text");
        let mut figures = text.lines().filter_map(|line| line.split_once(' '));
        figures.find(|(found, _)| *found == name).map(|(_, figure)| figure.to_owned())
    }

    /// All pages of a connection.
    async fn all<T: DeserializeOwned>(&self, document: &str, pointer: &str) -> Vec<T> {
        let mut rows = Vec::new();
        let mut after = Value::Null;
        for _ in 0..MOST_PAGES {
            let page: Page = read(&self.must_tell(document, &json!({ "after": after })).await, pointer);
            rows.extend(page.nodes.iter().map(|node| read::<T>(node, "")));
            match page.page_info.end_cursor.filter(|_| page.page_info.has_next_page) {
                Some(cursor) => after = Value::String(cursor),
                None => return rows,
            }
        }
        panic!("{pointer} fills more than {MOST_PAGES} pages");
    }

    /// The data of an answer. For a server that nobody kills.
    async fn must_tell(&self, document: &str, variables: &Value) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.ask(document, variables).await {
                Ok(data) => return data,
                Err(error) => assert!(Instant::now() < give_up, "no answer from a server that was left alone: {error}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The data of an answer, or what came instead: nothing, half an answer, or errors.
    async fn ask(&self, document: &str, variables: &Value) -> Result<Value, Trouble> {
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(&self.token);
        let request = request.timeout(CALL_LIMIT).json(&json!({ "query": document, "variables": variables }));
        let answer = request.send().await.map_err(Trouble::of)?;
        let mut body: Value = answer.json().await.map_err(Trouble::of)?;
        let is_whole = body.get("errors").is_none() && body.get("data").is_some_and(|data| !data.is_null());
        if is_whole { Ok(body["data"].take()) } else { Err(Trouble::of_errors(&body)) }
    }
}

fn read<T: DeserializeOwned>(data: &Value, pointer: &str) -> T {
    let part = data.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {data}"));
    serde_json::from_value(part.clone()).unwrap_or_else(|error| panic!("{error}: {part}"))
}
