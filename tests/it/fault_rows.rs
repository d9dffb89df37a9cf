//! Rows of the list of faults that no other test makes. Each is short here, and as long as its row asks where a variable
//! of the environment says so; docs/reliability.md lists them all.

mod cutter;
mod days;
mod deadlocks;
mod disconnects;
mod durability;
mod fences;
mod gate;
mod handles;
mod keys;
mod late;
mod outages;
mod poison;
mod races;
mod signed;
mod two_processes;
mod unheard;
mod unknown_marks;

use serde_json::json;

use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, payment_input};
use crate::support::program::Program;
use crate::support::{TestApp, until_none};

/// How a test's server leaves the work to the program, and how the program takes it.
const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const BUSY: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "true");
/// Who asks more than any tenant would.
const NO_RATE: (&str, &str) = ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0");
const NO_CREATE_RATE: (&str, &str) = ("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "0");

/// A number from the environment, or the usual one.
fn setting(name: &str, usual: usize) -> usize {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty());
    text.map_or(usual, |text| text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

/// A client of the program, with all scopes of the usual tenant.
fn client_of(app: &TestApp, program: &Program) -> Client {
    app.client_at(program.address, &app.token(TENANT, ALL))
}

/// Asserts that the log of the only tenant has no gap and ends at its head.
async fn assert_log_is_whole(app: &TestApp) {
    assert_eq!(app.scalar("SELECT count(*) - max(sequence) FROM events").await, 0, "the log has a gap");
    assert_eq!(app.scalar("SELECT max(sequence) - (SELECT sequence FROM event_heads) FROM events").await, 0);
}

/// Makes a payment of an account, which is stored and waited for no longer.
async fn record(client: &Client, biller: &str, account: String) {
    let mut input = payment_input(biller, &account, "15");
    input["wait"] = json!("RECORDED");
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
}

/// Waits until all payments have ended, as long as some do in time.
async fn wait_until_ended(app: &TestApp) {
    let open = "SELECT count(*) FROM payments WHERE status NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'NEEDS_REVIEW')";
    until_none(app, "a payment to end", open).await;
}
