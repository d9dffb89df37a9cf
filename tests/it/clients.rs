//! The clients and the tools of others: subscriptions over a connection that is cut, and the schema before linters and
//! compilers.

use crate::playground::{on_a_server, without_a_server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_resumes_over_a_cut_connection_and_misses_nothing() {
    let said = on_a_server("subscriptions.mjs").await;
    assert!(said.contains("6 of 6 clients held"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linters_and_compilers_accept_the_schema_and_nothing_broke_since_the_last_release() {
    let said = without_a_server("lint.mjs").await;
    assert!(said.contains("4 of 4 tools accept schema.graphql"), "{said}");
}
