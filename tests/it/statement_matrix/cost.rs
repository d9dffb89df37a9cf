//! Counting the statements of a document, in a process that does nothing else.

use serde_json::json;

use super::Reading;
use super::documents::Document;
use super::world::SCOPES;
use crate::support::TestApp;
use crate::support::app::TENANT;
use crate::support::client::Client;
use crate::support::program::Program;

const FIGURE: &str = "billpay_database_statements_total ";
/// How often a document is asked at most. Other work of the process can only add to the figure: its least value, once it
/// was seen twice, is the document's own.
const MOST_READINGS: usize = 12;
/// The process asks nothing by itself that it need not, and takes long documents.
const SETTINGS: [(&str, &str); 7] = [
    // Where the world's clock is when all is made.
    ("BILLPAY_CLOCK_OFFSET", "4m"),
    ("BILLPAY_WORKER__ENABLED", "false"),
    ("BILLPAY_GRAPHQL__MAX_CHARACTERS", "200000"),
    ("BILLPAY_GRAPHQL__MAX_COMPLEXITY", "1000000000"),
    ("BILLPAY_GRAPHQL__MAX_DEPTH", "20"),
    ("BILLPAY_GRAPHQL__MAX_TOKENS", "20000"),
    ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0"),
];

/// A server whose statements are counted.
pub struct Meter {
    app: TestApp,
    program: Program,
    client: Client,
}

impl Meter {
    pub async fn start(app: &TestApp) -> Self {
        let program = Program::serve(app, &SETTINGS).await;
        let client = app.client_at(program.address, &app.token(TENANT, SCOPES));
        Self { app: app.clone(), program, client }
    }

    pub async fn read_all(&self, documents: &[Document]) -> Vec<Reading> {
        let mut readings = Vec::with_capacity(documents.len());
        for document in documents {
            readings.push(self.read(document).await);
        }
        readings
    }

    async fn read(&self, document: &Document) -> Reading {
        let mut costs = Vec::new();
        let mut found = 0;
        let mut before = self.statements().await;
        for _ in 0..MOST_READINGS {
            let answer = self.client.query(&document.text, json!({})).await;
            assert!(answer.get("errors").is_none(), "{}: {}: {}", document.name, document.text, answer["errors"]);
            found = document.found(&answer["data"]);
            let after = self.statements().await;
            costs.push(after - before);
            before = after;
            let least = costs.iter().min();
            if costs.iter().filter(|cost| Some(*cost) == least).count() > 1 {
                break;
            }
        }
        Reading { statements: costs.into_iter().min().unwrap_or_default(), found }
    }

    /// The statements that the process has sent so far.
    async fn statements(&self) -> i64 {
        let answer = self.app.http().get(self.program.url("/metrics")).send().await.expect("an answer");
        let metrics = answer.text().await.expect("a text");
        let figure = metrics.lines().find_map(|line| line.strip_prefix(FIGURE)).expect("the figure");
        figure.parse().expect("a number")
    }
}
