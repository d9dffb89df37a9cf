//! The API as a caller sees it over HTTP, where any answer may be lost.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Longer than the server holds an answer back.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// How long the first server may take to fetch the billers, and how long a healed one may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);
const MOST_PAGES: usize = 10_000;

const CREATE: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
    payment { id } errors { code message }
} }";

const OPEN: &str = "{ payments(first: 1, filter: { statuses: [SCHEDULED, READY, SUBMITTING, UNKNOWN, PENDING] }) {
    nodes { id }
} }";

const PAYMENTS: &str = "query ($after: String) { payments(first: 100, after: $after) {
    nodes { id idempotencyKey ourReference accountReference status version amount { amount } review { reason } }
    pageInfo { hasNextPage endCursor }
} }";

const EVENTS: &str = "query ($after: Sequence) { events(first: 100, after: $after) {
    head nodes { sequence at ... on PaymentEvent { version status payment { id } } }
} }";

/// One caller of one server.
#[derive(Clone)]
pub(super) struct Api {
    http: reqwest::Client,
    address: SocketAddr,
    token: String,
}

/// A payment, as the API shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentRow {
    pub(super) id: String,
    pub(super) idempotency_key: String,
    pub(super) our_reference: String,
    pub(super) account_reference: String,
    pub(super) status: String,
    pub(super) version: u64,
    pub(super) amount: Amount,
    pub(super) review: Option<Review>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Amount {
    pub(super) amount: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Review {
    pub(super) reason: String,
}

/// An event of the log. All of them are about payments, since nothing else is changed here.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct EventRow {
    pub(super) sequence: String,
    pub(super) at: jiff::Timestamp,
    pub(super) version: u64,
    pub(super) status: String,
    pub(super) payment: Subject,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Subject {
    pub(super) id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentPage {
    nodes: Vec<PaymentRow>,
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

    /// Some biller, once the server has fetched them.
    pub(super) async fn a_biller(&self) -> String {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let data = self.must_tell("{ billers(first: 1) { nodes { id } } }", &Value::Null).await;
            if let Some(id) = data.pointer("/billers/nodes/0/id").and_then(Value::as_str) {
                return id.to_owned();
            }
            assert!(Instant::now() < give_up, "no biller was fetched in time");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks for a payment, once: its id, or what came instead.
    pub(super) async fn create(&self, input: &Value) -> Result<String, String> {
        let data = self.ask(CREATE, &json!({ "input": input })).await?;
        let id = data.pointer("/createPayment/payment/id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| data.to_string())
    }

    /// Whether no payment is open any more. Those in review are not.
    pub(super) async fn is_settled(&self) -> bool {
        let told = self.ask(OPEN, &Value::Null).await;
        told.is_ok_and(|data| data.pointer("/payments/nodes").and_then(Value::as_array).is_some_and(Vec::is_empty))
    }

    /// All payments, newest first.
    pub(super) async fn payments(&self) -> Vec<PaymentRow> {
        let mut rows = Vec::new();
        let mut after = Value::Null;
        for _ in 0..MOST_PAGES {
            let page: PaymentPage = read(&self.must_tell(PAYMENTS, &json!({ "after": after })).await, "/payments");
            rows.extend(page.nodes);
            match page.page_info.end_cursor.filter(|_| page.page_info.has_next_page) {
                Some(cursor) => after = Value::String(cursor),
                None => return rows,
            }
        }
        panic!("the payments fill more than {MOST_PAGES} pages");
    }

    /// The whole event log, oldest first, and the number that the log itself calls its last.
    pub(super) async fn events(&self) -> (Vec<EventRow>, u64) {
        let mut rows: Vec<EventRow> = Vec::new();
        for _ in 0..MOST_PAGES {
            let after = rows.last().map_or("0", |row| row.sequence.as_str());
            let page: EventPage = read(&self.must_tell(EVENTS, &json!({ "after": after })).await, "/events");
            if page.nodes.is_empty() {
                return (rows, page.head.parse().expect("a sequence"));
            }
            rows.extend(page.nodes);
        }
        panic!("the events fill more than {MOST_PAGES} pages");
    }

    /// A figure of `/metrics` that has no labels.
    pub(super) async fn metric(&self, name: &str) -> Option<String> {
        let request = self.http.get(format!("http://{}/metrics", self.address)).timeout(CALL_LIMIT);
        let text = request.send().await.expect("the metrics").text().await.expect("text");
        let mut figures = text.lines().filter_map(|line| line.split_once(' '));
        figures.find(|(found, _)| *found == name).map(|(_, figure)| figure.to_owned())
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
    async fn ask(&self, document: &str, variables: &Value) -> Result<Value, String> {
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(&self.token);
        let request = request.timeout(CALL_LIMIT).json(&json!({ "query": document, "variables": variables }));
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let mut body: Value = answer.json().await.map_err(|error| error.to_string())?;
        match body.get_mut("data").map(Value::take) {
            Some(data) if !data.is_null() && body.get("errors").is_none() => Ok(data),
            _ => Err(body.to_string()),
        }
    }
}

fn read<T: DeserializeOwned>(data: &Value, pointer: &str) -> T {
    let part = data.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {data}"));
    serde_json::from_value(part.clone()).unwrap_or_else(|error| panic!("{error}: {part}"))
}
