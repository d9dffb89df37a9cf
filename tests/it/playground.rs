//! The clients of others: a browser in the playground, and the audits of the specification of GraphQL over HTTP.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::support::app::{ALL, TENANT};
use crate::support::client::KPLC;
use crate::support::{Db, TestApp};

const LONGEST: Duration = Duration::from_secs(180);

/// Where the clients are, with all that they need.
fn clients() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    assert!(folder.join("node_modules").is_dir(), "the test clients are not installed: run the tests with `make test`");
    folder
}

/// Runs one of the clients against a server.
async fn run(client: &str, app: &TestApp) -> String {
    output_of(client, &[("BILLPAY_URL", app.url("")), ("TOKEN", app.token(TENANT, ALL))]).await
}

/// Runs one of the programs that needs no server.
pub async fn without_a_server(client: &str) -> String {
    output_of(client, &[]).await
}

/// Runs a program of the clients' and answers what it printed; fails with that where it fails.
async fn output_of(client: &str, settings: &[(&str, String)]) -> String {
    let mut node = Command::new("node");
    node.arg(client).current_dir(clients()).kill_on_drop(true).stdin(Stdio::null());
    node.envs(settings.iter().map(|(name, value)| (name, value)));
    let output = tokio::time::timeout(LONGEST, node.output()).await.expect("an end in time");
    let output = output.unwrap_or_else(|error| panic!("node does not run ({error}): use `make test`"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{client}: {}\n{said}", output.status);
    said
}

/// Runs a client on a server with a playground, and cleans up behind it before it tells how that went.
pub async fn on_a_server(client: &'static str) -> String {
    let app = TestApp::start_with_playground(Db::Sqlite).await;
    app.admin().biller(KPLC).await;
    let running = app.clone();
    let outcome = tokio::spawn(async move { run(client, &running).await }).await;
    app.stop().await;
    outcome.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_pays_and_watches_in_the_playground() {
    let index = Path::new(env!("CARGO_MANIFEST_DIR")).join("playground/dist/index.html");
    assert!(index.is_file(), "the playground is not built: run the tests with `make test`");
    on_a_server("playground.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_audits_of_graphql_over_http_pass() {
    let said = on_a_server("http-audit.mjs").await;
    assert!(said.contains("61 of 61 audits passed"), "{said}");
}
