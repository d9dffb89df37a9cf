//! Counting the statements of a document, in a process that does nothing else.
//!
//! The figure is one of a whole process, so a process of its own is asked: the real program, on the database that was
//! filled before.

use serde_json::Value;

use super::TestApp;
use super::app::TENANT;
use super::client::Client;
use super::program::Program;

const FIGURE: &str = "billpay_database_statements_total ";
/// How often a document is asked at most. Other work of the process can only add to the figure: its least value, once it
/// was seen as often as [`SEEN`], is the document's own.
const MOST_READINGS: usize = 30;
const SEEN: usize = 3;

/// A server whose statements are counted.
pub struct Meter {
    app: TestApp,
    program: Program,
    /// Asks it.
    pub client: Client,
}

impl Meter {
    /// Starts a server without a worker, with settings of its own, for a caller with these scopes.
    pub async fn start(app: &TestApp, scopes: &str, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> =
            [("BILLPAY_WORKER__ENABLED", "false")].into_iter().chain(settings.iter().copied()).collect();
        let program = Program::serve(app, &settings).await;
        let client = app.client_at(program.address, &app.token(TENANT, scopes));
        Self { app: app.clone(), program, client }
    }

    /// The statements that a document costs, and what it answered.
    pub async fn cost(&self, document: &str, variables: &Value) -> (i64, Value) {
        let (mut costs, mut data) = (Vec::new(), Value::Null);
        let mut before = self.statements().await;
        for _ in 0..MOST_READINGS {
            let answer = self.client.query(document, variables.clone()).await;
            assert!(answer.get("errors").is_none(), "{document}: {}", answer["errors"]);
            data = answer["data"].clone();
            let after = self.statements().await;
            costs.push(after - before);
            before = after;
            let least = costs.iter().min();
            if costs.iter().filter(|cost| Some(*cost) == least).count() >= SEEN {
                break;
            }
        }
        (costs.into_iter().min().unwrap_or_default(), data)
    }

    /// The statements that the process has sent so far.
    pub async fn statements(&self) -> i64 {
        let answer = self.app.http().get(self.program.url("/metrics")).send().await.expect("an answer");
        let metrics = answer.text().await.expect("a text");
        let figure = metrics.lines().find_map(|line| line.strip_prefix(FIGURE)).expect("the figure");
        figure.parse().expect("a number")
    }
}
