//! The clients of others, subscribed over a connection that is cut.

use crate::playground::on_a_server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_resumes_over_a_cut_connection_and_misses_nothing() {
    let said = on_a_server("subscriptions.mjs").await;
    assert!(said.contains("6 of 6 clients held"), "{said}");
}
